package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// unpacked returns the body of an answer as it was before it was compressed.
func unpacked(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Header().Get("Content-Encoding") != "gzip" {
		return w.Body.String()
	}
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) {
		t.Errorf("the answer says %s bytes and has %d", got, w.Body.Len())
	}
	r, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
	must(t, err)
	text, err := io.ReadAll(r)
	must(t, err)
	return string(text)
}

func TestEveryPageIsCompressedForWhoReadsThat(t *testing.T) {
	s := newSite(t)
	for _, path := range everyPage {
		plain := s.get(t, path, "Accept-Encoding", "br")
		packed := s.get(t, path, "Accept-Encoding", "gzip, br")
		for _, w := range []*httptest.ResponseRecorder{plain, packed} {
			if vary := strings.Join(w.Header().Values("Vary"), ","); w.Code < 300 && !strings.Contains(vary, "Accept-Encoding") {
				t.Errorf("%s varies by %q", path, vary)
			}
		}
		if plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed for who cannot read that", path)
		}
		if plain.Code != packed.Code || plain.Body.String() != unpacked(t, packed) {
			t.Errorf("%s is another page when it is compressed", path)
		}
		if want := plain.Body.Len() >= 1024; (packed.Header().Get("Content-Encoding") == "gzip") != want {
			t.Errorf("%s of %d bytes is compressed: %q", path, plain.Body.Len(), packed.Header().Get("Content-Encoding"))
		}
	}
}

// TestNothingButPagesIsCompressed asks for a download, lists of the API and what is small.
func TestNothingButPagesIsCompressed(t *testing.T) {
	s := newSite(t)
	s.backups.content = strings.Repeat("INSERT INTO orders VALUES (1);\n", 1000)
	for i := range s.store.backups {
		for k := range s.store.backups[i].DriveFiles {
			s.store.backups[i].DriveFiles[k].Size = int64(len(s.backups.content))
		}
	}
	for _, path := range []string{"/backups/" + finishedID + "/files/" + copyID, "/api/backups", "/api/jobs", "/health", "/backups/" + finishedID + "/row"} {
		w := s.get(t, path, "Accept-Encoding", "gzip")
		if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "" && w.Body.Len() >= 1024 {
			t.Errorf("%s: status %d, compressed as %q", path, w.Code, w.Header().Get("Content-Encoding"))
		}
	}
}

// TestNoPageWithASecretIsCompressed asks for whatever shows something that is secret, with
// a page beside it that is compressed.
func TestNoPageWithASecretIsCompressed(t *testing.T) {
	r := newRealSite(t)
	owner := []string{"Cookie", "backupman=" + r.owner, "Accept-Encoding", "gzip"}
	post := func(path string, form url.Values) *httptest.ResponseRecorder {
		return r.ask(t, http.MethodPost, path, form.Encode(), append(owner, "Content-Type", "application/x-www-form-urlencoded", "Origin", "http://localhost:8080", "Sec-Fetch-Site", "same-origin")...)
	}
	if w := r.get(t, "/settings/users", owner...); w.Header().Get("Content-Encoding") != "gzip" {
		t.Error("a page without a secret is not compressed, so this proves nothing")
	}
	invited := post("/settings/users", url.Values{"name": {"grace"}, "role": {"viewer"}})
	link := regexp.MustCompile(`/claim\?token=[A-Za-z0-9_-]+`).FindString(invited.Body.String())
	begun := post("/account/second-factor", url.Values{"password": {"four words beside each other"}})
	if begun.Code != http.StatusSeeOther || link == "" {
		t.Fatalf("status %d, link %q", begun.Code, link)
	}
	for what, w := range map[string]*httptest.ResponseRecorder{
		"an invitation":            invited,
		"a key":                    post("/settings/keys", url.Values{"name": {"ci"}, "scope": {string(models.ScopeRead)}}),
		"a second factor":          r.get(t, "/account/second-factor", owner...),
		"the form of the claim":    r.get(t, link, "Accept-Encoding", "gzip"),
		"a form that was mistaken": post("/settings/keys", url.Values{}),
	} {
		if w.Code >= 500 || w.Body.Len() < 1024 || w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: status %d, %d bytes, compressed as %q", what, w.Code, w.Body.Len(), w.Header().Get("Content-Encoding"))
		}
	}
}
