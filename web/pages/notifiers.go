package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/notifiers"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/web/identity"
)

// Notify is what pages ask of the service that tells people of events.
type Notify interface {
	// Notifiers returns those that are configured, without their secrets.
	Notifiers(ctx context.Context) []models.Notifier
	// History returns the newest notifications of a notifier, or of all.
	History(ctx context.Context, notifier string, limit int) ([]models.Notification, error)
	// Notification returns one, or models.ErrNotFound.
	Notification(ctx context.Context, id string) (models.Notification, error)
	// Test sends a message to a notifier now and returns what became of it.
	Test(ctx context.Context, label string) (models.Notification, error)
	// Again sends a notification once more; models.ErrConflict for one that is on its way.
	Again(ctx context.Context, id string) error
}

// historyLength is how many notifications are listed.
const historyLength = 50

// testedParameter is what the address says of a test that was just asked for.
const testedParameter = "tested"

// NotifierList answers GET /notifiers.
func (h *Handlers) NotifierList(c *gin.Context) error {
	ctx := c.Request.Context()
	all, err := h.notifierFacts(ctx)
	if err != nil {
		return err
	}
	h.addTest(c, all)
	sent, err := h.Notify.History(ctx, "", historyLength)
	if err != nil {
		return err
	}
	v := notifiers.NewListView(h.page("Notifications", notifiers.Path), all, sent, h.Now())
	v.Closed, v.Linkless = h.Planner == nil, h.AppURL == ""
	if v.Left, err = h.leftOut(ctx, plan.Notifiers); err != nil {
		return err
	}
	switch c.Query("done") {
	case "saved":
		v.Done = "The notifier is saved."
	case "removed":
		v.Done = "The notifier was deleted."
	}
	return Render(c, http.StatusOK, notifiers.List(v))
}

// addTest adds to the facts of a notifier what the test gave that the address names.
func (h *Handlers) addTest(c *gin.Context, all []notifiers.Facts) {
	id := c.Query(testedParameter)
	if models.CheckID(id) != nil {
		return
	}
	n, err := h.Notify.Notification(c.Request.Context(), id)
	if err != nil || n.Event != models.EventTest {
		return
	}
	for i := range all {
		if all[i].Notifier.Label == n.Notifier {
			all[i].Tested = &n
		}
	}
}

// NotifierHistory answers GET /notifiers/history with what was sent, for a page on which
// something is on its way.
func (h *Handlers) NotifierHistory(c *gin.Context) error {
	sent, err := h.Notify.History(c.Request.Context(), "", historyLength)
	if err != nil {
		return err
	}
	return Render(c, http.StatusOK, notifiers.HistoryFragment(notifiers.NewHistoryView(sent, h.Now())))
}

// Notifier answers GET /notifiers/:id: a notifier has no page besides its card.
func (h *Handlers) Notifier(c *gin.Context) error { return seeOther(c, notifiers.Path) }

func (h *Handlers) notifierFacts(ctx context.Context) ([]notifiers.Facts, error) {
	var all []notifiers.Facts
	for _, n := range h.Notify.Notifiers(ctx) {
		f, err := h.factsOfNotifier(ctx, n)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (h *Handlers) factsOfNotifier(ctx context.Context, n models.Notifier) (f notifiers.Facts, err error) {
	f = notifiers.Facts{Notifier: n, Kind: n.Provider}
	if kind, err := notify.Lookup(n.Provider); err == nil {
		f.Kind = kind.Name
	}
	if f.Origin, err = h.origin(ctx, models.PlanNotifier, n.Label); err != nil {
		return f, err
	}
	last, err := h.Notify.History(ctx, n.Label, 1)
	if err != nil {
		return f, fmt.Errorf("find what was sent to %s: %w", n.Label, err)
	}
	if len(last) > 0 {
		f.Last = &last[0]
	}
	return f, nil
}

// notifier returns the one that the path names.
func (h *Handlers) notifier(c *gin.Context) (models.Notifier, error) {
	label := c.Param("id")
	for _, n := range h.Notify.Notifiers(c.Request.Context()) {
		if n.Label == label {
			return n, nil
		}
	}
	return models.Notifier{}, models.NotFoundf("there is no notifier called %q in the configuration", label)
}

// TestNotifier answers POST /notifiers/:id/test when it is known what became of the test.
func (h *Handlers) TestNotifier(c *gin.Context) error {
	fragment := IsFragment(c)
	n, err := h.notifier(c)
	if err != nil {
		return err
	}
	identity.Note(c, "notifier "+n.Label, "", "")
	sent, err := h.Notify.Test(c.Request.Context(), n.Label)
	if err != nil {
		return err
	}
	if sent.Error != "" {
		identity.NoteRefusal(c, sent.Error)
	}
	if !fragment {
		return seeOther(c, tested(sent))
	}
	f, err := h.factsOfNotifier(c.Request.Context(), n)
	if err != nil {
		return err
	}
	f.Tested = &sent
	card := notifiers.NewCard(f, h.Now())
	return Render(c, http.StatusOK, notifiers.CardFragment(card, h.Planner == nil))
}

// tested is the page that shows what a test gave.
func tested(n models.Notification) string {
	return notifiers.Path + "?" + url.Values{testedParameter: {n.ID}}.Encode()
}

// SendAgain answers POST /notifications/:id/again.
func (h *Handlers) SendAgain(c *gin.Context) error {
	fragment := IsFragment(c)
	id, err := pathID(c)
	if err != nil {
		return err
	}
	n, err := h.Notify.Notification(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "notification to "+n.Notifier, id, human.Sentence(n.Title))
	if err := h.Notify.Again(c.Request.Context(), id); err != nil {
		return err
	}
	if fragment {
		return h.NotifierHistory(c)
	}
	return seeOther(c, notifiers.Path+"#history")
}
