package drive

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

const (
	// s3Amazon is the service that an empty endpoint stands for.
	s3Amazon = "s3.amazonaws.com"
	// s3Silence bounds how long a service may think about a request it has taken
	// whole. To put a large upload together takes minutes on some.
	s3Silence = 10 * time.Minute
	// s3Buffer is how much is handed to the network at a time, in bytes.
	s3Buffer = 256 << 10
)

// s3Client returns a client that tries everything once: what is tried again, and
// when, is for Policy to say. The wrap, which may be nil, goes around the transport.
func s3Client(r *s3Reader, wrap func(*http.Transport) http.RoundTripper) *minio.Core {
	host, secure := r.endpoint()
	transport := s3Transport(r.place.Outgoing, r.authorities())
	creds := s3Credentials(r, secure)
	lookup := r.lookup()
	if r.err != nil {
		return nil
	}
	inner := http.RoundTripper(transport)
	if wrap != nil {
		inner = wrap(transport)
	}
	client, err := minio.NewCore(host, &minio.Options{
		Creds: creds, Secure: secure, Region: r.text("region"), BucketLookup: lookup,
		MaxRetries: 1, Transport: &s3Watch{next: inner},
	})
	if err != nil {
		r.wrong("its settings make no client: %v", err)
		return nil
	}
	client.SetAppInfo("backupman", "1")
	return client
}

func s3Transport(reach *outgoing.Policy, authorities *x509.CertPool) *http.Transport {
	dialer := reach.Dialer(net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second})
	return &http.Transport{
		Proxy: reach.Proxy,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &s3Conn{Conn: conn}, nil
		},
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities},
		TLSHandshakeTimeout:   20 * time.Second,
		ResponseHeaderTimeout: s3Silence,
		IdleConnTimeout:       5 * time.Second,
		MaxIdleConnsPerHost:   8,
		WriteBufferSize:       s3Buffer,
		ReadBufferSize:        s3Buffer / 4,
		DisableCompression:    true, // what is stored with an encoding must come back as it is
	}
}

// s3Conn sends a body in large pieces, where net/http would copy it through small
// ones.
type s3Conn struct{ net.Conn }

var s3Buffers = sync.Pool{New: func() any { b := make([]byte, s3Buffer); return &b }}

// ReadFrom copies r to the connection until io.EOF.
func (c *s3Conn) ReadFrom(r io.Reader) (int64, error) {
	buffer := s3Buffers.Get().(*[]byte)
	defer s3Buffers.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{c.Conn}, struct{ io.Reader }{r}, *buffer)
}

// s3Credentials takes the access key of the settings, else what AWS's own tools
// would take: the environment, the shared file, the role of the machine. That is asked of
// addresses that nobody typed, the very ones that nothing else connects to.
func s3Credentials(r *s3Reader, secure bool) *credentials.Credentials {
	access, secret := r.text("access_key"), r.text("secret_key")
	if (access == "") != (secret == "") {
		r.wrong("it has only one of access_key and secret_key: set both, or none to use the environment or the machine's role")
	}
	if access != "" {
		return credentials.NewStaticV4(access, secret, r.text("session_token"))
	}
	role := &credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second, CheckRedirect: outgoing.NoRedirect}, Region: r.text("region")}
	return credentials.New(&s3Chain{label: r.place.Label, Chain: &credentials.Chain{Providers: []credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, role,
	}}})
}

// s3Chain refuses to go on without credentials, where its chain would send requests
// that nobody signed.
type s3Chain struct {
	*credentials.Chain
	label string
}

func (c *s3Chain) found(value credentials.Value, err error) (credentials.Value, error) {
	if err == nil && value.SignerType.IsAnonymous() {
		return value, &models.Fault{Kind: models.ErrUnauthorized, Sentence: "drive \"" + c.label +
			"\" has no access key, and there is none in the environment, in the shared credentials file or from the machine's role: set access_key and secret_key"}
	}
	return value, err
}

// Retrieve returns the first credentials of the chain.
func (c *s3Chain) Retrieve() (credentials.Value, error) { return c.found(c.Chain.Retrieve()) }

// RetrieveWithCredContext returns the first credentials of the chain.
func (c *s3Chain) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	return c.found(c.Chain.RetrieveWithCredContext(cc))
}
