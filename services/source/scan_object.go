package source

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// madeBy maps the word of a CREATE statement to what it makes.
var madeBy = map[string]models.ObjectKind{
	"TABLE":     models.ObjectTable,
	"VIEW":      models.ObjectView,
	"TRIGGER":   models.ObjectTrigger,
	"PROCEDURE": models.ObjectRoutine,
	"FUNCTION":  models.ObjectRoutine,
	"PACKAGE":   models.ObjectRoutine,
	"EVENT":     models.ObjectEvent,
	"SEQUENCE":  models.ObjectSequence,
}

// parseObject tells what a CREATE statement makes, from its beginning. A view
// is told twice in a dump: first as a stand-in, a plain CREATE VIEW, then with
// its ALGORITHM; only the latter counts.
func parseObject(statement []byte) (models.Object, bool) {
	w := &words{text: statement}
	if first, _ := w.next(); !strings.EqualFold(first, "CREATE") {
		return models.Object{}, false
	}
	for n := 0; ; n++ {
		word, quoted := w.next()
		if word == "" && !quoted {
			return models.Object{}, false
		}
		kind, known := madeBy[strings.ToUpper(word)]
		if quoted || !known {
			continue
		}
		if kind == models.ObjectView && n == 0 {
			return models.Object{}, false
		}
		return models.Object{Kind: kind, Name: w.objectName()}, true
	}
}

// insertTarget returns the table of an INSERT statement.
func insertTarget(head []byte) (string, bool) {
	w := &words{text: head}
	for {
		word, quoted := w.next()
		if word == "" && !quoted {
			return "", false
		}
		if !quoted && strings.EqualFold(word, "INTO") {
			return w.next()
		}
	}
}

// words takes a statement's text apart as far as names need it.
type words struct {
	text []byte
	pos  int
}

// objectName returns the name that follows, without IF NOT EXISTS, BODY and a
// database's name before it.
func (w *words) objectName() string {
	name, quoted := w.next()
	if !quoted && strings.EqualFold(name, "BODY") {
		name, quoted = w.next()
	}
	if !quoted && strings.EqualFold(name, "IF") {
		w.next()
		w.next()
		name, _ = w.next()
	}
	if w.peek() == '.' {
		w.pos++
		name, _ = w.next()
	}
	return name
}

// next returns the next word, quoted name or single other character, without
// its quotes, and whether it had any. Version comments are part of the text.
func (w *words) next() (word string, quoted bool) {
	c := w.peek()
	switch {
	case c == 0:
		return "", false
	case c == '`' || c == '"' || c == '\'':
		return w.quotedName(c), true
	case !isWordByte(c):
		w.pos++
		return string(c), false
	}
	start := w.pos
	for w.pos < len(w.text) && isWordByte(w.text[w.pos]) {
		w.pos++
	}
	return string(w.text[start:w.pos]), false
}

func (w *words) quotedName(quote byte) string {
	var name []byte
	for w.pos++; w.pos < len(w.text); w.pos++ {
		if w.text[w.pos] == quote {
			w.pos++
			if w.pos == len(w.text) || w.text[w.pos] != quote {
				break
			}
		}
		name = append(name, w.text[w.pos])
	}
	return string(name)
}

// peek skips what separates words and returns the byte that comes next, 0 at the end.
func (w *words) peek() byte {
	for w.pos < len(w.text) {
		rest := w.text[w.pos:]
		switch {
		case rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\t' || rest[0] == '\r':
			w.pos++
		case hasPrefix(rest, "/*!") || hasPrefix(rest, "/*M!"):
			w.skipVersion()
		case hasPrefix(rest, "*/"):
			w.pos += 2
		case hasPrefix(rest, "/*"):
			w.skipPast("*/")
		case hasPrefix(rest, "-- ") || rest[0] == '#':
			w.skipPast("\n")
		default:
			return rest[0]
		}
	}
	return 0
}

// skipVersion skips the opening of a version comment, such as /*!50003.
func (w *words) skipVersion() {
	for w.pos++; w.text[w.pos] != '!'; w.pos++ {
	}
	for w.pos++; w.pos < len(w.text) && '0' <= w.text[w.pos] && w.text[w.pos] <= '9'; w.pos++ {
	}
}

func (w *words) skipPast(end string) {
	i := strings.Index(string(w.text[w.pos:]), end)
	if i < 0 {
		w.pos = len(w.text)
		return
	}
	w.pos += i + len(end)
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
