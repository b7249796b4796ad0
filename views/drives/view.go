package drives

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/plan"
)

// Facts is everything that is known of one drive.
type Facts struct {
	Drive models.Drive
	// Check is the newest one; nil when there was none.
	Check  *models.DriveCheck
	Totals models.DriveTotals
	// Checking says that a check runs that was asked for here, and Problem why the
	// newest of those left no result.
	Checking bool
	Problem  string
	// SignsIn says that a person signs in to the drive's provider, Trusts that the
	// drive's server is known by a key.
	SignsIn, Trusts bool
	// Origin says where it comes from.
	Origin models.Origin
	// Own says that it is shown on its own page.
	Own bool
	// Next is the page that a sign-in or the trust in a key leads back to; empty for the
	// page of drives.
	Next string
}

// View is the page of drives.
type View struct {
	Page  layout.Page
	Cards []Card
	// Welcome is shown after a sign-in; nil otherwise.
	Welcome *Welcome
	// Done says what has just been done; empty when nothing was.
	Done string
	// Closed says that drives can't be added on pages.
	Closed bool
	// Left are those that are set up and do not run.
	Left []plan.Left
}

// Welcome says that a sign-in succeeded, and what a check of the drive then found.
type Welcome struct {
	Tone            components.Tone
	Icon            string
	Title, Sentence string
}

// Card is one drive.
type Card struct {
	ID, Label, Provider, Where string
	Chip                       components.Chip
	// Checked is when the newest check was, Good when one last passed.
	Checked, Good components.Moment
	// Failing says that the newest check failed, and Error why.
	Failing  bool
	Error    string
	Checking bool
	// Room is how much is free, in words.
	Room           string
	Copies, Failed int64
	Bytes          int64
	// Actions are what can be asked for. KeyPath leads to the key that the server
	// shows; empty where there is none to look at.
	Actions []components.Action
	KeyPath string
	Origin  models.Origin
	// Own says that the card is on the drive's own page, which names it already.
	Own bool
	// Next is as in Facts.
	Next string
}

// Path returns the address of a drive, below which its actions are.
func Path(id string) string { return "/drives/" + id }

// NewView builds the page, what wants a look first. A drive that was signed in to just
// now is greeted.
func NewView(page layout.Page, all []Facts, signedIn string, now time.Time) View {
	v := View{Page: page}
	for _, f := range all {
		v.Cards = append(v.Cards, NewCard(f, now))
		if f.Drive.ID == signedIn && f.SignsIn {
			v.Welcome = newWelcome(f)
		}
	}
	slices.SortStableFunc(v.Cards, func(a, b Card) int { return a.urgency() - b.urgency() })
	return v
}

// urgency puts what wants a look first. A check that runs changes nothing, so that a
// card keeps its place while it is waited for.
func (c Card) urgency() int {
	if c.Failing {
		return 0
	}
	return 1
}

// NewCard builds the card of a drive.
func NewCard(f Facts, now time.Time) Card {
	c := Card{
		ID: f.Drive.ID, Label: f.Drive.Label, Provider: backups.ProviderName(f.Drive.Provider), Where: Where(f.Drive),
		Chip: chip(f), Checking: f.Checking, Room: room(f.Check),
		Copies: f.Totals.Finished, Failed: f.Totals.Failed, Bytes: f.Totals.Bytes, Actions: actions(f),
		Origin: f.Origin, Own: f.Own, Next: f.Next,
	}
	if f.Check != nil {
		c.Checked, c.Good = components.Ago(now, &f.Check.CheckedAt), components.Ago(now, f.Check.GoodAt)
		c.Failing, c.Error = !f.Check.Good(), human.Sentence(OwnWords(f.Check.Error, c.Label))
	}
	if f.Problem != "" && !f.Checking {
		c.Failing, c.Error = true, human.Sentence(f.Problem)
	}
	if f.Trusts && (c.Failing || f.Check == nil) && !f.Checking {
		c.KeyPath = Path(c.ID) + "/key" + with(false, f.Next)
	}
	return c
}

// OwnWords is the sentence of an error without the drive's name before it, for where
// the name is said already.
func OwnWords(problem, label string) string {
	return strings.TrimPrefix(problem, "drive "+strconv.Quote(label)+": ")
}

func chip(f Facts) components.Chip {
	switch {
	case f.Checking:
		return components.Chip{Tone: components.ToneBusy, Icon: "turning", Text: "Checking"}
	case f.Problem != "":
		return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Not checked"}
	case f.Check == nil:
		return components.Chip{Tone: components.ToneQuiet, Icon: "circle", Text: "Not checked yet"}
	case f.Check.Good():
		return components.Chip{Tone: components.ToneGood, Icon: "check", Text: "Works"}
	case f.Check.NeedsSignIn && f.SignsIn && f.Check.GoodAt == nil:
		return components.Chip{Tone: components.ToneBad, Icon: "warning", Text: "Sign in"}
	case f.Check.NeedsSignIn && f.SignsIn:
		return components.Chip{Tone: components.ToneBad, Icon: "warning", Text: "Sign in again"}
	}
	return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Failed"}
}

// room says how much is free, as far as the provider tells.
func room(c *models.DriveCheck) string {
	switch {
	case c == nil || !c.Good():
		return "not known"
	case c.Free >= 0 && c.Total > 0:
		return human.Bytes(c.Free) + " of " + human.Bytes(c.Total)
	case c.Free >= 0:
		return human.Bytes(c.Free)
	}
	return "not told by the provider"
}

func actions(f Facts) []components.Action {
	id := f.Drive.ID
	check := components.Action{
		ID: "check-" + id, Path: Path(id) + "/check" + with(f.Own, f.Next), Label: "Check now", Icon: "retry", About: f.Drive.Label,
		Swap: "closest article", Waits: f.Checking, Needs: models.ScopeRun,
	}
	if !f.SignsIn {
		return []components.Action{check}
	}
	wanted := f.Check == nil || f.Check.NeedsSignIn
	signIn := components.Action{
		ID: "sign-in-" + id, Path: Path(id) + "/sign-in" + with(false, f.Next), Label: signInWords(f.Drive.Provider), Icon: "shield",
		About: f.Drive.Label, Primary: wanted, Needs: models.ScopeAdmin,
	}
	if wanted {
		return []components.Action{signIn, check}
	}
	return []components.Action{check, signIn}
}

func signInWords(provider string) string {
	if provider == "google_drive" {
		return "Sign in with Google"
	}
	return "Sign in to " + backups.ProviderName(provider)
}

func newWelcome(f Facts) *Welcome {
	w := &Welcome{Tone: components.ToneGood, Icon: "check", Title: "You are signed in", Sentence: Announcement(f)}
	switch {
	case f.Checking:
		w.Tone, w.Icon = components.ToneBusy, "clock"
	case f.Check == nil || !f.Check.Good() || f.Problem != "":
		w.Tone, w.Icon = components.ToneWarn, "warning"
	}
	return w
}

// Announcement says what a check of a drive found.
func Announcement(f Facts) string {
	label := f.Drive.Label
	switch {
	case f.Checking:
		return "The drive " + label + " is being checked."
	case f.Problem != "":
		return "The drive " + label + " could not be checked: " + human.Sentence(f.Problem)
	case f.Check == nil:
		return "The drive " + label + " was not checked yet."
	case f.Check.Good():
		return "The drive " + label + " was checked and works."
	}
	return "The check of the drive " + label + " has failed: " + human.Sentence(OwnWords(f.Check.Error, label))
}
