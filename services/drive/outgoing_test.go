package drive_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest/googlestub"
	"github.com/backupman/backupman/services/outgoing"
)

const inside = "secret-of-the-inside"

// insideServer is a server that only this machine should reach. It counts requests.
func insideServer(t *testing.T, answer http.HandlerFunc) (address string, reached *atomic.Int64) {
	t.Helper()
	reached = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, reached
}

// robotFile is the key of a service account whose tokens come from an address.
func robotFile(t *testing.T, stub *googlestub.Stub, tokens string) string {
	t.Helper()
	file := stub.ServiceAccountFile(t)
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.ReplaceAll(string(text), stub.URL, tokens)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// networkPlaces are drives of each kind at an address.
func networkPlaces(t *testing.T, address string) map[string]models.Settings {
	t.Helper()
	host, port, err := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]models.Settings{
		"s3":           {"bucket": "shop", "endpoint": address, "region": "eu-west-1", "access_key": "a", "secret_key": "b", "address_style": "path"},
		"webdav":       {"url": address + "/dav", "user": "a", "password": "b"},
		"sftp":         {"host": host, "port": port, "user": "a", "password": "b", "folder": "/x"},
		"google_drive": {"folder": "x", "service_account_file": robotFile(t, googlestub.New(t), address), "api_endpoint": address},
	}
}

func openPlace(t *testing.T, provider string, p drive.Place) drive.Drive {
	t.Helper()
	kind, err := drive.Lookup(provider)
	if err != nil {
		t.Fatal(err)
	}
	d, err := kind.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDrivesConnectOnlyWhereThePolicyLetsThem(t *testing.T) {
	address, reached := insideServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for provider, settings := range networkPlaces(t, address) {
		t.Run(provider, func(t *testing.T) {
			before := reached.Load()
			p := drive.Place{Label: "offsite", Settings: settings, StateDir: t.TempDir(), Installation: "x", Outgoing: &outgoing.Policy{}}
			_, err := openPlace(t, provider, p).Check(t.Context())
			var fault *models.Fault
			if !errors.As(err, &fault) || !errors.Is(err, models.ErrInvalid) || drive.Passing(err) {
				t.Fatalf("%v, want a fault that does not pass", err)
			}
			for _, part := range []string{`drive "offsite"`, "127.0.0.1", "outgoing"} {
				if !strings.Contains(fault.Sentence, part) {
					t.Errorf("%q does not name %s", fault.Sentence, part)
				}
			}
			if reached.Load() != before {
				t.Error("the server was reached")
			}
			if provider == "sftp" {
				return // what answers there is no SSH server
			}
			p.Outgoing = nil
			_, _ = openPlace(t, provider, p).Check(t.Context())
			if reached.Load() == before {
				t.Error("by default the server is not reached")
			}
		})
	}
}

func TestDrivesNeverConnectToMetadata(t *testing.T) {
	for provider, settings := range networkPlaces(t, "http://169.254.169.254:80") {
		t.Run(provider, func(t *testing.T) {
			p := drive.Place{Label: "offsite", Settings: settings, StateDir: t.TempDir(), Installation: "x"}
			_, err := openPlace(t, provider, p).Check(t.Context())
			if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "169.254.169.254 is a link-local address") || !strings.Contains(err.Error(), `drive "offsite"`) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestDrivesFollowNoRedirect(t *testing.T) {
	hidden, reached := insideServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(inside)) })
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		address, asked := insideServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", hidden+"/latest/meta-data")
			w.WriteHeader(status)
		})
		for provider, settings := range networkPlaces(t, address) {
			if provider == "sftp" {
				continue
			}
			p := drive.Place{Label: "offsite", Settings: settings, StateDir: t.TempDir(), Installation: "x"}
			before := asked.Load()
			_, err := openPlace(t, provider, p).Check(t.Context())
			if err == nil || asked.Load() == before {
				t.Errorf("%s, %d: %v after %d requests", provider, status, err, asked.Load()-before)
			}
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// Whoever may write an address into the settings must not read through this server what
// answers there.
func TestDrivesDoNotRepeatWhatAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"plain": inside,
		"XML":   "<Error><Code>" + inside + " x</Code><Message>" + inside + "</Message><Region>" + inside + " x</Region></Error>",
		"JSON":  `{"error": {"code": 418, "message": "` + inside + `", "errors": [{"reason": "` + inside + ` x", "message": "` + inside + `"}]}}`,
		"OAuth": `{"error": "` + inside + ` x", "error_description": "` + inside + `"}`,
		"dav":   `<multistatus xmlns="DAV:"><response><href>/` + inside + `</href><status>` + inside + `</status></response></multistatus>`,
	} {
		for _, status := range []int{200, 207, 400, 401, 403, 404, 409, 418, 500, 507} {
			address, _ := insideServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amz-Bucket-Region", inside+" x")
				w.Header().Set("X-Minio-Error-Desc", inside)
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			})
			for provider, settings := range networkPlaces(t, address) {
				if provider == "sftp" {
					continue
				}
				p := drive.Place{Label: "offsite", Settings: settings, StateDir: t.TempDir(), Installation: "x"}
				_, err := openPlace(t, provider, p).Check(t.Context())
				if err == nil {
					t.Errorf("%s, %s, %d: no fault", provider, name, status)
				} else if strings.Contains(err.Error(), inside) {
					t.Errorf("%s, %s, %d: %v", provider, name, status, err)
				}
			}
		}
	}
}

// What is no server of HTTP begins its answer with a line of its own.
func TestDrivesDoNotRepeatTheFirstLineOfWhatAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 " + inside + " ESMTP\r\n\r\n"))
			_ = conn.Close()
		}
	}()
	for provider, settings := range networkPlaces(t, "http://"+listener.Addr().String()) {
		if provider == "sftp" {
			continue
		}
		p := drive.Place{Label: "offsite", Settings: settings, StateDir: t.TempDir(), Installation: "x"}
		_, err := openPlace(t, provider, p).Check(t.Context())
		if err == nil || strings.Contains(err.Error(), inside) {
			t.Errorf("%s: %v", provider, err)
		}
	}
}
