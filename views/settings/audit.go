package settings

import (
	"net/url"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/account"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// AuditForm is what narrows the list, as it was typed.
type AuditForm struct {
	Actor, Action string
	Outcome       models.AuditOutcome
	// Since and Until are days, as YYYY-MM-DD; both are shown.
	Since, Until string
}

// Values are the form as an address has it.
func (f AuditForm) Values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"actor": f.Actor, "action": f.Action, "outcome": string(f.Outcome), "since": f.Since, "until": f.Until} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// AuditFacts is a part of the log.
type AuditFacts struct {
	// Entries are newest first.
	Entries []models.AuditEntry
	Form    AuditForm
	// Start says that the part is the newest, Older marks the next; empty when there is none.
	Start bool
	Older string
	// Problem says what is wrong with the form; empty when nothing is.
	Problem string
}

// AuditView is the page of the audit log.
type AuditView struct {
	Page     layout.Page
	Rows     []AuditRow
	Form     AuditForm
	Filtered bool
	Outcomes []OutcomeChoice
	// Nouns are what the actions begin with.
	Nouns                        []string
	NewestPath, OlderPath        string
	CSVPath, LinesPath, BasePath string
	Problem                      string
}

// OutcomeChoice is an outcome to choose; the empty one is all.
type OutcomeChoice struct {
	Value, Label string
	Selected     bool
}

// AuditRow is one entry.
type AuditRow struct {
	ID   string
	When components.Moment
	// Who did it, and How says how that is known where it is no person.
	Who, How string
	Action   string
	Subject  string
	// SubjectPath leads to it; empty where it leads nowhere.
	SubjectPath string
	Chip        components.Chip
	Detail      string
	From, Agent string
}

// AuditNouns are what actions begin with, for choosing from.
var AuditNouns = []string{"alarm", "audit", "backup", "drill", "drive", "dump", "job", "key", "restore", "secret", "session", "user"}

// NewAuditView builds the page.
func NewAuditView(page layout.Page, f AuditFacts, now time.Time) AuditView {
	values := f.Form.Values()
	v := AuditView{Page: page, Form: f.Form, Filtered: len(values) > 0, Nouns: AuditNouns, Problem: human.Sentence(f.Problem)}
	for _, o := range []OutcomeChoice{{Label: "Any outcome"}, {Value: string(models.AuditBegun), Label: "Begun"}, {Value: string(models.AuditDone), Label: "Done"}, {Value: string(models.AuditRefused), Label: "Refused"}, {Value: string(models.AuditFailed), Label: "Failed"}} {
		o.Selected = o.Value == string(f.Form.Outcome)
		v.Outcomes = append(v.Outcomes, o)
	}
	for _, e := range f.Entries {
		v.Rows = append(v.Rows, newAuditRow(e, now))
	}
	v.BasePath = with(AuditPath, values, "", "")
	if !f.Start {
		v.NewestPath = v.BasePath
	}
	if f.Older != "" {
		v.OlderPath = with(AuditPath, values, "after", f.Older)
	}
	v.CSVPath, v.LinesPath = with(AuditPath+"/export", values, "Format", "csv"), with(AuditPath+"/export", values, "Format", "json")
	return v
}

// with returns an address with one more value.
func with(path string, values url.Values, name, value string) string {
	all := url.Values{}
	for k, v := range values {
		all[k] = v
	}
	if name != "" {
		all.Set(name, value)
	}
	if len(all) == 0 {
		return path
	}
	return path + "?" + all.Encode()
}

func newAuditRow(e models.AuditEntry, now time.Time) AuditRow {
	r := AuditRow{
		ID: e.ID, When: components.Ago(now, &e.At), Who: e.Actor, How: actorWords(e.Kind), Action: e.Action, Subject: e.Subject,
		Chip: outcomeChip(e.Outcome), Detail: human.Sentence(e.Detail), From: e.Address,
	}
	r.SubjectPath = subjectPath(e)
	// Where it was not known to what, the log has the noun of the action alone.
	if noun, _, _ := strings.Cut(e.Action, "."); r.Subject == noun {
		r.Subject = ""
	}
	if e.Agent != "" && e.Kind != models.ActorCommand {
		r.Agent = account.Browser(e.Agent)
	}
	return r
}

// subjectPath leads to what something was done to, where that has a page. What is gone by
// now has one that says so.
func subjectPath(e models.AuditEntry) string {
	noun, _, _ := strings.Cut(e.Action, ".")
	base, known := map[string]string{"backup": "/backups/", "job": "/jobs/", "restore": "/restores/", "drill": "/drills/"}[noun]
	if !known || models.CheckID(e.SubjectID) != nil {
		return ""
	}
	return base + e.SubjectID
}

func actorWords(k models.ActorKind) string {
	switch k {
	case models.ActorKey:
		return "API key"
	case models.ActorLocal:
		return "on the server"
	case models.ActorCommand:
		return "command line"
	case models.ActorLink:
		return "download link"
	case models.ActorNobody:
		return "not signed in"
	}
	return ""
}

func outcomeChip(o models.AuditOutcome) components.Chip {
	switch o {
	case models.AuditBegun:
		return components.Chip{Tone: components.ToneQuiet, Icon: "play", Text: "Begun"}
	case models.AuditDone:
		return components.Chip{Tone: components.ToneGood, Icon: "check", Text: "Done"}
	case models.AuditRefused:
		return components.Chip{Tone: components.ToneWarn, Icon: "stop", Text: "Refused"}
	}
	return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Failed"}
}
