package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Notify is what the API asks of the service that tells people of events.
type Notify interface {
	// History returns the newest notifications of a notifier, or of all.
	History(ctx context.Context, notifier string, limit int) ([]models.Notification, error)
	// Test sends a message to a notifier now and returns what became of it.
	Test(ctx context.Context, label string) (models.Notification, error)
}

// Notification is one event on its way to one notifier.
type Notification struct {
	ID       string `json:"Id"`
	Notifier string
	Event    models.Event
	Title    string
	Text     string
	JobID    *string `json:"JobId"`
	BackupID *string `json:"BackupId"`
	Status   models.Status
	Attempts int
	Error    *string
	// NextAt is when it is tried next, null once it has settled.
	NextAt    *time.Time
	CreatedAt time.Time
	SettledAt *time.Time
}

// Notifications are what GET /api/notifications answers.
type Notifications struct{ Results []Notification }

func newNotification(n models.Notification) Notification {
	return Notification{ID: n.ID, Notifier: n.Notifier, Event: n.Event, Title: n.Title, Text: n.Body, JobID: orNull(n.JobID), BackupID: orNull(n.BackupID),
		Status: n.Status, Attempts: n.Attempts, Error: orNull(n.Error), NextAt: known(n.NextAt), CreatedAt: whole(n.CreatedAt), SettledAt: known(n.SettledAt)}
}

// ListNotifications answers GET /api/notifications with the newest, at most Limit, or 100;
// with ?Notifier= those of one.
func (h *Handlers) ListNotifications(c *gin.Context) error {
	notifier, limit := "", defaultPart
	err := setAll(c.Request.URL.Query(), map[string]func(string) error{
		"Notifier": func(v string) error { notifier = v; return nil },
		"Limit":    func(v string) (err error) { limit, err = parseLimit(v); return err },
	})
	if err != nil {
		return err
	}
	found, err := h.Notify.History(c.Request.Context(), notifier, limit)
	if err != nil {
		return err
	}
	all := make([]Notification, 0, len(found))
	for _, n := range found {
		all = append(all, newNotification(n))
	}
	c.PureJSON(http.StatusOK, Notifications{all})
	return nil
}

// TestNotifier answers POST /api/notifiers/:id/test, by the notifier's label, with what
// became of the test: Status is finished or failed.
func (h *Handlers) TestNotifier(c *gin.Context) error {
	label := c.Param("id")
	identity.Note(c, "notifier "+label, "", "")
	n, err := h.Notify.Test(c.Request.Context(), label)
	if err != nil {
		return err
	}
	if n.Error != "" {
		identity.NoteRefusal(c, n.Error)
	}
	c.PureJSON(http.StatusOK, newNotification(n))
	return nil
}
