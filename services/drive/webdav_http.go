package drive

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/backupman/backupman/services/outgoing"
)

// webdavClient follows no redirects, which may lose the content or lead the password
// elsewhere, and speaks HTTP/1.1, where an upload is broken off with its connection.
func webdavClient(reach *outgoing.Policy, authorities *x509.CertPool) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Client{
		CheckRedirect: outgoing.NoRedirect,
		Transport: &http.Transport{
			Proxy:                 reach.Proxy,
			DialContext:           reach.Dialer(net.Dialer{Timeout: 30 * time.Second}).DialContext,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities},
			TLSHandshakeTimeout:   20 * time.Second,
			ExpectContinueTimeout: 2 * time.Second,
			ResponseHeaderTimeout: webdavAssembly,
			IdleConnTimeout:       5 * time.Second,
			MaxIdleConnsPerHost:   8,
			WriteBufferSize:       64 << 10,
			ReadBufferSize:        64 << 10,
			DisableCompression:    true,
			Protocols:             &protocols,
		},
	}
}

// webdavRequest is one request.
type webdavRequest struct {
	method string
	at     *url.URL
	header http.Header
	body   io.Reader
	// length is that of body in bytes, -1 when it is not known.
	length int64
	// replay says that it does no harm to send it twice.
	replay bool
}

// send signs a request and sends it. It returns whatever the server answers.
func (d *WebDAV) send(ctx context.Context, q webdavRequest) (*http.Response, error) {
	if q.length == 0 {
		q.body = http.NoBody
	}
	request, err := http.NewRequestWithContext(ctx, q.method, q.at.String(), q.body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = q.length
	request.Header.Set("User-Agent", "backupman")
	request.Header.Set("Accept-Encoding", "identity")
	for name, values := range q.header {
		request.Header[name] = values
	}
	if q.replay {
		request.Header["Idempotency-Key"] = nil // says that to net/http, and is not sent
	}
	s := d.place.Settings
	switch {
	case s["token"] != "":
		request.Header.Set("Authorization", "Bearer "+s["token"])
	case s["user"]+s["password"] != "":
		request.SetBasicAuth(s["user"], s["password"])
	}
	return d.client.Do(request)
}

// ask sends a request that brings little content, and wants it done.
func (d *WebDAV) ask(ctx context.Context, doing string, q webdavRequest) (status int, err error) {
	limit := d.silence
	if q.method == "MOVE" {
		limit = webdavAssembly
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, err := d.send(ctx, q)
	if err != nil {
		return 0, d.fault(doing, err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, d.done(doing, answer)
}

// put sends content of any length. The server is asked first whether it wants it.
func (d *WebDAV) put(ctx context.Context, key string, q webdavRequest) (status int, err error) {
	if q.length < 0 || q.length > webdavHead {
		q.header = http.Header{"Expect": {"100-continue"}}
	}
	answer, err := d.send(ctx, q)
	if err != nil {
		return 0, d.fault("store "+key, err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, d.done("store "+key, answer)
}

// done returns the fault that an answer tells of, in its status or, beside a good
// one, in its body.
func (d *WebDAV) done(doing string, answer *http.Response) error {
	if answer.StatusCode == http.StatusMultiStatus {
		return d.partly(doing, answer)
	}
	if answer.StatusCode/100 != 2 {
		return d.answered(doing, answer)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return d.fault(doing, err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for token, err := decoder.Token(); err == nil; token, err = decoder.Token() {
		if start, ok := token.(xml.StartElement); ok {
			if strings.EqualFold(start.Name.Local, "error") {
				return d.unclear(doing, "the server says both that it is done and that there was an error")
			}
			break
		}
	}
	return nil
}

// partly returns the first fault of an answer that tells how it went for each of
// several files. A request about one file has such an answer only when it failed.
func (d *WebDAV) partly(doing string, answer *http.Response) error {
	status := 0
	err := webdavParse(answer.Body, func(r webdavResponse) {
		if s := webdavStatus(r.Status); status == 0 && s/100 != 2 {
			status = s
		}
	})
	if err != nil || status == 0 {
		return d.unclear(doing, "the server does not say how it went")
	}
	answer.StatusCode = status
	return d.answered(doing, answer)
}
