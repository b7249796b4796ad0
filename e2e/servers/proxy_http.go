package servers

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// HTTP is a proxy on loopback that answers some requests by rules a test adds, and
// streams all others on as they are, Host included, so that signatures over it hold.
type HTTP struct {
	// URL is where clients go, http://HOST:PORT, and Address its host and port.
	URL, Address string

	pass   *httputil.ReverseProxy
	closed chan struct{}

	mu    sync.Mutex
	rules []*HTTPRule
	seen  []string
}

// HTTPRule says which requests get something else than the server's answer. It is
// not changed once it was added.
type HTTPRule struct {
	// Method, when set, is the request's; Path and Query, when set, are parts of
	// its path and of its query, both as they were sent, in percent code.
	Method, Path, Query string
	// Skip is how many requests that match are passed on first, and Times how many
	// are done so after them: 0 for one, less for all.
	Skip, Times int
	// Do is what happens instead.
	Do HTTPAction

	matched, done int
}

// HTTPAction is what a proxy does with a request.
type HTTPAction func(x *HTTPExchange)

// HTTPExchange is one request on its way through the proxy.
type HTTPExchange struct {
	proxy *HTTP
	w     http.ResponseWriter
	r     *http.Request
}

// HTTPProxy starts a proxy before the server at target, http://HOST:PORT, that ends
// with the test.
func HTTPProxy(t testing.TB, target string) *HTTP {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatalf("start a proxy: %v", err)
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16}
	p := &HTTP{closed: make(chan struct{}), pass: &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { rewrite(r, to) },
		Transport:      transport,
		FlushInterval:  -1,
		ModifyResponse: modifyResponse,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { abortHTTP(w) },
		ErrorLog:       log.New(io.Discard, "", 0),
	}}
	server := httptest.NewUnstartedServer(p)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	p.URL, p.Address = server.URL, strings.TrimPrefix(server.URL, "http://")
	t.Cleanup(func() {
		close(p.closed)
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	return p
}

func rewrite(r *httputil.ProxyRequest, to *url.URL) {
	r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
	r.Out.Host = r.In.Host
	if _, told := r.In.Header["User-Agent"]; !told {
		r.Out.Header["User-Agent"] = nil // none of Go's own, which nobody signed
	}
}

// Add adds a rule. Of several that match a request the first one decides.
func (p *HTTP) Add(r HTTPRule) *HTTPRule {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, &r)
	return &r
}

// Clear takes all rules back.
func (p *HTTP) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// Done returns how often a rule has been carried out.
func (p *HTTP) Done(r *HTTPRule) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return r.done
}

// Requests returns what was asked so far, as "METHOD /path?query".
func (p *HTTP) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

// ServeHTTP carries out the rule for a request, or passes it on.
func (p *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &HTTPExchange{proxy: p, w: w, r: r}
	if do := p.decide(r); do != nil {
		do(x)
		return
	}
	x.forward(nil)
}

func (p *HTTP) decide(r *http.Request) HTTPAction {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, r.Method+" "+r.URL.RequestURI())
	for _, rule := range p.rules {
		if rule.takes(r) {
			return rule.Do
		}
	}
	return nil
}

// takes counts a request that matches and reports whether it is this rule's.
func (r *HTTPRule) takes(q *http.Request) bool {
	if r.Method != "" && r.Method != q.Method || !strings.Contains(q.URL.EscapedPath(), r.Path) || !strings.Contains(q.URL.RawQuery, r.Query) {
		return false
	}
	times := r.Times
	if times == 0 {
		times = 1
	}
	r.matched++
	if r.matched <= r.Skip || times > 0 && r.done >= times {
		return false
	}
	r.done++
	return true
}

// forward asks the server. What response does, when set, happens to its answer.
func (x *HTTPExchange) forward(response func(*http.Response) error) {
	if x.r.ContentLength > 0 {
		x.r.Body = &wholeBody{ReadCloser: x.r.Body, left: x.r.ContentLength}
	}
	ctx := context.WithValue(x.r.Context(), responseKey{}, response)
	x.proxy.pass.ServeHTTP(x.w, x.r.WithContext(ctx))
}

// wholeBody ends a body after its declared length by itself. The transport reads
// once more after the last byte, to see that it was the last, and by then the server
// may have answered, which closes the body underneath: that read would fail, and break
// the connection in the middle of the answer.
type wholeBody struct {
	io.ReadCloser
	left int64
}

func (b *wholeBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

type responseKey struct{}

func modifyResponse(r *http.Response) error {
	if change, ok := r.Request.Context().Value(responseKey{}).(func(*http.Response) error); ok && change != nil {
		return change(r)
	}
	return nil
}

// abortHTTP resets the client's connection.
func abortHTTP(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		abort(tcp)
		return
	}
	_ = conn.Close()
}
