package notify

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

// Message is what tests send.
type Message struct{ ID, Title, Text, Job, BackupID, URL string }

// Deliver sends a message to a notifier as the service does.
func Deliver(ctx context.Context, policy *outgoing.Policy, roots *x509.CertPool, n models.Notifier, m Message) error {
	return newSender(policy, roots).send(ctx, n, message{id: m.ID, event: models.EventFailed, title: m.Title, text: m.Text, job: m.Job, backupID: m.BackupID, url: m.URL,
		at: time.Date(2026, 7, 2, 3, 4, 5, 0, time.UTC)})
}

// Pause and Tries are how long is waited after an attempt, and how many there are.
var Pause = pause

const Tries = tries
