// Package static holds the files that browsers load beside the pages: one style
// sheet, two scripts, one icon in two forms. They are embedded in the program and
// addressed by a digest of their content, so that a browser may keep each for ever
// and still sees a new one the moment the program changes.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Prefix is the path below which Handler answers.
const Prefix = "/static/"

//go:embed assets
var embedded embed.FS

type asset struct {
	content     []byte
	contentType string
	// packed is the content in gzip, made when it is first asked for; nil is not worth it.
	packed func() []byte
}

var (
	addresses = map[string]string{}
	assets    = map[string]asset{}
)

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".ico": "image/x-icon",
}

func init() {
	entries, err := fs.ReadDir(embedded, "assets")
	if err != nil {
		panic(fmt.Sprintf("list embedded assets: %v", err))
	}
	for _, e := range entries {
		index(e.Name())
	}
}

func index(name string) {
	content, err := embedded.ReadFile("assets/" + name)
	if err != nil {
		panic(fmt.Sprintf("read embedded asset %q: %v", name, err))
	}
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	addresses[name] = Prefix + hashed
	assets[hashed] = asset{content: content, contentType: contentTypes[ext], packed: sync.OnceValue(func() []byte { return pack(content) })}
}

// Path returns the address of an asset by its plain name, such as "app.css". A
// name that is not embedded is a mistake in a template and panics.
func Path(name string) string {
	address, ok := addresses[name]
	if !ok {
		panic(fmt.Sprintf("no asset is called %q", name))
	}
	return address
}

// Handler serves the assets below Prefix. An address whose digest is of another
// build is 404, never the wrong content.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		body := a.content
		if packed := a.packed(); packed != nil && TakesGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body = packed
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body)
		}
	})
}

// IconPath is where browsers look for an icon by themselves, beside what has no page to
// name one: JSON, a piece of a page, a picture.
const IconPath = "/favicon.ico"

// Icon serves the icon at IconPath, an address without a digest, which may be kept for a day.
func Icon() http.Handler {
	icon := assets[strings.TrimPrefix(Path("favicon.ico"), Prefix)]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", icon.contentType)
		h.Set("Cache-Control", "public, max-age=86400")
		h.Set("Content-Length", strconv.Itoa(len(icon.content)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(icon.content)
		}
	})
}
