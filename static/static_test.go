package static

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
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
