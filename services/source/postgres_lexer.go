package source

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// pgTokenKind tells what a token is.
type pgTokenKind byte

const (
	// pgWord is a keyword or a name without quotes, in lower case as the server folds it.
	pgWord pgTokenKind = iota
	// pgName is a name in quotes.
	pgName
	// pgString is a text in quotes of any kind.
	pgString
	// pgSymbol is one byte of anything else.
	pgSymbol
)

// pgToken is one token of SQL, without its quotes. Escapes in it are left as they are.
type pgToken struct {
	kind  pgTokenKind
	text  string
	start int
	end   int
}

func (k pgToken) word(w string) bool   { return k.kind == pgWord && k.text == w }
func (k pgToken) symbol(c string) bool { return k.kind == pgSymbol && k.text == c }

// named tells whether a token names something, and how the server reads the name.
func (k pgToken) named() bool { return k.kind == pgWord || k.kind == pgName }

// pgLexer takes SQL apart as PostgreSQL's own scanner does
// (src/backend/parser/scan.l). What that one takes in another way than this, such as
// two texts in a row, is refused: pg_dump writes none of it.
type pgLexer struct {
	text string
	pos  int
	// escapes says that a backslash escapes in every text, as it did of old.
	escapes bool
	tokens  []pgToken
}

// pgTokens returns the tokens of a text, or an error for one that does not end as it
// should.
func pgTokens(text string, escapes bool) ([]pgToken, error) {
	l := &pgLexer{text: text, escapes: escapes}
	for l.pos < len(l.text) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return l.tokens, nil
}

func (l *pgLexer) next() error {
	rest, c := l.text[l.pos:], l.text[l.pos]
	switch {
	case c == 0 || c == '\\':
		return models.Invalidf("it has a backslash or a zero byte outside a text")
	case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
		l.pos++
		return nil
	case strings.HasPrefix(rest, "--"):
		l.skipLine()
		return nil
	case strings.HasPrefix(rest, "/*"):
		return l.skipComment()
	case c == '\'':
		return l.quoted(pgString, l.pos, '\'', l.escapes)
	case c == '"':
		return l.quoted(pgName, l.pos, '"', false)
	case c == '$':
		return l.dollar()
	case isNameStart(c):
		return l.word()
	}
	l.pos++
	l.add(pgSymbol, l.pos-1, rest[:1])
	return nil
}

func (l *pgLexer) add(kind pgTokenKind, start int, text string) {
	l.tokens = append(l.tokens, pgToken{kind: kind, text: text, start: start, end: l.pos})
}

func (l *pgLexer) skipLine() {
	if i := strings.IndexAny(l.text[l.pos:], "\n\r"); i >= 0 {
		l.pos += i
		return
	}
	l.pos = len(l.text)
}

// skipComment goes past a comment and those inside it.
func (l *pgLexer) skipComment() error {
	for depth := 0; l.pos < len(l.text); {
		switch rest := l.text[l.pos:]; {
		case strings.HasPrefix(rest, "/*"):
			depth++
			l.pos += 2
		case strings.HasPrefix(rest, "*/"):
			l.pos += 2
			if depth--; depth == 0 {
				return nil
			}
		default:
			l.pos++
		}
	}
	return unended("a comment")
}

func unended(what string) error { return models.Invalidf("%s in it does not end", what) }

// quoted goes past a text or a name in quotes, which stand doubled inside it.
func (l *pgLexer) quoted(kind pgTokenKind, start int, quote byte, escapes bool) error {
	l.pos++
	begin := l.pos
	for ; l.pos < len(l.text); l.pos++ {
		switch c := l.text[l.pos]; {
		case c == 0:
			return models.Invalidf("it has a zero byte in a text")
		case c == '\\' && escapes:
			l.pos++
		case c == quote && l.pos+1 < len(l.text) && l.text[l.pos+1] == quote:
			l.pos++
		case c == quote:
			inside := strings.ReplaceAll(l.text[begin:l.pos], string([]byte{quote, quote}), string(quote))
			l.pos++
			return l.addQuoted(kind, start, inside)
		}
	}
	return unended("a text or a name in quotes")
}

// addQuoted adds a text or name in quotes. The server takes two texts in a row for one, by
// the rules of the first.
func (l *pgLexer) addQuoted(kind pgTokenKind, start int, inside string) error {
	if n := len(l.tokens); kind == pgString && n > 0 && l.tokens[n-1].kind == pgString {
		return models.Invalidf("it has two texts in a row")
	}
	l.add(kind, start, inside)
	return nil
}

// dollar goes past a text in dollar quotes, or past a dollar.
func (l *pgLexer) dollar() error {
	start := l.pos
	end := l.pos + 1
	for end < len(l.text) && isNameStart(l.text[end]) || end > l.pos+1 && end < len(l.text) && isDigit(l.text[end]) {
		end++
	}
	if end == len(l.text) || l.text[end] != '$' {
		l.pos++
		l.add(pgSymbol, start, "$")
		return nil
	}
	tag := l.text[l.pos : end+1]
	inside, _, ok := strings.Cut(l.text[end+1:], tag)
	if !ok {
		return unended("a text in dollar quotes")
	}
	if strings.IndexByte(inside, 0) >= 0 {
		return models.Invalidf("it has a zero byte in a text")
	}
	l.pos = end + 1 + len(inside) + len(tag)
	return l.addQuoted(pgString, start, inside)
}

// word goes past a name without quotes, or past a text or a name in quotes that begins
// with a letter.
func (l *pgLexer) word() error {
	start := l.pos
	for l.pos < len(l.text) && (isNameStart(l.text[l.pos]) || isDigit(l.text[l.pos]) || l.text[l.pos] == '$') {
		l.pos++
	}
	word := lowerASCII(l.text[start:l.pos])
	rest := l.text[l.pos:]
	switch {
	case word == "u" && (strings.HasPrefix(rest, "&'") || strings.HasPrefix(rest, `&"`)):
		return models.Invalidf("it has a text or a name of escaped characters")
	case strings.HasPrefix(rest, "'") && word == "e":
		return l.quoted(pgString, start, '\'', true)
	case strings.HasPrefix(rest, "'") && (word == "b" || word == "x" || word == "n"):
		return l.quoted(pgString, start, '\'', l.escapes && word == "n")
	}
	l.add(pgWord, start, word)
	return nil
}

// lowerASCII folds what the server folds in every encoding.
func lowerASCII(s string) string {
	folded := []byte(s)
	for i, c := range folded {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	return string(folded)
}

func isNameStart(c byte) bool {
	return c == '_' || c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
