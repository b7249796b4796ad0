package web

import (
	"context"
	"slices"

	"github.com/backupman/backupman/models"
)

// fakeNotify sends nothing. A test fails with the sentence in failing, when there is one.
type fakeNotify struct {
	notifiers []models.Notifier
	sent      []models.Notification // newest first
	failing   string
	again     []string
}

func (n *fakeNotify) Notifiers(context.Context) []models.Notifier { return n.notifiers }

func (n *fakeNotify) History(_ context.Context, notifier string, limit int) ([]models.Notification, error) {
	var found []models.Notification
	for _, s := range n.sent {
		if (notifier == "" || s.Notifier == notifier) && len(found) < limit {
			found = append(found, s)
		}
	}
	return found, nil
}

func (n *fakeNotify) Notification(_ context.Context, id string) (models.Notification, error) {
	for _, s := range n.sent {
		if s.ID == id {
			return s, nil
		}
	}
	return models.Notification{}, models.NotFoundf("there is no notification %s", id)
}

func (n *fakeNotify) Test(_ context.Context, label string) (models.Notification, error) {
	sent := models.Notification{ID: models.NewID(), Notifier: label, Event: models.EventTest, Title: "A test", Body: "Somebody asked for it.", Status: models.StatusFinished,
		Error: n.failing, Attempts: 1, CreatedAt: testNow, SettledAt: &testNow}
	if n.failing != "" {
		sent.Status = models.StatusFailed
	}
	n.sent = slices.Insert(n.sent, 0, sent)
	return sent, nil
}

func (n *fakeNotify) Again(_ context.Context, id string) error {
	n.again = append(n.again, id)
	for i := range n.sent {
		if n.sent[i].ID == id {
			n.sent[i].Status, n.sent[i].Error, n.sent[i].NextAt = models.StatusPending, "", &testNow
		}
	}
	return nil
}
