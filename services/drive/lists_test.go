package drive_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// outsideKeys are what a drive that lies may list beside its copies.
var outsideKeys = []string{"../../etc/x", "/etc/x", "..", ".", "", "/", "job/../../x", "job/..", "./x", "job//x", "//", "job/.hidden", ".hidden", "\xff"}

// TestListsHoldNothingButKeys has each kind of drive list what lies outside of its folder.
func TestListsHoldNothingButKeys(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) drive.Drive{"rclone": lyingRclone, "webdav": lyingWebDAV, "s3": lyingS3} {
		t.Run(name, func(t *testing.T) {
			var keys []string
			err := open(t).List(t.Context(), "", func(s drive.Stored) error {
				keys = append(keys, s.Key)
				return nil
			})
			if err != nil || !slices.Equal(keys, []string{"job/file"}) {
				t.Errorf("listed %q, %v", keys, err)
			}
		})
	}
}

func lyingRclone(t *testing.T) drive.Drive {
	t.Helper()
	var items []string
	for _, key := range append([]string{"job/file"}, outsideKeys...) {
		items = append(items, fmt.Sprintf(`{"Path": "%s", "Name": "%s", "Size": 1}`, strings.ReplaceAll(key, "\xff", "\\u0000/../x"), key))
	}
	program := filepath.Join(t.TempDir(), "rclone")
	script := "#!/bin/sh\ncat <<'END'\n[" + strings.Join(items, ",") + "]\nEND\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return openPlace(t, "rclone", drive.Place{Label: "offsite", Settings: models.Settings{"remote": "b2:copies", "rclone_path": program}})
}

func lyingWebDAV(t *testing.T) drive.Drive {
	t.Helper()
	entry := func(href, kind string) string {
		return "<response><href>" + href + "</href><propstat><status>HTTP/1.1 200 OK</status><prop>" + kind + "<getcontentlength>1</getcontentlength></prop></propstat></response>"
	}
	const folder = "<resourcetype><collection/></resourcetype>"
	address, _ := insideServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusMultiStatus)
		body := entry(r.URL.Path, folder)
		if r.URL.Path == "/dav/" {
			body += entry("/dav/job/", folder) + entry("/dav/../elsewhere/", folder) + entry("http://elsewhere.example/dav/../elsewhere/", folder)
			for _, key := range []string{"../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", "..%2f..%2fetc/passwd", ".hidden", "%2ehidden", "%ff", "a%2f%2e%2e%2f%2e%2e%2fetc/passwd"} {
				body += entry("/dav/"+key, "")
			}
		}
		if r.URL.Path == "/dav/job/" {
			body += entry("/dav/job/file", "") + entry("/dav/job/%2e%2e/%2e%2e/etc/passwd", "") + entry("/dav/job/", folder)
		}
		_, _ = io.WriteString(w, `<multistatus xmlns="DAV:">`+body+`</multistatus>`)
	})
	return openPlace(t, "webdav", drive.Place{Label: "offsite", Settings: models.Settings{"url": address + "/dav"}})
}

func lyingS3(t *testing.T) drive.Drive {
	t.Helper()
	address, _ := insideServer(t, func(w http.ResponseWriter, _ *http.Request) {
		body := ""
		for _, key := range append([]string{"job/file"}, outsideKeys...) {
			body += "<Contents><Key>copies/" + strings.ReplaceAll(key, "\xff", "../%00") + "</Key><Size>1</Size></Contents>"
		}
		for _, key := range []string{"elsewhere", "../x", "/etc/x"} {
			body += "<Contents><Key>" + key + "</Key><Size>1</Size></Contents>"
		}
		_, _ = io.WriteString(w, `<ListBucketResult><Name>shop</Name><IsTruncated>false</IsTruncated>`+body+`</ListBucketResult>`)
	})
	return openPlace(t, "s3", drive.Place{Label: "offsite", Settings: models.Settings{"bucket": "shop", "endpoint": address, "region": "x", "prefix": "copies",
		"access_key": "a", "secret_key": "b", "address_style": "path"}})
}
