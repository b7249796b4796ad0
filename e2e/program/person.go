package program

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Person is somebody at a browser without scripts: cookies are kept, links are followed
// and forms are sent, and nothing else is.
type Person struct {
	// URL is the server's, without a slash at the end.
	URL  string
	HTTP *http.Client
}

// NewPerson returns somebody who has not signed in.
func NewPerson(t testing.TB, server string) *Person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Person{URL: server, HTTP: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// The first owner of every installation that a test claims.
const (
	OwnerName     = "ada"
	OwnerPassword = "correct horse battery staple"
)

// Claim opens the link that a new server keeps in its data folder, and makes OwnerName
// the owner.
func Claim(t testing.TB, s *Server, data string) *Person {
	t.Helper()
	p := NewPerson(t, s.URL)
	answer := p.Post(t, ClaimPath(t, data), url.Values{"name": {OwnerName}, "password": {OwnerPassword}, "again": {OwnerPassword}})
	if answer.Status != http.StatusSeeOther {
		t.Fatalf("claiming answered %d: %s", answer.Status, answer.Body)
	}
	return p
}

// ClaimPath returns the address of the claim link that a new server keeps.
func ClaimPath(t testing.TB, data string) string {
	t.Helper()
	link, err := os.ReadFile(filepath.Join(data, "claim"))
	if err != nil {
		t.Fatalf("the server kept no claim link: %v", err)
	}
	_, query, found := strings.Cut(strings.TrimSpace(string(link)), "/claim?")
	if !found {
		t.Fatalf("the claim link is %q", link)
	}
	return "/claim?" + query
}

// Answer is what a server said.
type Answer struct {
	Status   int
	Location string
	Header   http.Header
	Body     []byte
}

// Get opens an address of the server; it follows no redirect.
func (p *Person) Get(t testing.TB, path string) Answer {
	t.Helper()
	return p.Do(t, http.MethodGet, path, nil, nil)
}

// Post sends a form as a page of the server's own does.
func (p *Person) Post(t testing.TB, path string, form url.Values) Answer {
	t.Helper()
	return p.Do(t, http.MethodPost, path, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {p.URL}, "Sec-Fetch-Site": {"same-origin"}},
		[]byte(form.Encode()))
}

// Do sends a request.
func (p *Person) Do(t testing.TB, method, path string, header http.Header, body []byte) Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := p.HTTP.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return Answer{Status: answer.StatusCode, Location: answer.Header.Get("Location"), Header: answer.Header, Body: text}
}
