package config

import (
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(:-(.*))?$`)

// expand replaces ${NAME} and ${NAME:-default} by what the environment says;
// the default also stands in for an empty variable, as in a shell. $${ is a
// plain ${. ${secret:NAME} is no variable, and not expanded. Every other dollar sign is left alone, so that a password such as
// pa$$word, written before there was any expansion, stays what it is. The
// sentence says what is wrong and never shows the text.
func expand(text string, env func(string) (string, bool)) (expanded, sentence string) {
	var out strings.Builder
	for {
		at := strings.Index(text, "${")
		if at < 0 {
			out.WriteString(text)
			return out.String(), ""
		}
		if at > 0 && text[at-1] == '$' {
			out.WriteString(text[:at-1] + "${")
			text = text[at+2:]
			continue
		}
		out.WriteString(text[:at])
		inner, rest, closed := strings.Cut(text[at+2:], "}")
		value, sentence := variableValue(inner, closed, env)
		if sentence != "" {
			return "", sentence
		}
		out.WriteString(value)
		text = rest
	}
}

func variableValue(inner string, closed bool, env func(string) (string, bool)) (value, sentence string) {
	if strings.HasPrefix(inner, "secret:") {
		return "", "refers to a stored secret in a way that is not understood: write ${secret:NAME} and nothing around it; a name has letters, digits, dots, dashes, underscores and slashes, at most 128"
	}
	m := variable.FindStringSubmatch(inner)
	if !closed || m == nil {
		return "", "has a ${ that names no variable: write ${NAME} or ${NAME:-default}, or $${ for a plain ${"
	}
	value, ok := env(m[1])
	switch {
	case m[2] != "" && value == "":
		return m[3], ""
	case !ok:
		return "", "uses the environment variable " + m[1] + ", which is not set: set it, or write ${" + m[1] + ":-default}"
	}
	return value, ""
}
