package plan

import (
	"regexp"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// Found is what trying a source or a drive found.
type Found struct {
	// Good says that it works as it is.
	Good            bool
	Tone            components.Tone
	Icon            string
	Title, Sentence string
	Facts           []FoundFact
	// Problems keep backups from being made, Warnings do not; both are sentences.
	Problems, Warnings []string
	// Grants are statements, one a line, that give the account what it lacks.
	Grants string
}

// FoundFact is one thing that is known now.
type FoundFact struct{ Term, Text string }

// NewFound tells what a trial found.
func NewFound(t models.Trial) Found {
	f := Found{Good: t.Good(), Tone: components.ToneGood, Icon: "check"}
	switch {
	case t.Source != nil && !t.Reached() && t.Error == "":
		f.Title, f.Problems = "It does not work yet", human.Sentences(ownAll(t.Source.Problems))
	case t.Source != nil:
		f.source(*t.Source)
	case t.Drive != nil:
		f.drive(*t.Drive)
	}
	if t.Took > 0 {
		f.Facts = append(f.Facts, FoundFact{"Took", human.Duration(t.Took)})
	}
	if t.Error != "" {
		f.Title, f.Sentence = "It does not work yet", human.Sentence(ownWords(t.Error))
	}
	if !f.Good && f.Tone == components.ToneGood {
		f.Tone, f.Icon = components.ToneBad, "cross"
	}
	return f
}

func (f *Found) source(r models.SourceReport) {
	f.Title, f.Sentence = "It is reached, and all of it can be backed up", ""
	if n := len(r.Problems); n > 0 {
		f.Tone, f.Icon = components.ToneWarn, "warning"
		f.Title, f.Sentence = "It is reached, but it can't be backed up yet", human.Plural(int64(n), "thing is missing.", "things are missing.")
	}
	f.fact("Server", r.ServerVersion)
	f.fact("Tool", strings.TrimSpace(r.Tool+" "+r.ToolVersion))
	if r.ServerVersion != "" || r.Tables > 0 {
		f.fact("Tables", human.Count(int64(r.Tables)))
	}
	if r.Size > 0 {
		f.fact("Size", "about "+human.Bytes(r.Size))
	}
	f.Problems, f.Warnings = human.Sentences(ownAll(r.Problems)), human.Sentences(ownAll(r.Warnings))
	f.Grants = strings.Join(r.Grants, "\n")
}

func (f *Found) drive(c models.DriveCheck) {
	f.Title = "It works: a file was written, read back and deleted"
	if !c.Good() {
		f.Title, f.Sentence = "It does not work yet", human.Sentence(ownWords(c.Error))
	}
	if c.NeedsSignIn {
		f.Tone, f.Icon, f.Title = components.ToneWarn, "warning", "Somebody has to sign in to it"
		return
	}
	switch {
	case c.Good() && c.Free >= 0 && c.Total > 0:
		f.fact("Free space", human.Bytes(c.Free)+" of "+human.Bytes(c.Total))
	case c.Good() && c.Free >= 0:
		f.fact("Free space", human.Bytes(c.Free))
	}
}

func (f *Found) fact(term, text string) {
	if text != "" {
		f.Facts = append(f.Facts, FoundFact{term, text})
	}
}

// Summary is what was found in one line, such as "MariaDB 11.8 · 12 tables · about 3 MB".
func (f Found) Summary() string {
	var parts []string
	for _, fact := range f.Facts {
		switch fact.Term {
		case "Server", "Size":
			parts = append(parts, fact.Text)
		case "Tables":
			noun := " tables"
			if fact.Text == "1" {
				noun = " table"
			}
			parts = append(parts, fact.Text+noun)
		}
	}
	return strings.Join(parts, " · ")
}

// ownAll are sentences, one a line, each without the name of what was tried.
func ownAll(sentences []string) string {
	var all []string
	for _, s := range sentences {
		all = append(all, ownWords(strings.ReplaceAll(s, "\n", " ")))
	}
	return strings.Join(all, "\n")
}

// named is what sentences about a source or a drive begin with.
var named = regexp.MustCompile(`^(data source|source|drive) "(\\.|[^"\\])*": `)

// ownWords leaves out the name of what was tried, which the page around has said.
func ownWords(sentence string) string { return named.ReplaceAllString(sentence, "") }
