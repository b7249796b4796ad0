package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

// sendTime bounds one attempt to send.
const sendTime = 30 * time.Second

// message is what is sent.
type message struct {
	id    string
	event models.Event
	title string
	text  string
	// job is the label of the job that it is about; it and backupID may be empty.
	job, backupID string
	// url is the page that shows what it is about; empty where the address of the pages is
	// not known.
	url string
	at  time.Time
}

// body is the text with the address of the page below it.
func (m message) body() string {
	if m.url == "" {
		return m.text
	}
	return m.text + "\n\n" + m.url
}

// sender sends messages. Whom it connects to is the policy's to say.
type sender struct {
	client *http.Client
	dialer *net.Dialer
	roots  *x509.CertPool
}

// newSender returns a sender; roots are nil for the authorities that the machine trusts.
func newSender(policy *outgoing.Policy, roots *x509.CertPool) *sender {
	client := policy.Client()
	if t, ok := client.Transport.(*http.Transport); ok && roots != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &sender{client: client, dialer: policy.Dialer(net.Dialer{Timeout: sendTime}), roots: roots}
}

// send sends a message to a notifier whose secrets are resolved. Its error is a *Failure.
func (s *sender) send(ctx context.Context, n models.Notifier, m message) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	switch n.Provider {
	case Webhook:
		return s.post(ctx, n.Settings, m)
	case Mail:
		return s.mail(ctx, n.Settings, m)
	}
	return final("there is no kind of notifier %q: choose another one", n.Provider)
}
