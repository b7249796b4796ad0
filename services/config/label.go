package config

import (
	"fmt"
	"strings"
	"unicode"
)

const longestLabel = 255

// labels are the labels of one list, with the line each was first seen on.
type labels map[string]int

// label reads the label that every element of a list carries, and lets the
// sentences about the element name it.
func (t *table) label(noun string, seen labels) string {
	s := t.text("label")
	switch fault := labelFault(s.text); {
	case s.bad:
		return ""
	case !s.set:
		t.l.problem(s.line, "%s has no label: give it one, such as label: shop", t.name())
		return ""
	case fault != "":
		t.l.problem(s.line, "%slabel %s", t.prefix, fault)
		return ""
	}
	t.prefix = t.l.inFile(fmt.Sprintf("the %s %s: ", noun, quote(s.text)))
	if first, twice := seen[s.text]; twice {
		t.l.problem(s.line, "the label %s is used by two %ss, first on line %d: give each its own", quote(s.text), noun, first)
		return s.text
	}
	seen[s.text] = s.line
	t.l.placed(noun, s.text, s.line)
	return s.text
}

func labelFault(label string) string {
	switch {
	case len(label) > longestLabel:
		return fmt.Sprintf("is %d bytes long: shorten it to %d", len(label), longestLabel)
	case strings.ContainsFunc(label, unicode.IsControl):
		return "holds a control character: use letters, digits and spaces"
	case strings.TrimSpace(label) != label:
		return "begins or ends with a space: remove it"
	}
	return ""
}
