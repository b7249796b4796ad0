package plan

import (
	"slices"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
)

// What a form can be sent for, as the value of the button "do".
const (
	// DoSave tries, and saves what works; DoTry only tries; DoAnyway saves without trying.
	DoSave   = "save"
	DoTry    = "try"
	DoAnyway = "anyway"
)

// VersionField is the name of the field with the version of what is changed.
const VersionField = "version"

// MovedField is the name of the field that says that copies were moved along.
const MovedField = "moved"

// TypedField is the name of the field with the token of secrets that are remembered.
const TypedField = "typed"

// Facts is everything that a form is made of.
type Facts struct {
	Noun Noun
	Kind models.Kind
	// Draft is as in components.SettingsForm; its Label is what was typed.
	Draft models.PlanDraft
	// Suggest has values for what has none yet.
	Suggest models.Settings
	// New says that the label can be chosen.
	New bool
	// Token takes the secrets that were typed before; empty when none are remembered.
	Token    string
	Problems models.FieldErrors
	// Problem is a sentence about all of it.
	Problem string
	// Trial is what trying it found; nil when it was not tried.
	Trial *models.Trial
	// Anyway offers to save it although it does not work.
	Anyway bool
}

// FormView is the form of one source or drive.
type FormView struct {
	Page          layout.Page
	Noun          Noun
	Heading, Lead string
	// Back is where the breadcrumb and "Cancel" lead.
	Back, BackLabel string
	// Action is where the form is sent.
	Action string
	// Provider and KindName are the kind.
	Provider, KindName, Unsupported string
	Label                           components.Field
	New                             bool
	Settings                        components.SettingsView
	Token, Version                  string
	Problem                         string
	Found                           *Found
	Anyway                          bool
	// Stays says what a change of the place leaves behind; empty where nothing is there.
	Stays string
	// Moved is where it is said that the copies were moved along; shown where Stays is.
	Moved components.Field
}

// CopiesStay says what happens to the copies of a drive whose place is changed; empty for
// none.
func CopiesStay(copies int64) string {
	if copies == 0 {
		return ""
	}
	what := "The copy that lies there stays"
	if copies > 1 {
		what = "The " + human.Count(copies) + " copies that lie there stay"
	}
	return what + " behind when the place is changed. They are looked for in the new one, and those that are not there count as lost. For another place add another drive; change this one only when the same files are reached in another way, or were moved along."
}

// NewFormView makes a form; the caller adds its page, its words and its addresses.
func NewFormView(f Facts) FormView {
	v := FormView{
		Noun: f.Noun, Provider: f.Kind.Provider, KindName: f.Kind.Name, Unsupported: f.Kind.Unsupported, New: f.New, Token: f.Token, Version: f.Draft.Version, Anyway: f.Anyway,
		Label: components.Field{
			Name: "label", Label: "Name (optional)", Value: f.Draft.Label, Problem: human.Sentence(f.Problems["label"]), Check: f.Noun.Check(),
			Hint: "What this " + f.Noun.Thing + " is called here. When empty, it is named after what is filled in above.",
		},
		Settings: components.NewSettingsView(components.SettingsForm{
			Kind: f.Kind, Draft: f.Draft, Held: f.Token != "", Problems: f.Problems, Check: f.Noun.Check(), Suggest: f.Suggest,
		}),
	}
	v.Moved = components.Field{
		Name: MovedField, Label: "The copies were moved to the new place, or it is the same place", Problem: human.Sentence(f.Problems[MovedField]),
		Hint: "Only needed when the place changes. The copies are looked for there, and read back.",
	}
	if f.Draft.Moved {
		v.Moved.Value = "true"
	}
	v.Problem = human.Sentence(f.Problem)
	for _, name := range unshown(f.Problems, f.Kind) {
		v.Problem = joined(v.Problem, human.Sentence(f.Problems[name]))
	}
	if v.Problem == "" && len(f.Problems) > 0 {
		v.Problem = "What is marked below is not right yet."
	}
	if f.Trial != nil {
		found := NewFound(*f.Trial)
		v.Found = &found
	}
	return v
}

// unshown are the problems that no field of the form can show.
func unshown(problems models.FieldErrors, kind models.Kind) []string {
	var names []string
	for name := range problems {
		if _, shown := kind.Setting(name); !shown && name != "label" && name != MovedField {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// Choice is one kind that can be chosen.
type Choice struct {
	Provider, Name, About, Icon, Path string
	// Unsupported says why this version can't use it; empty when it can.
	Unsupported string
}

// Choices are kinds, each of which leads somewhere.
func Choices(n Noun, kinds []models.Kind, path func(provider string) string) []Choice {
	var all []Choice
	for _, k := range kinds {
		all = append(all, Choice{Provider: k.Provider, Name: k.Name, About: about[k.Provider], Icon: icon(n, k.Provider), Path: path(k.Provider), Unsupported: human.Sentence(k.Unsupported)})
	}
	return all
}

// ChooseView is the page on which a kind is chosen.
type ChooseView struct {
	Page    layout.Page
	Noun    Noun
	Choices []Choice
}
