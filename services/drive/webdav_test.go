package drive_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
)

// webdavPolicy tries more often than the default one, and sooner.
func webdavPolicy() drive.Policy {
	return drive.Policy{Attempts: 20, First: 2 * time.Millisecond, Most: 50 * time.Millisecond}
}

func openWebDAV(t *testing.T, address string, s servers.WebDAVServer) drive.Drive {
	t.Helper()
	return openWebDAVWith(t, models.Settings{"url": address, "user": s.User, "password": s.Password})
}

func openWebDAVWith(t *testing.T, settings models.Settings) drive.Drive {
	t.Helper()
	d, err := webdavFrom(settings)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func webdavFrom(settings models.Settings) (drive.Drive, error) {
	kind, err := drive.Lookup("webdav")
	if err != nil {
		return nil, err
	}
	return kind.Open(drive.Place{Label: "cloud", Settings: settings, Installation: "here", Policy: webdavPolicy()})
}

// webdavBehind returns a server, a proxy before it, and a drive that goes through that.
func webdavBehind(t *testing.T) (servers.WebDAVServer, *servers.HTTP, drive.Drive) {
	t.Helper()
	s := servers.WebDAV(t)
	proxy := servers.HTTPProxy(t, strings.TrimSuffix(s.URL, "/"))
	return s, proxy, openWebDAV(t, proxy.URL, s)
}

func webdavFixture(t *testing.T, s servers.WebDAVServer, address, below string) drivetest.Fixture {
	folder := filepath.Join(s.Root, below)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	open := func(t *testing.T) drive.Drive { return openWebDAV(t, address, s) }
	return drivetest.Fixture{
		Drive:        open(t),
		Leftovers:    func(t *testing.T) []string { return filesBelow(t, folder) },
		Reopen:       open,
		Installation: "here",
		Plant: func(t *testing.T, name string, age time.Duration) {
			plant(t, filepath.Join(folder, name), age)
		},
		Abandon: func(t *testing.T, key string) {
			plant(t, filepath.Join(folder, filepath.Dir(key), "."+filepath.Base(key)+"."+models.NewID()+".partial"), 0)
		},
	}
}

func TestWebDAVConforms(t *testing.T) {
	s := servers.WebDAV(t)
	drivetest.Conform(t, webdavFixture(t, s, s.URL+"a%20folder/100%25%20b%C3%A4ck", "a folder/100% bäck"))
}

// A server that takes no uploads of unknown length gets them with their length, and
// is asked for nothing else from then on.
func TestWebDAVSendsWithLengthWhatIsRefusedInChunks(t *testing.T) {
	c := drivetest.Content{Seed: 1, Size: 3<<20 + 5}
	for name, refuse := range map[string]http.HandlerFunc{
		"length required": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusLengthRequired) },
		"not implemented": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusNotImplemented)
		},
		"an empty file": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := servers.WebDAV(t)
			chunked := 0
			d := openWebDAV(t, unchunked(t, s, refuse, &chunked), s)
			for i, key := range []string{"job/one", "job/two"} {
				if _, err := d.Put(t.Context(), key, c.At(0), c.Hint(true)); err != nil {
					t.Fatal(err)
				}
				if !sameContent(t, d, key, c) {
					t.Errorf("put %d is not what was sent", i)
				}
			}
			if chunked != 1 {
				t.Errorf("%d uploads came in chunks", chunked)
			}
			if found := filesBelow(t, s.Root); len(found) != 2 {
				t.Errorf("there are %q", found)
			}
		})
	}
}

func TestWebDAVWithoutAgainSaysThatChunksAreRefused(t *testing.T) {
	s := servers.WebDAV(t)
	chunked := 0
	d := openWebDAV(t, unchunked(t, s, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusLengthRequired) }, &chunked), s)
	c := drivetest.Content{Seed: 1, Size: 3 << 20}
	_, err := d.Put(t.Context(), "job/one", c.At(0), c.Hint(false))
	if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), `"cloud"`) {
		t.Errorf("got %v", err)
	}
	if _, err := d.Put(t.Context(), "job/small", strings.NewReader("small"), drive.Hint{}); err != nil {
		t.Errorf("small content needs no chunks: %v", err)
	}
}

// unchunked is a proxy that lets no chunked content through: it answers as refuse
// does, or without that stores an empty file.
func unchunked(t *testing.T, s servers.WebDAVServer, refuse http.HandlerFunc, chunked *int) string {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && r.ContentLength < 0 {
			*chunked++
			if refuse != nil {
				refuse(w, r)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			r.Body, r.ContentLength = http.NoBody, 0
		}
		r.Host = to.Host
		if at := r.Header.Get("Destination"); strings.HasPrefix(at, "http://") {
			r.Header.Set("Destination", strings.Replace(at, r.Host, to.Host, 1))
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

func sameContent(t *testing.T, d drive.Drive, key string, c drivetest.Content) bool {
	t.Helper()
	r, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(c.At(0))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(got, want)
}

func TestWebDAVSaysWhatIsWrong(t *testing.T) {
	s := servers.WebDAV(t)
	wrong := openWebDAVWith(t, models.Settings{"url": s.URL, "user": s.User, "password": "not this one"})
	nobody := openWebDAVWith(t, models.Settings{"url": s.URL})
	token := openWebDAVWith(t, models.Settings{"url": s.URL, "token": "t0ken"})
	for name, d := range map[string]drive.Drive{"password": wrong, "user and password": nobody, "token": token} {
		_, err := d.Check(t.Context())
		if !errors.Is(err, models.ErrUnauthorized) || drive.Passing(err) || !strings.Contains(err.Error(), `"cloud"`) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(fmt.Sprint(err), "not this one") || strings.Contains(fmt.Sprint(err), "t0ken") {
			t.Errorf("a secret is told: %v", err)
		}
	}
}

func TestWebDAVRefusesSettingsThatContradict(t *testing.T) {
	for name, settings := range map[string]models.Settings{
		"no scheme":          {"url": "dav.example.com/x"},
		"another scheme":     {"url": "ftp://dav.example.com/x"},
		"no host":            {"url": "https:///x"},
		"a password within":  {"url": "https://me:s3cret@dav.example.com/x"},
		"a query":            {"url": "https://dav.example.com/x?a=b"},
		"not an address":     {"url": "https://me:s3cret@dav.example.com:port/%zz"},
		"token and user":     {"url": "https://dav.example.com/x", "user": "u", "token": "s3cret"},
		"missing authority":  {"url": "https://dav.example.com/x", "tls_ca": filepath.Join(t.TempDir(), "none.pem")},
		"token and password": {"url": "https://dav.example.com/x", "password": "s3cret", "token": "t"},
	} {
		_, err := webdavFrom(settings)
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), `"cloud"`) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(fmt.Sprint(err), "s3cret") {
			t.Errorf("%s: the secret is told: %v", name, err)
		}
	}
}

// Answers that no test server gives.
func TestWebDAVTellsFaultsApart(t *testing.T) {
	for _, c := range []struct {
		name    string
		method  string
		do      servers.HTTPAction
		want    error
		passing bool
	}{
		{"full", "PUT", servers.Busy(507, 0), models.ErrNoSpace, false},
		{"too large", "PUT", servers.Busy(413, 0), models.ErrInvalid, false},
		{"forbidden", "PUT", servers.Busy(403, 0), models.ErrUnauthorized, false},
		{"no WebDAV", "PROPFIND", servers.Busy(405, 0), models.ErrInvalid, false},
		{"a web page", "PROPFIND", servers.Answer(200, nil, "<html><body>Welcome</body></html>"), nil, true},
		{"half an answer", "PROPFIND", servers.Answer(207, nil, `<multistatus xmlns="DAV:"><response><href>/</href>`), nil, true},
		{"sent on", "PROPFIND", servers.Answer(302, http.Header{"Location": {"https://login.example.com/?secret=1"}}, ""), models.ErrInvalid, false},
		{"busy", "PUT", servers.Busy(503, 7), nil, true},
		{"too many", "PUT", servers.Busy(429, 0), nil, true},
		{"locked", "MOVE", servers.Busy(423, 0), nil, true},
		{"done and not done", "MOVE", servers.ErrorIn200(), nil, true},
		{"a fault among several", "MOVE", servers.Answer(207, nil, webdavPartly("507 Insufficient Storage")), models.ErrNoSpace, false},
		{"a lock among several", "MOVE", servers.Answer(207, nil, webdavPartly("423 Locked")), nil, true},
		{"not stored", "PUT", servers.Answer(201, nil, ""), nil, true},
		{"stored with an error", "PUT", servers.ErrorIn200(), nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, proxy, d := webdavBehind(t)
			proxy.Add(servers.HTTPRule{Method: c.method, Times: -1, Do: c.do})
			_, err := d.Put(t.Context(), "job/file", bytes.NewReader(content(1<<20)), drive.Hint{})
			if err == nil || drive.Passing(err) != c.passing || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
			if !strings.Contains(fmt.Sprint(err), `"cloud"`) || strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("the sentence is %v", err)
			}
			proxy.Clear()
			if _, err := d.Stat(t.Context(), "job/file"); !errors.Is(err, models.ErrNotFound) {
				t.Errorf("stat: %v", err)
			}
			if left := filesBelow(t, s.Root); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func webdavPartly(status string) string {
	return `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/x</D:href><D:status>HTTP/1.1 ` + status + `</D:status></D:response></D:multistatus>`
}

func TestWebDAVKeepsThePauseThatTheServerAsksFor(t *testing.T) {
	_, proxy, d := webdavBehind(t)
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat): 59 * time.Minute, "soon": 0} {
		proxy.Add(servers.HTTPRule{Method: "PROPFIND", Do: servers.Answer(503, http.Header{"Retry-After": {header}}, "")})
		_, err := d.Stat(t.Context(), "job/file")
		var passing *drive.PassingError
		if !errors.As(err, &passing) || passing.After < want || passing.After > want+time.Minute {
			t.Errorf("Retry-After %q: %v, %+v", header, err, passing)
		}
	}
}

// A fault at any request of a Put is ridden out, and nothing is left over.
func TestWebDAVCarriesOn(t *testing.T) {
	for name, do := range map[string]servers.HTTPAction{
		"503": servers.Busy(503, 0), "429": servers.Busy(429, 0), "locked": servers.Busy(423, 0), "answer lost": servers.LoseAnswer(),
		"cut": servers.CutUpload(300_000), "error in 200": servers.ErrorIn200(), "cut answer": servers.CutDownload(10),
	} {
		for _, method := range []string{"PROPFIND", "MKCOL", "PUT", "MOVE"} {
			t.Run(name+" "+method, func(t *testing.T) {
				s, proxy, d := webdavBehind(t)
				rule := proxy.Add(servers.HTTPRule{Method: method, Do: do})
				c := drivetest.Content{Seed: 2, Size: 1<<20 + 3}
				if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(true)); err != nil {
					t.Fatal(err)
				}
				if proxy.Done(rule) != 1 {
					t.Errorf("the fault came %d times", proxy.Done(rule))
				}
				if !sameContent(t, d, "job/file", c) {
					t.Error("the copy is not what was put")
				}
				if left := filesBelow(t, s.Root); len(left) != 1 {
					t.Errorf("there are %q", left)
				}
			})
		}
	}
}

// After a move whose answer was lost no second one is asked for: this server would
// remove the copy that the first one published.
func TestWebDAVMovesOnce(t *testing.T) {
	s, proxy, d := webdavBehind(t)
	put(t, d, "job/file", []byte("earlier"))
	proxy.Add(servers.HTTPRule{Method: "MOVE", Do: servers.LoseAnswer()})
	put(t, d, "job/file", []byte("another"))
	if got, err := os.ReadFile(filepath.Join(s.Root, "job", "file")); err != nil || string(got) != "another" {
		t.Errorf("%q, %v", got, err)
	}
	moves := slices.DeleteFunc(proxy.Requests(), func(r string) bool { return !strings.HasPrefix(r, "MOVE ") })
	if len(moves) != 2 {
		t.Errorf("two puts asked for %q", moves)
	}
}

// A copy of the same length that was there before is not taken for one that was moved.
func TestWebDAVTakesNoEarlierCopyForItsOwn(t *testing.T) {
	s, proxy, d := webdavBehind(t)
	put(t, d, "job/file", []byte("earlier"))
	proxy.Add(servers.HTTPRule{Method: "MOVE", Times: -1, Do: func(x *servers.HTTPExchange) {
		for _, name := range filesBelow(t, s.Root) {
			if strings.HasSuffix(name, ".partial") {
				_ = os.Remove(name)
			}
		}
		servers.Busy(503, 0)(x)
	}})
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader("another"), drive.Hint{}); !errors.Is(err, models.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(filepath.Join(s.Root, "job", "file")); err != nil || string(got) != "earlier" {
		t.Errorf("%q, %v", got, err)
	}
}

// A server behind a proxy may not know the address that it has outside.
func TestWebDAVMovesByPathWhereTheServerHasAnotherAddress(t *testing.T) {
	s := servers.WebDAV(t)
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(to)) // the Destination stays
	defer proxy.Close()
	outside := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	defer outside.Close()
	for _, address := range []string{proxy.URL, outside.URL} {
		d := openWebDAV(t, address, s)
		put(t, d, "job/file", []byte("one"))
		put(t, d, "job/file", []byte("two"))
		if err := d.Delete(t.Context(), "job/file"); err != nil {
			t.Error(err)
		}
	}
	if left := filesBelow(t, s.Root); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// The server goes away in the middle of an upload, and comes back.
func TestWebDAVRidesOutARestart(t *testing.T) {
	s := servers.WebDAV(t)
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := servers.TCPProxy(t, at.Host)
	d := openWebDAV(t, "http://"+proxy.Address, s)
	c := drivetest.Content{Seed: 3, Size: 32 << 20}
	away := sync.OnceFunc(func() {
		proxy.Refuse()
		proxy.Reset()
		time.AfterFunc(100*time.Millisecond, func() { proxy.Pass(t) })
	})
	hint := c.Hint(true)
	hint.Progress = func(n int64) {
		if n > c.Size/2 {
			away()
		}
	}
	if _, err := d.Put(t.Context(), "job/file", c.At(0), hint); err != nil {
		t.Fatal(err)
	}
	if !sameContent(t, d, "job/file", c) {
		t.Error("the copy is not what was put")
	}
	if left := filesBelow(t, s.Root); len(left) != 1 {
		t.Errorf("there are %q", left)
	}
}

func TestWebDAVReaderTellsOfATruncatedCopy(t *testing.T) {
	_, proxy, d := webdavBehind(t)
	put(t, d, "job/file", content(1<<20))
	for name, do := range map[string]servers.HTTPAction{"in good form": servers.Truncate(1000), "cut": servers.CutDownload(300_000), "another answer": servers.ErrorIn200()} {
		t.Run(name, func(t *testing.T) {
			proxy.Add(servers.HTTPRule{Method: "GET", Do: do})
			r, err := d.Open(t.Context(), "job/file")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if n, err := io.Copy(io.Discard, r); !drive.Passing(err) {
				t.Errorf("after %d bytes: %v", n, err)
			}
		})
	}
}

// While a server is silent, every operation ends with its context.
func TestWebDAVEndsWithItsContext(t *testing.T) {
	c := drivetest.Content{Seed: 4, Size: 64 << 20}
	for name, at := range map[string]servers.HTTPRule{
		"PROPFIND": {Method: "PROPFIND", Times: -1, Do: servers.Hang()},
		"PUT":      {Method: "PUT", Times: -1, Do: servers.HangUpload(1 << 20)},
		"MOVE":     {Method: "MOVE", Times: -1, Do: servers.Hang()},
	} {
		t.Run(name, func(t *testing.T) {
			s, proxy, d := webdavBehind(t)
			rule := proxy.Add(at)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := d.Put(ctx, "job/file", c.At(0), c.Hint(true))
				done <- err
			}()
			eventually(t, func() bool { return proxy.Done(rule) > 0 })
			cancel()
			select {
			case err := <-done:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			case <-time.After(time.Minute):
				t.Fatal("it does not end")
			}
			if slices.Contains(filesBelow(t, s.Root), filepath.Join(s.Root, "job", "file")) {
				t.Error("it was published")
			}
		})
	}
}

// eventually waits for what another goroutine does.
func eventually(t *testing.T, is func() bool) {
	t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it does not happen")
		}
	}
}

// The quota is told where the server tells it (RFC 4331).
func TestWebDAVTellsTheQuota(t *testing.T) {
	for name, c := range map[string]struct {
		props string
		want  drive.Report
	}{
		"both":      {"<d:quota-available-bytes>100</d:quota-available-bytes><d:quota-used-bytes>50</d:quota-used-bytes>", drive.Report{Free: 100, Total: 150}},
		"free only": {"<d:quota-available-bytes>100</d:quota-available-bytes>", drive.Report{Free: 100, Total: -1}},
		"no limit":  {"<d:quota-available-bytes>-3</d:quota-available-bytes><d:quota-used-bytes>50</d:quota-used-bytes>", drive.Report{Free: -1, Total: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, proxy, d := webdavBehind(t)
			// The check asks for the folder, for old probes, and for the probe; then for the quota.
			proxy.Add(servers.HTTPRule{Method: "PROPFIND", Skip: 3, Do: servers.Answer(207, nil,
				`<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:response><d:href>/</d:href><d:propstat><d:prop>`+c.props+
					`</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`)})
			if got, err := d.Check(t.Context()); err != nil || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// Addresses in a listing come in several forms.
func TestWebDAVReadsAddressesOfAllForms(t *testing.T) {
	for name, base := range map[string]string{"paths": "/dav/", "addresses": "http://other.example.com/dav/", "another prefix": "/behind/the/proxy/"} {
		t.Run(name, func(t *testing.T) {
			_, proxy, d := webdavBehind(t)
			var body strings.Builder
			body.WriteString(`<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">`)
			for _, href := range []string{base, base + "a%20b", base + "a b c", base + "%e6%97%a5", base + "100%25", base + "d%23e"} {
				body.WriteString(`<d:response><d:href>` + href + `</d:href><d:propstat><d:prop>`)
				if href == base {
					body.WriteString(`<d:resourcetype><d:collection/></d:resourcetype>`)
				}
				body.WriteString(`<d:getcontentlength>3</d:getcontentlength></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>`)
			}
			body.WriteString(`</d:multistatus>`)
			proxy.Add(servers.HTTPRule{Method: "PROPFIND", Do: servers.Answer(207, nil, body.String())})
			var got []string
			err := d.List(t.Context(), "", func(s drive.Stored) error { got = append(got, s.Key); return nil })
			if want := []string{"100%", "a b", "a b c", "d#e", "日"}; err != nil || !slices.Equal(got, want) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// To remove or to replace a folder would take all in it along.
func TestWebDAVTouchesNoFolders(t *testing.T) {
	s := servers.WebDAV(t)
	d := openWebDAV(t, s.URL, s)
	put(t, d, "job/folder/file", []byte("x"))
	if err := d.Delete(t.Context(), "job/folder"); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := d.Put(t.Context(), "job/folder", strings.NewReader("y"), drive.Hint{}); !errors.Is(err, models.ErrConflict) {
		t.Errorf("put: %v", err)
	}
	if _, err := d.Stat(t.Context(), "job/folder"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("stat: %v", err)
	}
	if _, err := d.Open(t.Context(), "job/folder"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	if got := filesBelow(t, s.Root); !slices.Equal(got, []string{filepath.Join(s.Root, "job", "folder", "file")}) {
		t.Errorf("there are %q", got)
	}
}

// Only the server that was named gets the password.
func TestWebDAVFollowsNobodyElsewhere(t *testing.T) {
	asked := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	_, proxy, d := webdavBehind(t)
	proxy.Add(servers.HTTPRule{Times: -1, Do: servers.Answer(307, http.Header{"Location": {elsewhere.URL + "/"}}, "")})
	_, err := d.Put(t.Context(), "job/file", strings.NewReader("x"), drive.Hint{})
	if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), elsewhere.URL) || asked {
		t.Errorf("got %v, asked elsewhere: %t", err, asked)
	}
}

func TestWebDAVWantsToKnowItsServer(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := openWebDAVWith(t, models.Settings{"url": server.URL}).Stat(t.Context(), "job/file")
	if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "certificate of its authority") {
		t.Errorf("an unknown authority: %v", err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = openWebDAVWith(t, models.Settings{"url": server.URL, "tls_ca": file}).Stat(t.Context(), "job/file")
	if !errors.Is(err, models.ErrNotFound) {
		t.Errorf("a known authority: %v", err)
	}
}
