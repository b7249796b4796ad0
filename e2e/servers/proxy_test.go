package servers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// echo gives back what it is sent, on every connection.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, struct{ io.Reader }{c})
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, p *TCP) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", p.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// exchange sends bytes and reads them back.
func exchange(c *net.TCPConn, size int) error {
	data := bytes.Repeat([]byte("x"), size)
	go func() { _, _ = c.Write(data) }()
	back := make([]byte, size)
	_, err := io.ReadFull(c, back)
	return err
}

func TestTCPProxyPassesBytesAndTheirEnd(t *testing.T) {
	p := TCPProxy(t, echo(t))
	c := dial(t, p)
	if err := exchange(c, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(c); err != nil || len(rest) != 0 {
		t.Errorf("after the end: %d bytes, %v", len(rest), err)
	}
	if up, down := p.Bytes(Up), p.Bytes(Down); up != 1<<20 || down != 1<<20 {
		t.Errorf("%d bytes up, %d down", up, down)
	}
}

func TestTCPProxyCuts(t *testing.T) {
	for _, d := range []Direction{Up, Down} {
		p := TCPProxy(t, echo(t))
		c := dial(t, p)
		if err := exchange(c, 1000); err != nil {
			t.Fatal(err)
		}
		p.Cut(d, 1000)
		if err := exchange(c, 1<<20); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
			t.Errorf("a cut connection ended with %v", err)
		}
		if p.Cuts() != 1 || p.Bytes(d) != 2000 {
			t.Errorf("%d cuts after %d bytes", p.Cuts(), p.Bytes(d))
		}
		if err := exchange(dial(t, p), 1000); err != nil {
			t.Errorf("after the cut: %v", err)
		}
	}
}

func TestTCPProxyStalls(t *testing.T) {
	p := TCPProxy(t, echo(t))
	c := dial(t, p)
	if err := exchange(c, 10); err != nil {
		t.Fatal(err)
	}
	p.Stall()
	if err := c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := exchange(c, 10); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("a stalled connection gave %v", err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	p.Pass(t)
	if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
		t.Errorf("after the stall: %v", err)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestTCPProxyRefuses(t *testing.T) {
	p := TCPProxy(t, echo(t))
	c := dial(t, p)
	p.Refuse()
	if _, err := net.Dial("tcp", p.Address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
	if err := exchange(c, 10); err != nil {
		t.Errorf("an open connection: %v", err)
	}
	p.Pass(t)
	if err := exchange(dial(t, p), 10); err != nil {
		t.Errorf("after Pass: %v", err)
	}
	p.Reset()
	if err := exchange(c, 10); err == nil {
		t.Error("a reset connection goes on")
	}
}

func TestTCPProxyDelaysAndLimits(t *testing.T) {
	p := TCPProxy(t, echo(t))
	c := dial(t, p)
	p.Delay(20 * time.Millisecond)
	start := time.Now()
	if err := exchange(c, 1<<20); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 40*time.Millisecond {
		t.Errorf("there and back took %s", took)
	}
	p.Pass(t)
	p.Limit(Up, 1<<20)
	start = time.Now()
	if err := exchange(c, 160<<10); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 100*time.Millisecond { // 32 KiB go at once
		t.Errorf("160 KiB at 1 MiB/s took %s", took)
	}
}

// backend keeps what it was sent.
type backend struct {
	taken atomic.Int64
	hosts chan string
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := io.Copy(io.Discard, r.Body)
	b.taken.Add(n)
	b.hosts <- r.Host
	w.Header().Set("Content-Length", "100000")
	_, _ = io.WriteString(w, strings.Repeat("y", 100000))
}

func newHTTP(t *testing.T) (*HTTP, *backend) {
	t.Helper()
	b := &backend{hosts: make(chan string, 100)}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	return HTTPProxy(t, s.URL), b
}

// ask sends 100,000 bytes and returns the status, the length of the answer, and
// what broke.
func ask(t *testing.T, p *HTTP, path string) (status, length int, err error) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPut, p.URL+path, strings.NewReader(strings.Repeat("x", 100000)))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(q)
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, len(body), err
}

func TestHTTPProxyPassesOn(t *testing.T) {
	p, b := newHTTP(t)
	if status, length, err := ask(t, p, "/a%2Fb?c=d"); status != 200 || length != 100000 || err != nil {
		t.Errorf("got %d, %d bytes, %v", status, length, err)
	}
	if host := <-b.hosts; host != p.Address || b.taken.Load() != 100000 {
		t.Errorf("the server saw host %s and %d bytes", host, b.taken.Load())
	}
	if got := p.Requests(); len(got) != 1 || got[0] != "PUT /a%2Fb?c=d" {
		t.Errorf("seen: %q", got)
	}
}

func TestHTTPProxyRules(t *testing.T) {
	p, b := newHTTP(t)
	rule := p.Add(HTTPRule{Method: http.MethodPut, Path: "/bucket", Query: "partNumber=2", Skip: 1, Times: 2, Do: Busy(503, 7)})
	var got []int
	for _, path := range []string{"/bucket?partNumber=1", "/bucket?partNumber=2", "/other?partNumber=2", "/bucket?partNumber=2", "/bucket?partNumber=2", "/bucket?partNumber=2"} {
		status, _, err := ask(t, p, path)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}
	if want := []int{200, 200, 200, 503, 503, 200}; !slices.Equal(got, want) || p.Done(rule) != 2 {
		t.Errorf("got %v, want %v; done %d times", got, want, p.Done(rule))
	}
	if b.taken.Load() != 400000 {
		t.Errorf("the server took %d bytes", b.taken.Load())
	}
}

func TestHTTPProxyActions(t *testing.T) {
	for name, c := range map[string]struct {
		do     HTTPAction
		status int
		length int
		broken bool
		// most is how much the server may have taken.
		most int64
	}{
		"error in success":  {do: ErrorIn200(), status: 200, length: len(errorBody)},
		"cut upload":        {do: CutUpload(40000), broken: true, most: 40000},
		"cut upload first":  {do: CutUpload(0), broken: true},
		"cut download":      {do: CutDownload(40000), status: 200, length: 40000, broken: true, most: 100000},
		"truncate":          {do: Truncate(40000), status: 200, length: 40000, most: 100000},
		"lose the answer":   {do: LoseAnswer(), broken: true, most: 100000},
		"busy without time": {do: Busy(429, 0), status: 429},
	} {
		t.Run(name, func(t *testing.T) {
			p, b := newHTTP(t)
			p.Add(HTTPRule{Do: c.do})
			status, length, err := ask(t, p, "/x")
			if status != c.status || length != c.length || (err != nil) != c.broken || b.taken.Load() > c.most {
				t.Errorf("got %d, %d bytes, %v; the server took %d", status, length, err, b.taken.Load())
			}
			if status, length, err := ask(t, p, "/x"); status != 200 || length != 100000 || err != nil {
				t.Errorf("after it: %d, %d bytes, %v", status, length, err)
			}
		})
	}
}

func TestHTTPProxyHangs(t *testing.T) {
	for name, do := range map[string]HTTPAction{"at once": Hang(), "upload": HangUpload(40000), "download": HangDownload(40000)} {
		t.Run(name, func(t *testing.T) {
			p, _ := newHTTP(t)
			p.Add(HTTPRule{Do: do})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			q, err := http.NewRequestWithContext(ctx, http.MethodPut, p.URL, strings.NewReader(strings.Repeat("x", 100000)))
			if err != nil {
				t.Fatal(err)
			}
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			answer, err := (&http.Client{Transport: transport}).Do(q)
			if err == nil {
				_, err = io.ReadAll(answer.Body)
				_ = answer.Body.Close()
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}
