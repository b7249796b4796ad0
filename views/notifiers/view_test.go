package notifiers

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/layout"
)

var now = time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)

func TestStates(t *testing.T) {
	at := func(d time.Duration) *time.Time { moment := now.Add(d); return &moment }
	for name, tc := range map[string]struct {
		n      models.Notification
		text   string
		tone   components.Tone
		moving bool
		again  bool
		tries  string
	}{
		"sent":               {models.Notification{Status: models.StatusFinished, Attempts: 1, SettledAt: at(0)}, "Sent", components.ToneGood, false, true, ""},
		"sent after trouble": {models.Notification{Status: models.StatusFinished, Attempts: 3, SettledAt: at(0)}, "Sent", components.ToneGood, false, true, "tried 3 times"},
		"given up":           {models.Notification{Status: models.StatusFailed, Attempts: 1, Error: "no", SettledAt: at(0)}, "Given up", components.ToneBad, false, true, "tried once"},
		"waiting for long":   {models.Notification{Status: models.StatusPending, Attempts: 2, Error: "no", NextAt: at(time.Hour)}, "Trying again", components.ToneWarn, false, false, "tried twice"},
		"waiting a moment":   {models.Notification{Status: models.StatusPending, Attempts: 2, Error: "no", NextAt: at(time.Second)}, "Trying again", components.ToneWarn, true, false, "tried twice"},
		"fresh":              {models.Notification{Status: models.StatusPending, NextAt: at(0)}, "On its way", components.ToneBusy, true, false, ""},
	} {
		tc.n.CreatedAt = now
		v := NewHistoryView([]models.Notification{tc.n}, now)
		l := v.Lines[0]
		if l.State.Text != tc.text || l.State.Tone != tc.tone || v.Moving != tc.moving || l.Again != tc.again || l.Tries != tc.tries {
			t.Errorf("%s: %+v, moving %t, again %t, %q", name, l.State, v.Moving, l.Again, l.Tries)
		}
	}
}

func TestCards(t *testing.T) {
	v := NewListView(layout.Page{}, []Facts{
		{Notifier: models.Notifier{Label: "a/b ü"}, Kind: "Mail"},
		{Notifier: models.Notifier{Label: "a-b-u", Events: []models.Event{models.EventProven, models.EventFailed}, Jobs: []string{"shop", "crm"}}, Kind: "Mail"},
	}, nil, now)
	if v.Cards[0].ID == v.Cards[1].ID || strings.ContainsAny(v.Cards[0].ID, "/ ü") {
		t.Errorf("the ids are %q and %q", v.Cards[0].ID, v.Cards[1].ID)
	}
	if c := v.Cards[0]; c.Last.Text != "Nothing sent yet" || c.Jobs != "all jobs" || c.Events != "what needs attention, and when it is over" {
		t.Errorf("a fresh one is %+v", c)
	}
	if c := v.Cards[1]; c.Events != "a backup failed and a drill proved a backup" || c.Jobs != "shop and crm" {
		t.Errorf("a narrow one is %+v", c)
	}
}

// Every event that can be chosen has words of its own.
func TestEventWords(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range append(models.Events(), models.EventTest) {
		words := EventWords(e)
		if words == string(e) || seen[words] || e != models.EventTest && eventHint(e) == "" {
			t.Errorf("%s is called %q, %q", e, words, eventHint(e))
		}
		seen[words] = true
	}
}
