package cli

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is the one that is served with. Its files are read again when they change,
// which they do whenever it is renewed.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  string
	looked time.Time
}

// certificateLook is how often the files are looked at, at most.
const certificateLook = time.Second

// newCertificate reads the files a first time.
func newCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	stamp := c.stampNow()
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of http.tls_cert and http.tls_key: %w", err)
	}
	c.pair, c.stamp, c.looked = &pair, stamp, time.Now()
	return c, nil
}

func (c *certificate) stampNow() string {
	text := ""
	for _, path := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(path); err == nil {
			text += fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size(), " ")
		}
	}
	return text
}

// get returns the certificate of the moment. While the files don't fit together, as in the
// middle of a renewal, that is the one before.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < certificateLook {
		return c.pair, nil
	}
	c.looked = time.Now()
	stamp := c.stampNow()
	if stamp == c.stamp {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		c.log.Warn("the changed files of the certificate can't be used, the one before goes on", "error", err)
		return c.pair, nil
	}
	c.pair, c.stamp = &pair, stamp
	c.log.Info("the certificate was read again")
	return c.pair, nil
}

// config is nil where there is no certificate.
func (c *certificate) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}
