package config

import (
	"slices"
	"strconv"

	"github.com/backupman/backupman/models"
)

// thing is a source or a drive: what both have in a file.
type thing struct {
	label    string
	provider string
	settings models.Settings
}

// described reads a list of things whose settings their kinds declare; extra
// reads the keys besides.
func (l *loader) described(root *table, key, noun string, kinds []models.Kind, extra func(*table, models.Kind)) []thing {
	var things []thing
	seen := labels{}
	for _, t := range root.elements(key, noun) {
		made := thing{label: t.label(noun, seen)}
		kind, ok := t.kind(kinds)
		if !ok {
			kind = anyOf(kinds)
		}
		made.provider, made.settings = kind.Provider, t.settings(kind)
		if kind.Unsupported != "" && l.page {
			l.problem(t.at("provider"), "provider can't be used: %s", kind.Unsupported)
		} else if kind.Unsupported != "" {
			l.note(t.line, "%sit is read, but %s", t.prefix, kind.Unsupported)
		}
		extra(t, kind)
		t.unused(kind, kinds)
		t.end()
		things = append(things, made)
	}
	return things
}

// kind finds the kind that the provider names.
func (t *table) kind(kinds []models.Kind) (models.Kind, bool) {
	s := t.text("provider")
	var known []string
	for _, k := range kinds {
		if k.Provider == s.text {
			return k, true
		}
		known = append(known, k.Provider)
	}
	switch {
	case s.bad:
	case !s.set:
		t.l.problem(s.line, "%sprovider is missing: use %s", t.prefix, oneOf(known))
	default:
		t.l.problem(s.line, "%sthere is no provider %s%s", t.prefix, quote(s.text), advise(s.text, known))
	}
	return models.Kind{}, false
}

// anyOf stands in for a kind that is not known, so that the mistakes in its
// settings are told together with that one.
func anyOf(kinds []models.Kind) models.Kind {
	var union models.Kind
	for _, k := range kinds {
		for _, d := range k.Settings {
			if _, there := union.Setting(d.Name); !there {
				d.Required = false
				union.Settings = append(union.Settings, d)
			}
		}
	}
	return union
}

// settings reads what a kind declares. Empty values are as good as none.
func (t *table) settings(kind models.Kind) models.Settings {
	values := models.Settings{}
	for _, d := range kind.Settings {
		s := t.setting(kind, d)
		switch {
		case s.set:
			values[d.Name] = t.value(d, s)
		case d.Default != "":
			values[d.Name] = d.Default
		case d.Required && !s.bad:
			t.l.problem(s.line, "%s%s is missing: %s", t.prefix, d.Name, d.Help)
		}
	}
	return values
}

func (t *table) setting(kind models.Kind, d models.Setting) scalar {
	if _, taken := kind.Setting(d.Name + "_file"); d.Secret && !taken {
		return t.secret(d.Name)
	}
	if d.Secret {
		return t.reference(d.Name)
	}
	return t.text(d.Name)
}

// value checks a value against its declaration and returns it as it is kept.
func (t *table) value(d models.Setting, s scalar) string {
	if s.ref != "" {
		return s.text
	}
	shown := quote(s.text)
	if d.Secret {
		shown = "what is there"
	}
	switch d.Type {
	case models.SettingInt:
		return t.number(d, s, shown)
	case models.SettingBool:
		b, ok := truth(s.text)
		if !ok {
			t.l.problem(s.line, "%s must be true or false, not %s", t.path(d.Name), shown)
		}
		return strconv.FormatBool(b)
	case models.SettingChoice:
		choice, ok := d.Choice(s.text)
		if !ok {
			t.l.problem(s.line, "%s must be %s, not %s", t.path(d.Name), oneOf(written(d.Choices)), shown)
		}
		return choice
	case models.SettingRate:
		if _, err := models.ParseRate(s.text); err != nil {
			t.l.problem(s.line, "%s %v, not %s", t.path(d.Name), err, shown)
		}
	}
	return s.text
}

func (t *table) number(d models.Setting, s scalar, shown string) string {
	n, err := strconv.Atoi(s.text)
	switch {
	case err != nil:
		t.l.problem(s.line, "%s must be a whole number, not %s", t.path(d.Name), shown)
	case d.Name == "port" && (n < 1 || n > 65535):
		t.l.problem(s.line, "%s must be from 1 to 65535, not %d", t.path(d.Name), n)
	case d.Least > 0 && n < d.Least:
		t.l.problem(s.line, "%s must be at least %d, not %d", t.path(d.Name), d.Least, n)
	}
	return strconv.Itoa(n)
}

// unused notes settings that belong to another kind: older files could carry
// them, and they did nothing there either.
func (t *table) unused(kind models.Kind, kinds []models.Kind) {
	for _, other := range kinds {
		for _, d := range other.Settings {
			if slices.Contains(t.known, d.Name) {
				continue
			}
			if s := t.reference(d.Name); s.set {
				t.l.note(s.line, "%s has no meaning for %s and is left aside", t.path(d.Name), kind.Name)
			}
		}
	}
}
