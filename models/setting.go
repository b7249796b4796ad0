package models

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// SettingType is the form a setting's value takes.
type SettingType string

// The setting types. Every value is kept as a string; the type says how a
// loader checks it and how a form asks for it.
const (
	SettingText SettingType = "text"
	SettingInt  SettingType = "int"
	SettingBool SettingType = "bool"
	SettingPath SettingType = "path"
	// SettingChoice takes one of Choices.
	SettingChoice SettingType = "choice"
	// SettingRate takes what ParseRate reads.
	SettingRate SettingType = "rate"
)

// Decision is what a setting decides, as bits.
type Decision uint8

// The decisions. Every setting declares its own: one that declares none counts as
// DecidesReceiver.
const (
	// DecidesHow is for settings that decide nothing of what follows.
	DecidesHow Decision = 1 << iota
	// DecidesReceiver is for settings that say who gets the secrets of the kind: where they are
	// sent to, whose certificate or key is believed there, who may read along on the way, or
	// which program they are given to. Secrets that were kept are typed again when one of these changes.
	DecidesReceiver
	// DecidesPlace is for settings of drives that say where copies lie.
	DecidesPlace
	// DecidesForFiles is for settings that say who gets secrets which are in files of the
	// machine and are never typed. Only the configuration file can change them.
	DecidesForFiles
)

// Setting declares one setting of a kind of source or drive. The YAML loader,
// the forms, the checks and the documentation all come from it.
type Setting struct {
	// Name is the key in YAML, such as "db_name".
	Name string
	// Label is what a form calls it.
	Label string
	// Help is a sentence for the person who fills it in.
	Help    string
	Type    SettingType
	Default string
	Choices []string
	// Words are what a form calls a choice that does not say itself what it is, by choice.
	Words map[string]string
	// Also are other spellings of choices, in small letters, which are read as these.
	Also map[string]string
	// Least is the smallest number that a SettingInt takes, when it is above 0.
	Least    int
	Required bool
	// Secret values are never shown, logged or written beside the others.
	Secret bool
	// Advanced settings are folded away.
	Advanced bool
	// Decides says what else than the manner of things depends on the value.
	Decides Decision
	// Unused settings are read from older files and do nothing: no form asks for them.
	Unused bool
}

// Receives reports whether the value says who gets the secrets of the kind.
func (s Setting) Receives() bool { return s.Decides == 0 || s.Decides&DecidesReceiver != 0 }

// Places reports whether the value says where copies lie.
func (s Setting) Places() bool { return s.Decides&DecidesPlace != 0 }

// ForFiles reports whether only the configuration file can change the value.
func (s Setting) ForFiles() bool { return s.Decides&DecidesForFiles != 0 }

// Choice returns the one of Choices that a word means; false when it means none.
func (s Setting) Choice(word string) (string, bool) {
	if slices.Contains(s.Choices, word) {
		return word, true
	}
	small := strings.ToLower(word)
	if choice, ok := s.Also[small]; ok {
		return choice, true
	}
	return small, len(s.Also) > 0 && slices.Contains(s.Choices, small)
}

// Word is what a form calls a choice.
func (s Setting) Word(choice string) string {
	if word := s.Words[choice]; word != "" {
		return word
	}
	return choice
}

// Kind declares one kind of source or drive.
type Kind struct {
	// Provider is the word for it in YAML and in the API, such as "mysql".
	Provider string
	// Name is the word for it in prose, such as "MySQL or MariaDB".
	Name     string
	Settings []Setting
	// Unsupported says why this version can read the kind's settings but not
	// use it; empty for every kind that works.
	Unsupported string
}

// Setting returns the declaration of the named setting.
func (k Kind) Setting(name string) (Setting, bool) {
	for _, s := range k.Settings {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

// Settings are the values of declared settings, by name. They print without their
// values, of which some are secret; encoding keeps the values, because the store writes
// settings that are not.
type Settings map[string]string

// String tells the names, and hides the values.
func (s Settings) String() string {
	hidden := make([]string, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		hidden = append(hidden, name+":"+redacted)
	}
	return "settings[" + strings.Join(hidden, " ") + "]"
}

// GoString keeps %#v from printing the values.
func (s Settings) GoString() string { return s.String() }

// Format keeps every other verb from printing the values.
func (s Settings) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue keeps slog from printing the values.
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Int returns the named value as a number, or fallback when it is not one.
func (s Settings) Int(name string, fallback int) int {
	n, err := strconv.Atoi(s[name])
	if err != nil {
		return fallback
	}
	return n
}

// Bool reports whether the named value is true, in the words YAML uses.
func (s Settings) Bool(name string) bool {
	switch strings.ToLower(s[name]) {
	case "true", "yes", "on", "1":
		return true
	}
	return false
}

// Without returns a copy that lacks the kind's secrets.
func (s Settings) Without(k Kind) Settings {
	open := Settings{}
	for name, value := range s {
		if d, ok := k.Setting(name); ok && d.Secret {
			continue
		}
		open[name] = value
	}
	return open
}

// Secrets returns the non-empty values of the kind's secret settings, for redaction.
func (s Settings) Secrets(k Kind) []string {
	var secrets []string
	for _, d := range k.Settings {
		if d.Secret && s[d.Name] != "" {
			secrets = append(secrets, s[d.Name])
		}
	}
	return secrets
}
