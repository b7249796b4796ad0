package outgoing

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

const (
	// connectTime bounds connecting, and handshakeTime agreeing on a cipher.
	connectTime, handshakeTime = 30 * time.Second, 20 * time.Second
	// thinkTime is how long a server may think before it begins to answer.
	thinkTime = 30 * time.Second
	// requestTime bounds one whole request of a Client.
	requestTime = time.Minute
	// longestHeader is how much of a header is read, in bytes.
	longestHeader = 256 << 10
)

// Transport returns a transport whose connections the policy is asked about, with bounds
// in time. It takes the proxy of the environment, as the drives always have.
func (p *Policy) Transport() *http.Transport {
	return &http.Transport{
		Proxy:                  p.Proxy,
		DialContext:            p.Dialer(net.Dialer{Timeout: connectTime, KeepAlive: connectTime}).DialContext,
		TLSHandshakeTimeout:    handshakeTime,
		ResponseHeaderTimeout:  thinkTime,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConns:           16,
		MaxResponseHeaderBytes: longestHeader,
		ForceAttemptHTTP2:      true,
	}
}

// Client returns a client for short requests that follows no redirects: the answer that
// sends elsewhere is the answer.
func (p *Policy) Client() *http.Client {
	return &http.Client{Transport: p.Transport(), CheckRedirect: NoRedirect, Timeout: requestTime}
}

// NoRedirect makes an http.Client return the answer that sends it elsewhere.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Proxy is http.ProxyFromEnvironment, and refuses a request to an address that is not
// connected to. A proxy looks names up by itself, so what those stand for is its to judge.
func (p *Policy) Proxy(request *http.Request) (*url.URL, error) {
	return p.through(request, http.ProxyFromEnvironment)
}

func (p *Policy) through(request *http.Request, find func(*http.Request) (*url.URL, error)) (*url.URL, error) {
	proxy, err := find(request)
	if proxy == nil || err != nil {
		return proxy, err
	}
	if address, err := netip.ParseAddr(request.URL.Hostname()); err == nil {
		if err := p.Check(address); err != nil {
			return nil, err
		}
	}
	return proxy, nil
}
