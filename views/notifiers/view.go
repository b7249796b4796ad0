package notifiers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/plan"
)

// Path is where the list of notifiers is; HistoryPath is what was sent, as a part of it.
const (
	Path        = layout.NotifiersPath
	HistoryPath = Path + "/history"
)

// AgainPath is where a notification is sent once more.
func AgainPath(id string) string { return "/notifications/" + id + "/again" }

// Key is the label of a notifier as it stands in addresses.
func Key(label string) string { return url.PathEscape(label) }

// TestPath is where a test of a notifier is asked for.
func TestPath(label string) string { return plan.Notifiers.Show(Key(label)) + "/test" }

// Facts is what is known of one notifier.
type Facts struct {
	Notifier models.Notifier
	// Kind is its kind in words.
	Kind   string
	Origin models.Origin
	// Last is the newest notification to it; nil when there is none.
	Last *models.Notification
	// Tested is a test that was just asked for; nil when none was.
	Tested *models.Notification
}

// ListView is the page of all notifiers.
type ListView struct {
	Page    layout.Page
	Cards   []Card
	History HistoryView
	// Done says what has just been done; Closed says that nothing can be set up here.
	Done   string
	Closed bool
	// Linkless says that messages have no links, because the address of the pages is not known.
	Linkless bool
	// Left are those that are set up and do not run.
	Left []plan.Left
}

// Card is one notifier.
type Card struct {
	ID, Label, Kind string
	Origin          models.Origin
	// Events and Jobs are in words.
	Events, Jobs string
	// Last is how the newest delivery stands, At when what it tells of happened.
	Last  components.Chip
	At    components.Moment
	Error string
	Test  *Outcome
}

// Outcome is what a test gave.
type Outcome struct {
	Tone        components.Tone
	Icon, Title string
	Sentence    string
}

// NewListView builds the page.
func NewListView(page layout.Page, all []Facts, history []models.Notification, now time.Time) ListView {
	v := ListView{Page: page, History: NewHistoryView(history, now)}
	for _, f := range all {
		v.Cards = append(v.Cards, NewCard(f, now))
	}
	return v
}

// NewCard builds the card of one notifier.
func NewCard(f Facts, now time.Time) Card {
	c := Card{
		ID: "notifier-" + slug(f.Notifier.Label), Label: f.Notifier.Label, Kind: f.Kind, Origin: f.Origin, Events: eventsIn(f.Notifier), Jobs: "all jobs",
		Last: components.Chip{Tone: components.ToneQuiet, Icon: "circle", Text: "Nothing sent yet"},
	}
	if len(f.Notifier.Jobs) > 0 {
		c.Jobs = human.List(f.Notifier.Jobs)
	}
	if f.Last != nil {
		c.Last, c.At, c.Error = state(*f.Last), components.Ago(now, &f.Last.CreatedAt), human.Sentence(f.Last.Error)
	}
	if f.Tested != nil {
		outcome := outcomeOf(*f.Tested)
		c.Test = &outcome
	}
	return c
}

// slug makes an id for a page of a label.
func slug(label string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, label) + fmt.Sprintf("-%x", len(label))
}

func eventsIn(n models.Notifier) string {
	if len(n.Events) == 0 {
		return "what needs attention, and when it is over"
	}
	var words []string
	for _, e := range models.Events() {
		if slices.Contains(n.Events, e) {
			words = append(words, strings.ToLower(EventWords(e)[:1])+EventWords(e)[1:])
		}
	}
	return human.List(words)
}

// EventWords say when an event happens.
func EventWords(e models.Event) string {
	switch e {
	case models.EventFailed:
		return "A backup failed"
	case models.EventFinished:
		return "A backup finished"
	case models.EventOverdue:
		return "A backup is overdue"
	case models.EventRecovered:
		return "Backups work again"
	case models.EventDisproven:
		return "A drill found a backup wrong"
	case models.EventProven:
		return "A drill proved a backup"
	case models.EventAlarm:
		return "A backup holds something unusual"
	case models.EventDriveFailing:
		return "A drive does not work"
	case models.EventDriveGood:
		return "A drive works again"
	case models.EventLeftOut:
		return "Something set up does not run"
	case models.EventTest:
		return "A test"
	}
	return string(e)
}

// state says how a notification stands.
func state(n models.Notification) components.Chip {
	switch {
	case n.Status == models.StatusFinished:
		return components.Chip{Tone: components.ToneGood, Icon: "check", Text: "Sent"}
	case n.Status == models.StatusFailed:
		return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Given up"}
	case n.Error != "":
		return components.Chip{Tone: components.ToneWarn, Icon: "retry", Text: "Trying again"}
	}
	return components.Chip{Tone: components.ToneBusy, Icon: "waiting", Text: "On its way"}
}

func outcomeOf(n models.Notification) Outcome {
	switch n.Status {
	case models.StatusFinished:
		return Outcome{Tone: components.ToneGood, Icon: "check", Title: "The test was sent", Sentence: "See whether it arrived where people look."}
	case models.StatusFailed:
		return Outcome{Tone: components.ToneBad, Icon: "cross", Title: "The test was not sent", Sentence: human.Sentence(n.Error)}
	}
	return Outcome{Tone: components.ToneBusy, Icon: "waiting", Title: "The test is on its way", Sentence: "What becomes of it is in the list below."}
}

// Announcement says what a test gave to those who hear the page.
func (c Card) Announcement() string {
	if c.Test == nil {
		return ""
	}
	return c.Test.Title + ". " + c.Test.Sentence
}

// HistoryView is what was sent lately.
type HistoryView struct {
	Lines []Line
	// Moving says that something is sent now or soon, so that the page asks again.
	Moving bool
}

// Line is one notification.
type Line struct {
	ID, Title, Notifier, Path string
	At                        components.Moment
	State                     components.Chip
	// Text is what was sent, Error why the newest attempt failed.
	Text, Error string
	Tries       string
	Next        components.Moment
	// Again says that it can be sent once more.
	Again bool
}

// soon is how close the next attempt is that a page waits for.
const soon = time.Minute

// NewHistoryView builds the list of what was sent.
func NewHistoryView(all []models.Notification, now time.Time) HistoryView {
	var v HistoryView
	for _, n := range all {
		l := Line{ID: n.ID, Title: n.Title, Notifier: n.Notifier, Path: pathOf(n), At: components.Ago(now, &n.CreatedAt), State: state(n), Text: n.Body,
			Error: human.Sentence(n.Error), Next: components.Ago(now, n.NextAt), Again: n.Status.Settled()}
		if n.Attempts > 1 || n.Error != "" {
			l.Tries = fmt.Sprintf("tried %s", times(n.Attempts))
		}
		v.Lines = append(v.Lines, l)
		v.Moving = v.Moving || !n.Status.Settled() && n.NextAt != nil && n.NextAt.Before(now.Add(soon))
	}
	return v
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// pathOf is the page that a notification is about; empty for none.
func pathOf(n models.Notification) string {
	switch {
	case n.BackupID != "":
		return "/backups/" + n.BackupID
	case n.JobID != "":
		return "/jobs/" + n.JobID
	case n.Event == models.EventDriveFailing || n.Event == models.EventDriveGood:
		drive, _, _ := strings.Cut(n.About, "/")
		return "/drives/" + drive
	case n.Event == models.EventLeftOut:
		return "/"
	}
	return ""
}
