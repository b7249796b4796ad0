package source

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// onlyStatements refuses texts of a schema that are more than one statement: SQLite reads
// the first and keeps the rest, which would run when the text is executed. The texts were
// read as a schema before, so their first statement makes what they are said to make.
func onlyStatements(texts []string) error {
	for _, text := range texts {
		if !isOneStatement(text) {
			return models.Invalidf("the dump's schema holds a text that is no single statement: %.80q", text)
		}
	}
	return nil
}

// isOneStatement reports whether a CREATE statement ends where its text ends. A trigger
// has statements inside, and ends with the first END that follows a semicolon.
func isOneStatement(text string) bool {
	var before string
	words, trigger, ended := 0, false, false
	for {
		var token string
		token, text = nextSQLite(text)
		if token == "" {
			return true
		}
		if ended && token != ";" {
			return false
		}
		words++
		switch word := strings.ToUpper(token); {
		case words <= 3 && word == "TRIGGER":
			trigger = true
		case trigger && before == ";" && word == "END", !trigger && word == ";":
			ended = true
		}
		before = token
	}
}

// nextSQLite cuts the first token off, comments and spaces left out. Tokens are told apart
// as finely as isOneStatement needs.
func nextSQLite(text string) (token, rest string) {
	text = skipSQLite(text)
	if text == "" {
		return "", ""
	}
	n := 1
	switch c := text[0]; {
	case c == '\'' || c == '"' || c == '`':
		n = quotedSQLite(text, c)
	case c == '[':
		n = throughSQLite(text, 1, "]")
	case isWordSQLite(c):
		for n < len(text) && isWordSQLite(text[n]) {
			n++
		}
	}
	return text[:n], text[n:]
}

// skipSQLite leaves out spaces and comments.
func skipSQLite(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\n\f\r")
		switch {
		case strings.HasPrefix(text, "--"):
			text = text[throughSQLite(text, 2, "\n"):]
		case strings.HasPrefix(text, "/*"):
			text = text[throughSQLite(text, 2, "*/"):]
		default:
			return text
		}
	}
}

// throughSQLite returns the index after the end mark, from some index on.
func throughSQLite(text string, from int, end string) int {
	if i := strings.Index(text[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(text)
}

// quotedSQLite returns the index after a quoted token, in which a quote is doubled.
func quotedSQLite(text string, quote byte) int {
	for i := 1; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 == len(text) || text[i+1] != quote {
			return i + 1
		}
		i++
	}
	return len(text)
}

func isWordSQLite(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
