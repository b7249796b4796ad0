package components

import (
	"slices"
	"strconv"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// SettingsForm is what the fields of a kind's declared settings are made of.
type SettingsForm struct {
	Kind models.Kind
	// Draft has the values. Its Secrets have an empty entry for each that is set, and
	// another for each that was typed; neither is ever shown.
	Draft models.PlanDraft
	// Held says that the server remembers the secrets that were typed for a while.
	Held bool
	// Problems are what is wrong, by the names of the settings.
	Problems models.FieldErrors
	// Check is where the form is sent when a field was changed; empty to check nothing
	// before all is sent.
	Check string
	// Suggest has values for settings that have none yet.
	Suggest models.Settings
}

// SettingsView are the fields of a kind's settings.
type SettingsView struct {
	Fields, Advanced []SettingField
	// Open unfolds the advanced ones: one of them has a problem, or a value of its own.
	Open bool
}

// SettingField is the field of one setting.
type SettingField struct {
	Field
	Type models.SettingType
	// Options are those of a models.SettingChoice.
	Options []Option
	// Secret fields are never filled in. Set says that there is one already, which can be
	// taken away with a tick, called ForgetName, that Forget says is set.
	Secret, Set, Forget bool
}

// ForgetName is the name of the tick that takes a secret away.
func ForgetName(setting string) string { return "forget." + setting }

// NewSettingsView makes the fields.
func NewSettingsView(f SettingsForm) SettingsView {
	var v SettingsView
	focused := false
	for _, s := range f.Kind.Settings {
		if s.Unused || len(s.Choices) == 1 {
			continue // there is nothing to choose
		}
		if s.ForFiles() && f.Draft.Fields[s.Name] == "" {
			continue // nobody could set it here
		}
		made := f.field(s)
		made.Focus = made.Problem != "" && !focused
		focused = focused || made.Focus
		if !s.Advanced {
			v.Fields = append(v.Fields, made)
			continue
		}
		v.Advanced = append(v.Advanced, made)
		v.Open = v.Open || made.Problem != "" || made.Set || made.Value != settingDefault(s) && !s.Secret
	}
	return v
}

// Field returns the field of the named setting; false when the kind declares none.
func (v SettingsView) Field(name string) (SettingField, bool) {
	for _, f := range slices.Concat(v.Fields, v.Advanced) {
		if f.Name == name {
			return f, true
		}
	}
	return SettingField{}, false
}

func (f SettingsForm) field(s models.Setting) SettingField {
	made := SettingField{Type: s.Type, Secret: s.Secret, Field: Field{
		Name: s.Name, Label: s.Label, Hint: s.Help, Problem: problemWords(f.Problems[s.Name]), Required: s.Required && s.Type != models.SettingBool, Check: f.Check,
	}}
	if s.Secret {
		return f.secret(made)
	}
	made.Value = f.value(s)
	switch s.Type {
	case models.SettingInt:
		made.Digits = true
	case models.SettingPath:
		made.Code = true
	case models.SettingChoice:
		made.Options = choices(s)
	}
	return made
}

// problemWords say what is wrong below a field, whose hint says already what belongs there.
func problemWords(problem string) string {
	if strings.HasPrefix(problem, "is missing") {
		return "Fill this in."
	}
	return human.Sentence(problem)
}

// value is what a field shows: what was given, what is suggested, or the default.
func (f SettingsForm) value(s models.Setting) string {
	if value, given := f.Draft.Fields[s.Name]; given {
		if s.Type == models.SettingBool {
			return strconv.FormatBool(f.Draft.Fields.Bool(s.Name))
		}
		if choice, known := s.Choice(value); s.Type == models.SettingChoice && known {
			return choice
		}
		return value
	}
	if value := f.Suggest[s.Name]; value != "" {
		return value
	}
	return settingDefault(s)
}

func settingDefault(s models.Setting) string {
	if s.Type == models.SettingBool {
		return strconv.FormatBool(models.Settings{s.Name: s.Default}.Bool(s.Name))
	}
	return s.Default
}

// secret says of a secret that it is there, and nothing more. It is not checked before its
// form is sent: its field would lose what was typed.
func (f SettingsForm) secret(made SettingField) SettingField {
	made.Field.Type, made.Complete, made.Check = "password", "new-password", ""
	typed, known := f.Draft.Secrets[made.Name]
	state := ""
	switch {
	case known && !typed.Empty() && f.Held:
		state = "It was typed just now, and is remembered for 15 minutes: leave this empty to use it."
	case known && !typed.Empty():
		state = "It is not sent back to you: type it again."
	case known:
		made.Set, made.Forget = true, slices.Contains(f.Draft.Forget, made.Name)
		state = "It is set: leave this empty to keep it."
	}
	made.Required = made.Required && state == "" || known && !typed.Empty() && !f.Held
	made.Hint = strings.TrimSpace(made.Hint + " " + state)
	return made
}

func choices(s models.Setting) []Option {
	var options []Option
	if s.Default == "" && !slices.Contains(s.Choices, "") {
		options = append(options, Option{Label: "not set"})
	}
	for _, c := range s.Choices {
		label := s.Word(c)
		if label == "" {
			label = "not set"
		}
		options = append(options, Option{Value: c, Label: label})
	}
	return options
}
