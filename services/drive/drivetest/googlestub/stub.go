// Package googlestub stands in for Google in tests: the consent page, the token
// endpoint, the Drive API as far as the driver uses it, and resumable uploads, as
// strict as the documents of Google say they are. What it does not know it refuses,
// so that a request which Google would not take fails a test.
package googlestub

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// Stub is one Google. Its content is on disk; everything else is in memory.
type Stub struct {
	// URL is the address of everything: the API, the consent page, the tokens.
	URL string

	server *httptest.Server
	dir    string
	closed chan struct{}

	clientID, clientSecret string
	key                    *rsa.PrivateKey

	mu       sync.Mutex
	files    map[string]*file
	sessions map[string]*session
	ids      map[string]bool
	codes    map[string]grant
	access   map[string]access
	refresh  map[string]grant
	drives   map[string]*SharedDrive
	faults   []*injected
	calls    map[Op]int
	taken    int64
	limit    int64
	pageSize int
	life     time.Duration
	rotates  bool
	denies   bool
	scope    string
	last     time.Time
}

// SharedDrive is a drive that belongs to an organization.
type SharedDrive struct {
	ID string
	// Role is what the accounts are in it: "organizer", which may delete for good,
	// or "fileOrganizer" and "writer", which may not.
	Role string
}

// robotKey is the key of every stub's service account: making one takes a while.
var robotKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// New starts a Google that ends with the test.
func New(t testing.TB) *Stub {
	t.Helper()
	key, err := robotKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &Stub{
		dir: t.TempDir(), closed: make(chan struct{}), key: key,
		clientID: "1234-abc.apps.example", clientSecret: "GOCSPX-" + secret(),
		files: map[string]*file{}, sessions: map[string]*session{}, ids: map[string]bool{}, codes: map[string]grant{},
		access: map[string]access{}, refresh: map[string]grant{}, drives: map[string]*SharedDrive{}, calls: map[Op]int{},
		limit: 15 << 30, life: time.Hour,
	}
	s.server = httptest.NewServer(s.routes())
	s.URL = s.server.URL
	t.Cleanup(func() {
		close(s.closed)
		s.server.CloseClientConnections()
		s.server.Close()
	})
	return s
}

func (s *Stub) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /o/oauth2/auth", s.consent)
	mux.HandleFunc("POST /token", s.token)
	for pattern, h := range map[string]handler{
		"GET /drive/v3/about":             s.about,
		"GET /drive/v3/files":             s.list,
		"GET /drive/v3/files/generateIds": s.generateIDs,
		"GET /drive/v3/files/{id}":        s.get,
		"POST /drive/v3/files":            s.create,
		"PATCH /drive/v3/files/{id}":      s.update,
		"DELETE /drive/v3/files/{id}":     s.remove,
		"POST /upload/drive/v3/files":     s.begin,
		"PUT /upload/drive/v3/files":      s.chunk,
		"DELETE /upload/drive/v3/files":   s.cancel,
	} {
		mux.Handle(pattern, s.signedIn(h))
	}
	return s.faulty(mux)
}

// handler answers a request of an account, or returns what is wrong with it.
type handler func(w http.ResponseWriter, r *http.Request, who access) error

// signedIn lets only requests with a live access token through.
func (s *Stub) signedIn(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		s.mu.Lock()
		who, ok := s.access[token]
		s.mu.Unlock()
		if !ok || time.Now().After(who.expires) {
			tell(w, refusal{Code: 401, Reason: "authError", Message: "Invalid Credentials"})
			return
		}
		if err := h(w, r, who); err != nil {
			tell(w, err)
		}
	})
}

// Files returns the names of all files that are not folders, hidden ones included,
// with their folders, and of all uploads that have begun and not ended.
func (s *Stub) Files() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := []string{}
	for _, f := range s.files {
		if f.MimeType != folderType {
			names = append(names, s.path(f))
		}
	}
	for _, u := range s.sessions {
		if u.open() {
			names = append(names, "upload of "+u.file.Name)
		}
	}
	sort.Strings(names)
	return names
}

// Folders returns the paths of all folders.
func (s *Stub) Folders() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, f := range s.files {
		if f.MimeType == folderType {
			names = append(names, s.path(f))
		}
	}
	sort.Strings(names)
	return names
}

// Calls is how often an operation was asked for, faults included.
func (s *Stub) Calls(op Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[op]
}

// Taken is how many bytes of content were taken over the wire, what was taken twice
// counted twice.
func (s *Stub) Taken() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

// AddSharedDrive makes a shared drive in which the accounts have a role.
func (s *Stub) AddSharedDrive(role string) *SharedDrive {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &SharedDrive{ID: "0A" + secret()[:17], Role: role}
	s.drives[d.ID] = d
	return d
}

// SetQuota sets how many bytes an account may store; 0 for no limit.
func (s *Stub) SetQuota(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = bytes
}

// SetPageSize bounds how many files a page of a list has.
func (s *Stub) SetPageSize(files int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = files
}

// now is a time that no earlier call has returned, in milliseconds.
func (s *Stub) now() time.Time {
	at := time.Now().UTC().Truncate(time.Millisecond)
	if !at.After(s.last) {
		at = s.last.Add(time.Millisecond)
	}
	s.last = at
	return at
}

func secret() string { return strings.ToLower(rand.Text()) }
