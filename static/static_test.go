package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const htmxSHA256 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"

func get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestAssetsAreAddressedByContentAndKeptForEver(t *testing.T) {
	for _, name := range []string{"app.css", "app.js", "htmx.min.js", "favicon.svg"} {
		address := Path(name)
		if !regexp.MustCompile(`^/static/[a-z.]+\.[0-9a-f]{12}\.(css|js|svg)$`).MatchString(address) {
			t.Errorf("%s has the address %q without a digest", name, address)
		}
		w := get(t, address)
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: status %d, %d bytes", address, w.Code, w.Body.Len())
		}
		if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control is %q", address, got)
		}
		if w.Header().Get("Content-Type") == "" {
			t.Errorf("%s has no content type", address)
		}
	}
}

func TestAssetsAreCompressedForWhoReadsThat(t *testing.T) {
	for _, name := range []string{"app.css", "app.js", "htmx.min.js", "favicon.svg"} {
		plain := get(t, Path(name)).Body.Bytes()
		for accept, packed := range map[string]bool{
			"": false, "br": false, "gzip, deflate, br": true, "identity": false, "gzip;q=0": false, "br, gzip;q=0.5": true, "*": true, "*;q=0": false, "gzip; q=0.0, *": false, "gzip;q=x": false, "GZIP": true, "gzipped": false,
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r := httptest.NewRequest(method, Path(name), nil)
				r.Header.Set("Accept-Encoding", accept)
				w := httptest.NewRecorder()
				Handler().ServeHTTP(w, r)
				if got := w.Header().Get("Content-Encoding") == "gzip"; got != packed {
					t.Errorf("%s for %q is compressed: %t", name, accept, got)
				}
				if w.Header().Get("Vary") != "Accept-Encoding" {
					t.Errorf("%s for %q varies by %q", name, accept, w.Header().Get("Vary"))
				}
				body := w.Body.Bytes()
				if method == http.MethodHead {
					if len(body) != 0 {
						t.Errorf("HEAD of %s has a body", name)
					}
					continue
				}
				if w.Header().Get("Content-Length") != strconv.Itoa(len(body)) {
					t.Errorf("%s for %q says %s bytes and has %d", name, accept, w.Header().Get("Content-Length"), len(body))
				}
				if packed {
					unpacked, err := gzip.NewReader(bytes.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					if body, err = io.ReadAll(unpacked); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(body, plain) {
					t.Errorf("%s for %q is another file", name, accept)
				}
			}
		}
	}
}

func TestThePageScriptStaysSmall(t *testing.T) {
	if n := len(assets[strings.TrimPrefix(Path("app.js"), Prefix)].content); n > 12<<10 {
		t.Errorf("app.js has %d bytes", n)
	}
}

func TestUnknownAssetsAreNotFound(t *testing.T) {
	for _, path := range []string{"/static/", "/static/app.css", "/static/app.000000000000.css", "/static/../static.go"} {
		if w := get(t, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}

func TestVendoredScriptIsTheOneThatIsNoted(t *testing.T) {
	sum := sha256.Sum256(assets[strings.TrimPrefix(Path("htmx.min.js"), Prefix)].content)
	if got := hex.EncodeToString(sum[:]); got != htmxSHA256 {
		t.Errorf("htmx.min.js has the digest %s, not %s", got, htmxSHA256)
	}
	note, err := os.ReadFile("VENDOR.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(note), htmxSHA256) {
		t.Error("VENDOR.md does not name the digest of htmx.min.js")
	}
}

func TestPathOfAnUnknownAssetPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a name that no asset has was given an address")
		}
	}()
	Path("missing.css")
}

func TestTheIconIsWhereBrowsersLookForIt(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := httptest.NewRecorder()
		Icon().ServeHTTP(w, httptest.NewRequest(method, IconPath, nil))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/x-icon" || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %v", method, w.Code, w.Header())
		}
		if icon := w.Body.Bytes(); method == http.MethodGet && !bytes.HasPrefix(icon, []byte{0, 0, 1, 0}) || method == http.MethodHead && len(icon) > 0 {
			t.Errorf("%s: %d bytes that are no icon", method, len(icon))
		}
	}
}
