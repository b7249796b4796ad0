package drive_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
)

// webdavOnce opens a drive that tries everything once.
func webdavOnce(t *testing.T, address string, s servers.WebDAVServer) drive.Drive {
	t.Helper()
	kind, err := drive.Lookup("webdav")
	if err != nil {
		t.Fatal(err)
	}
	d, err := kind.Open(drive.Place{Label: "cloud", Installation: "here", Settings: models.Settings{"url": address, "user": s.User, "password": s.Password}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// webdavThrough is a proxy that changes requests on their way, or answers them.
func webdavThrough(t *testing.T, s servers.WebDAVServer, answers func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers(w, r) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// A server that knows itself by another address says so in its own way, and no second
// attempt is needed.
func TestWebDAVMovesByPathAtOnce(t *testing.T) {
	for name, status := range map[string]int{"as Apache": http.StatusBadGateway, "as nginx": http.StatusBadRequest} {
		t.Run(name, func(t *testing.T) {
			s := servers.WebDAV(t)
			whole := 0
			d := webdavOnce(t, webdavThrough(t, s, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != "MOVE" || strings.HasPrefix(r.Header.Get("Destination"), "/") {
					return false
				}
				whole++
				w.WriteHeader(status)
				return true
			}), s)
			put(t, d, "job/file", []byte("one"))
			put(t, d, "job/file", []byte("two"))
			if got := string(get(t, d, "job/file")); got != "two" || whole != 1 {
				t.Errorf("%q after %d moves to a whole address", got, whole)
			}
		})
	}
}

// A gateway that loses the answer to a move that was done gets no second one.
func TestWebDAVAsksForNoSecondMoveOfWhatIsGone(t *testing.T) {
	s, proxy, _ := webdavBehind(t)
	d := webdavOnce(t, proxy.URL, s)
	put(t, d, "job/file", []byte("earlier"))
	moves := 0
	d = webdavOnce(t, webdavThrough(t, s, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != "MOVE" {
			return false
		}
		moves++
		to, _ := url.Parse(s.URL)
		r.Header.Set("Destination", strings.Replace(r.Header.Get("Destination"), r.Host, to.Host, 1))
		(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}).ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway)
		return true
	}), s)
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader("one and another"), drive.Hint{}); err != nil {
		t.Errorf("put: %v", err)
	}
	if got := string(get(t, d, "job/file")); got != "one and another" || moves != 1 {
		t.Errorf("%q after %d moves", got, moves)
	}
}

// A server that stores nothing of what comes in chunks says so by no status; what to
// do about it is said where the content cannot be read again.
func TestWebDAVWithoutAgainSaysThatChunksAreLost(t *testing.T) {
	s := servers.WebDAV(t)
	chunked := 0
	d := openWebDAV(t, unchunked(t, s, nil, &chunked), s)
	c := drivetest.Content{Seed: 1, Size: 3 << 20}
	_, err := d.Put(t.Context(), "job/one", c.At(0), c.Hint(false))
	wantFault(t, err, models.ErrInvalid, "cloud", "chunked")
	if left := filesBelow(t, s.Root); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// What the clearing up says is not mixed with why it was needed.
func TestWebDAVCheckSaysOneThing(t *testing.T) {
	_, proxy, d := webdavBehind(t)
	proxy.Add(servers.HTTPRule{Method: "PUT", Times: -1, Do: servers.Busy(507, 0)})
	proxy.Add(servers.HTTPRule{Method: "DELETE", Times: -1, Do: servers.Busy(423, 0)})
	_, err := d.Check(t.Context())
	wantFault(t, err, models.ErrNoSpace, "cloud", "full")
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("it says %q", err)
	}
}

// A listing that does not say what it is of is not taken for one of an empty folder.
func TestWebDAVBelievesNoListingWithoutItsFolder(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":    `<d:multistatus xmlns:d="DAV:"></d:multistatus>`,
		"files only": `<d:multistatus xmlns:d="DAV:"><d:response><d:href>/a</d:href><d:propstat><d:prop><d:getcontentlength>3</d:getcontentlength></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`,
	} {
		t.Run(name, func(t *testing.T) {
			_, proxy, d := webdavBehind(t)
			proxy.Add(servers.HTTPRule{Method: "PROPFIND", Do: servers.Answer(207, nil, body)})
			err := d.List(t.Context(), "", func(drive.Stored) error { return nil })
			if !drive.Passing(err) || !strings.Contains(err.Error(), "cloud") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What people read has no addresses with ports of their own side, and no Go in it.
func TestWebDAVSpeaksInSentences(t *testing.T) {
	s, proxy, _ := webdavBehind(t)
	d := webdavOnce(t, proxy.URL, s)
	gone := webdavOnce(t, "http://127.0.0.1:1/", s)
	for name, c := range map[string]struct {
		d  drive.Drive
		do servers.HTTPAction
	}{
		"refused": {gone, nil}, "reset": {d, servers.LoseAnswer()}, "half": {d, servers.CutDownload(10)}, "teapot": {d, servers.Busy(418, 0)},
		"busy": {d, servers.Busy(503, 0)}, "no XML": {d, servers.Answer(207, nil, "<a")},
	} {
		t.Run(name, func(t *testing.T) {
			proxy.Clear()
			if c.do != nil {
				proxy.Add(servers.HTTPRule{Times: -1, Do: c.do})
			}
			_, err := c.d.Stat(t.Context(), "job/file")
			var fault *models.Fault
			if !errors.As(err, &fault) || !strings.Contains(fault.Sentence, `"cloud"`) {
				t.Fatalf("%v is no sentence", err)
			}
			for _, word := range []string{"tcp", "Propfind", "EOF", "XML", "context"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("it says %q", err)
				}
			}
		})
	}
}

// slowContent lets its second Read wait.
type slowContent struct {
	first   io.Reader
	waits   chan struct{}
	release chan struct{}
	once    sync.Once
	reading atomic.Bool
}

func (c *slowContent) Read(p []byte) (int, error) {
	if n, err := c.first.Read(p); err == nil {
		return n, nil
	}
	c.reading.Store(true)
	defer c.reading.Store(false)
	c.once.Do(func() { close(c.waits) })
	<-c.release
	return 0, io.EOF
}

// A Put has returned only when nothing reads its content any more, although the server
// did not wait for the end of it.
func TestWebDAVLetsTheContentGo(t *testing.T) {
	s := servers.WebDAV(t)
	slow := &slowContent{first: io.LimitReader(drivetest.Content{Seed: 1, Size: 1 << 20}.At(0), 1<<20), waits: make(chan struct{}), release: make(chan struct{})}
	d := webdavOnce(t, webdavThrough(t, s, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
		<-slow.waits
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(http.StatusInsufficientStorage)
		_ = http.NewResponseController(w).Flush()
		<-slow.release
		return true
	}), s)
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() {
		_, err := d.Put(ctx, "job/file", slow, drive.Hint{})
		if slow.reading.Load() {
			err = errors.Join(errors.New("the content is still being read"), err)
		}
		ended <- err
	}()
	<-slow.waits
	select {
	case err := <-ended:
		close(slow.release)
		t.Errorf("before the content was let go: %v", err)
	case <-time.After(300 * time.Millisecond):
		close(slow.release)
		wantFault(t, <-ended, models.ErrNoSpace, "cloud")
	}
}
