package source

import (
	"bytes"
	"crypto/sha256"
	"strings"
)

// delimiterCommand is the client's own command, which ends with its line.
const delimiterCommand = "DELIMITER "

// statement reads a statement's own text byte by byte; it is a small part of
// any dump.
func (s *sqlScanner) statement(p []byte) int {
	for i, c := range p {
		s.append(c)
		switch s.state {
		case inStatement:
			s.plain(c)
		case inQuotes:
			s.quoted(c)
		case inDollarTag, inDollars:
			s.dollarQuoted(c)
		default:
			s.comment(c)
		}
		switch s.state {
		case atStart, inNote, inCommand, inRows:
			return i + 1
		}
	}
	return len(p)
}

// append keeps a byte of the statement, or takes it into the digest of one that is too
// long to be kept.
func (s *sqlScanner) append(c byte) {
	switch {
	case len(s.head) < maxStatement:
		s.head = append(s.head, c)
	case s.long == nil:
		s.long = sha256.New()
		s.long.Write(s.head)
		fallthrough
	default:
		s.long.Write([]byte{c})
	}
}

// plain takes a byte outside quotes and comments.
func (s *sqlScanner) plain(c byte) {
	prev := s.prev
	s.prev = c
	switch c {
	case '\'', '"', '`':
		s.quote, s.state = c, inQuotes
	case '$':
		if s.dollars && !isWordByte(prev) {
			s.state, s.dollar = inDollarTag, append(s.dollar[:0], '$')
		}
	case ';':
		if !s.longDelimiter || prev == ';' {
			s.endStatement()
		}
	case '-', '\\':
		s.dash(prev, c)
	case '#':
		s.state = inLine
	case '*':
		if prev == '/' {
			s.state = afterOpening
		}
	case '/':
		if prev == '*' {
			s.prev = 0
		}
	case ' ':
		if string(s.head) == delimiterCommand {
			s.state = inCommand
		}
	case '\n', '(':
		if s.isInsert() && hasValues(s.head[:len(s.head)-1]) {
			s.beginRows(c)
		}
	}
}

// dash tells what two dashes mean: at the beginning a line for people, later a
// comment if a space follows. MariaDB's note that the client's sandbox mode be
// entered has no semicolon either.
func (s *sqlScanner) dash(prev, c byte) {
	switch string(s.head) {
	case "--", `/*!999999\`, `/*M!999999\`:
		s.state = inNote
		return
	}
	if c == '-' && prev == '-' {
		s.state = afterDashes
	}
}

// quoted takes a byte of a string or a quoted name. Doubled quotes are left and
// entered again.
func (s *sqlScanner) quoted(c byte) {
	switch {
	case s.escape:
		s.escape = false
	case c == '\\' && s.mode.escapes(s.quote):
		s.escape = true
	case c == s.quote:
		s.state, s.prev = inStatement, 0
	}
}

// dollarQuoted takes a byte of a $tag$ or of the text up to the same $tag$. A
// dollar sign that opens no such text is part of a name.
func (s *sqlScanner) dollarQuoted(c byte) {
	switch {
	case s.state == inDollarTag && c == '$':
		s.dollar, s.state, s.matched = append(s.dollar, c), inDollars, 0
	case s.state == inDollarTag && isWordByte(c):
		s.dollar = append(s.dollar, c)
	case s.state == inDollarTag:
		s.state, s.prev = inStatement, 'x'
		s.plain(c)
	case c == s.dollar[s.matched]:
		if s.matched++; s.matched == len(s.dollar) {
			s.state, s.prev = inStatement, 0
		}
	case c == '$':
		s.matched = 1
	default:
		s.matched = 0
	}
}

// comment takes a byte of a comment, or one that shows that it is none: the
// server reads what stands in /*! and /*M! as statement.
func (s *sqlScanner) comment(c byte) {
	ends := false
	switch s.state {
	case afterDashes:
		switch {
		case c == '-':
		case c > ' ':
			s.state, s.prev = inStatement, 0
			s.plain(c)
		default:
			s.state, ends = inLine, c == '\n'
		}
	case inLine:
		ends = c == '\n'
	case afterOpening, afterM:
		switch {
		case c == '!':
			ends = true
		case c == 'M' && s.state == afterOpening:
			s.state = afterM
		default:
			s.state = inComment
		}
	case inComment:
		ends = c == '/' && s.prev == '*'
	}
	if s.state != inStatement {
		s.prev = c
	}
	if ends {
		s.state, s.prev = inStatement, 0
	}
}

func (s *sqlScanner) isInsert() bool {
	return hasPrefix(s.head, "INSERT ") || hasPrefix(s.head, "REPLACE ")
}

func hasValues(head []byte) bool {
	return bytes.HasSuffix(bytes.TrimRight(head, " "), []byte(" VALUES"))
}

// statementWords are what statements begin with. Anything else between
// statements would be data that belongs to no table, so it must not pass.
var statementWords = wordSet(`ALTER ANALYZE BEGIN CALL CHANGE COMMIT CREATE DEALLOCATE DELETE DO DROP EXECUTE FLUSH GRANT
	INSTALL LOCK OPTIMIZE PREPARE RENAME RESET REVOKE SELECT SET START STOP TRUNCATE UNLOCK UPDATE USE`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}

// isStatement tells whether a text begins as statements do; one of comments
// alone does nothing.
func isStatement(head []byte) bool {
	w := &words{text: head}
	word, quoted := w.next()
	return !quoted && (word == "" || statementWords[strings.ToUpper(word)])
}

// sqlMode is what decides about backslashes in strings. It changes before each
// routine, trigger and event, to what was in force when that was made.
type sqlMode struct{ noEscapes, ansiQuotes bool }

// take looks whether a statement sets the mode, as both tools write that.
func (m *sqlMode) take(statement []byte) {
	w := &words{text: statement}
	if first, _ := w.next(); !strings.EqualFold(first, "SET") {
		return
	}
	if second, _ := w.next(); !strings.EqualFold(second, "sql_mode") {
		return
	}
	value := statement[w.pos:]
	m.noEscapes = bytes.Contains(value, []byte("NO_BACKSLASH_ESCAPES"))
	m.ansiQuotes = bytes.Contains(value, []byte("ANSI_QUOTES"))
}

// escapes tells whether a backslash hides what follows it between such quotes.
func (m sqlMode) escapes(quote byte) bool {
	switch quote {
	case '\'':
		return !m.noEscapes
	case '"':
		return !m.noEscapes && !m.ansiQuotes
	}
	return false
}
