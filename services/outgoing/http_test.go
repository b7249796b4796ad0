package outgoing_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

// counting is a server on this machine that counts what reaches it.
func counting(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var reached atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &reached
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("secret of the inside")) }

// get returns the status of an answer.
func get(t *testing.T, c *http.Client, address string) (status int, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return answer.StatusCode, nil
}

// refused returns the address that was.
func refused(t *testing.T, err error) netip.Addr {
	t.Helper()
	var refusal *outgoing.Refusal
	var fault *models.Fault
	if !errors.As(err, &refusal) || !errors.As(err, &fault) {
		t.Fatalf("%v, want a refusal that is a fault", err)
	}
	return refusal.Address
}

func TestClientRefusesThisMachineWhereItIsTold(t *testing.T) {
	server, reached := counting(t, ok)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "localhost"} {
		_, err := get(t, strict.Client(), "http://"+net.JoinHostPort(strings.Trim(host, "[]"), port))
		refused(t, err)
	}
	if n := reached.Load(); n != 0 {
		t.Fatalf("%d requests reached the server, want none", n)
	}
	allowing := &outgoing.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for name, p := range map[string]*outgoing.Policy{"default": nil, "allowed": allowing} {
		status, err := get(t, p.Client(), server.URL)
		if err != nil || status != http.StatusOK {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClientFollowsNoRedirect(t *testing.T) {
	inside, reached := counting(t, ok)
	outside, _ := counting(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside.URL, http.StatusFound) })
	status, err := get(t, (*outgoing.Policy)(nil).Client(), outside.URL)
	if err != nil || status != http.StatusFound {
		t.Fatalf("%d, %v: want the answer that sends elsewhere", status, err)
	}
	if reached.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

// rebinding is a resolver whose answers to one name change from one question to the next:
// each is the next of the addresses, and the last stays.
func rebinding(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buffer, asked := make([]byte, 1500), 0
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			var q dnsmessage.Message
			if q.Unpack(buffer[:n]) != nil || len(q.Questions) != 1 {
				continue
			}
			a := dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, RecursionAvailable: true}, Questions: q.Questions}
			if q.Questions[0].Type == dnsmessage.TypeA {
				now := netip.MustParseAddr(addresses[min(asked, len(addresses)-1)]).As4()
				asked++
				a.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
					Body: &dnsmessage.AResource{A: now}}}
			}
			if packed, err := a.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestNameThatIsBoundAnewIsJudgedWhenItIsConnectedTo(t *testing.T) {
	server, reached := counting(t, ok)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	resolver := rebinding(t, "52.216.1.1", "127.0.0.1")
	const name = "rebinding.example."

	// Whoever looks the name up first and judges that finds a good address.
	first, err := resolver.LookupNetIP(t.Context(), "ip4", name)
	if err != nil || len(first) != 1 {
		t.Fatal(first, err)
	}
	if err := strict.Check(first[0]); err != nil {
		t.Fatalf("the first answer: %v", err)
	}
	d := strict.Dialer(net.Dialer{Resolver: resolver, Timeout: 10 * time.Second})
	_, err = d.DialContext(t.Context(), "tcp", net.JoinHostPort(name, port))
	if got := refused(t, err); got != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("refused %s", got)
	}
	if reached.Load() != 0 {
		t.Error("the server was reached")
	}
	d = (*outgoing.Policy)(nil).Dialer(net.Dialer{Resolver: rebinding(t, "127.0.0.1"), Timeout: 10 * time.Second})
	conn, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(name, port))
	if err != nil {
		t.Fatalf("the same name by default: %v", err)
	}
	_ = conn.Close()
	d = (*outgoing.Policy)(nil).Dialer(net.Dialer{Resolver: rebinding(t, "169.254.169.254"), Timeout: 10 * time.Second})
	_, err = d.DialContext(t.Context(), "tcp", net.JoinHostPort(name, "80"))
	refused(t, err)
}

func TestDialerRefusesWhatIsNoNetwork(t *testing.T) {
	_, err := (*outgoing.Policy)(nil).Dialer(net.Dialer{}).DialContext(t.Context(), "unix", "/nowhere/socket")
	if !errors.Is(err, models.ErrInvalid) {
		t.Errorf("%v, want a fault", err)
	}
}

func TestProxyIsNotSentToAddressesThatAreRefused(t *testing.T) {
	at := func(address string) *http.Request { return httptest.NewRequest(http.MethodGet, address, nil) }
	proxy := func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy.example:3128") }
	none := func(*http.Request) (*url.URL, error) { return nil, nil }
	if _, err := outgoing.Through((*outgoing.Policy)(nil), at("http://169.254.169.254/latest"), proxy); err == nil {
		t.Error("a proxy may be asked for the metadata service")
	} else {
		refused(t, err)
	}
	if _, err := outgoing.Through(strict, at("http://[::1]:9000/"), proxy); err == nil {
		t.Error("a proxy may be asked for this machine")
	}
	if u, err := outgoing.Through(strict, at("http://s3.example/"), proxy); err != nil || u.Host != "proxy.example:3128" {
		t.Errorf("%v, %v: want the proxy", u, err)
	}
	if u, err := outgoing.Through(strict, at("http://127.0.0.1/"), none); err != nil || u != nil {
		t.Errorf("%v, %v: without a proxy the dialer judges", u, err)
	}
}
