package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/backupman/backupman/models"
)

// endMarker is the last line of every whole dump of mysqldump and mariadb-dump
// when they are told to leave the date out.
const endMarker = "-- Dump completed"

const (
	// maxHead bounds what is kept of a statement to tell what it makes: a name
	// has at most 64 characters, but a definer and comments may come before it.
	maxHead = 16 << 10
	// maxInsertHead bounds the part of an INSERT before its rows, which names
	// up to 4096 columns.
	maxInsertHead = 4 << 20
)

// scanState is where in the stream a sqlScanner stands.
type scanState int

const (
	// atStart is between statements.
	atStart scanState = iota
	// inComment is in a line that the tool wrote for people.
	inComment
	// inStatement is in a statement's own text, outside quotes.
	inStatement
	// inQuotes is in a string or a quoted name of a statement.
	inQuotes
	// inRowLines is in the rows of an INSERT that has a line for each (MariaDB).
	inRowLines
	// inRows is in the rows of an INSERT that has them all on one line (Oracle).
	inRows
	// inBlock is between a DELIMITER ;; and DELIMITER ; where a routine's body is.
	inBlock
)

// sqlScanner reads the stream of mysqldump or mariadb-dump as it passes and
// works out what it holds: objects, rows, bytes and a digest per table, and
// whether it ends as a whole dump does. It keeps no more than the beginning of
// the present statement, however long lines are.
//
// It relies on how both tools write: strings have newlines, quotes and
// backslashes escaped with a backslash, names double their backticks, and
// bodies of routines, triggers and events stand between DELIMITER lines.
type sqlScanner struct {
	state  scanState
	head   []byte
	quote  byte
	escape bool
	// line is the beginning of the present line in a block.
	line []byte
	// found says that the present block's object has been recorded.
	found bool

	rows    rowCounter
	table   *tableScan
	tables  map[string]*tableScan
	order   []*tableScan
	objects []models.Object

	complete bool
	fault    string
}

// tableScan is what was seen of one table's data.
type tableScan struct {
	name  string
	rows  int64
	bytes int64
	hash  hash.Hash
}

func newSQLScanner() *sqlScanner {
	return &sqlScanner{tables: map[string]*tableScan{}, head: make([]byte, 0, maxHead)}
}

// Write takes the next piece of the stream. It never fails: what is wrong with
// the stream is told by Err.
func (s *sqlScanner) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		p = p[s.step(p):]
	}
	return n, nil
}

// step consumes some of p, at least one byte.
func (s *sqlScanner) step(p []byte) int {
	switch s.state {
	case inComment:
		return s.comment(p)
	case inStatement, inQuotes:
		return s.statement(p)
	case inRowLines:
		return s.rowLines(p)
	case inRows:
		return s.rowsOnOneLine(p)
	case inBlock:
		return s.block(p)
	default:
		return s.start(p)
	}
}

func (s *sqlScanner) start(p []byte) int {
	s.complete = false
	switch p[0] {
	case '\n', '\r', ' ', '\t', ';':
		return 1
	}
	s.head = s.head[:0]
	s.state = inStatement
	return s.statement(p)
}

// comment skips to the end of the line and looks for the end marker.
func (s *sqlScanner) comment(p []byte) int {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		s.keep(p, maxHead)
		return len(p)
	}
	s.keep(p[:end], maxHead)
	s.state = atStart
	s.complete = string(s.head) == endMarker
	return end + 1
}

func (s *sqlScanner) keep(p []byte, limit int) {
	if room := limit - len(s.head); room > 0 {
		s.head = append(s.head, p[:min(room, len(p))]...)
	}
}

// statement reads a statement's own text byte by byte; it is a small part of
// any dump.
func (s *sqlScanner) statement(p []byte) int {
	for i, c := range p {
		if len(s.head) < maxHead || (len(s.head) < maxInsertHead && s.isInsert()) {
			s.head = append(s.head, c)
		}
		if s.state == inQuotes {
			s.quoted(c)
			continue
		}
		switch c {
		case '\'', '"', '`':
			s.quote, s.state = c, inQuotes
		case ';':
			if s.isDelimiter() {
				continue
			}
			s.endStatement()
			return i + 1
		case '-', '\\':
			if s.isComment() {
				s.state = inComment
				return i + 1
			}
		case '\n':
			if s.isDelimiter() {
				s.beginBlock()
				return i + 1
			}
			if s.isInsert() && hasValues(s.head[:len(s.head)-1]) {
				s.beginRows(inRowLines)
				return i + 1
			}
		case '(':
			if s.isInsert() && hasValues(bytes.TrimRight(s.head[:len(s.head)-1], " ")) {
				s.beginRows(inRows)
				return i + 1
			}
		}
	}
	return len(p)
}

func (s *sqlScanner) quoted(c byte) {
	switch {
	case s.escape:
		s.escape = false
	case c == '\\' && s.quote != '`':
		s.escape = true
	case c == s.quote:
		s.state = inStatement
	}
}

// isComment tells a line for people from a statement: "--" at its start, or
// MariaDB's note that the client's sandbox mode be entered, which has no
// semicolon.
func (s *sqlScanner) isComment() bool {
	return string(s.head) == "--" || string(s.head) == `/*M!999999\`
}

// isDelimiter tells the client's own command, which ends with its line.
func (s *sqlScanner) isDelimiter() bool {
	return bytes.HasPrefix(s.head, []byte("DELIMITER "))
}

func (s *sqlScanner) beginBlock() {
	s.state, s.found = inBlock, false
	if isBlockEnd(s.head) {
		s.state = atStart
	}
	s.head, s.line = s.head[:0], s.line[:0]
}

func isBlockEnd(line []byte) bool {
	return string(bytes.TrimRight(line, "\r\n ")) == "DELIMITER ;"
}

func (s *sqlScanner) isInsert() bool {
	return len(s.head) > 7 && string(s.head[:7]) == "INSERT "
}

func hasValues(head []byte) bool { return bytes.HasSuffix(head, []byte(" VALUES")) }

// endStatement records what the statement made.
func (s *sqlScanner) endStatement() {
	s.state = atStart
	switch {
	case s.isInsert():
		s.fault = "an INSERT has no rows"
	case !bytes.HasPrefix(s.head, []byte("/*!50001 CREATE TABLE")):
		s.record(s.head)
	}
}

func (s *sqlScanner) record(statement []byte) bool {
	o, ok := parseObject(statement)
	if !ok {
		return false
	}
	if o.Kind == models.ObjectTable {
		s.tableNamed(o.Name)
	}
	s.objects = append(s.objects, o)
	return true
}

func (s *sqlScanner) tableNamed(name string) *tableScan {
	t := s.tables[name]
	if t == nil {
		t = &tableScan{name: name, hash: sha256.New()}
		s.tables[name] = t
		s.order = append(s.order, t)
	}
	return t
}

// block reads the lines between DELIMITER ;; and DELIMITER ; and takes the
// first that does not only set variables for what the block makes.
func (s *sqlScanner) block(p []byte) int {
	end := bytes.IndexByte(p, '\n')
	piece := p
	if end >= 0 {
		piece = p[:end]
	}
	if room := maxHead - len(s.line); room > 0 {
		s.line = append(s.line, piece[:min(room, len(piece))]...)
	}
	if end < 0 {
		return len(p)
	}
	s.blockLine()
	s.line = s.line[:0]
	return end + 1
}

func (s *sqlScanner) blockLine() {
	if isBlockEnd(s.line) {
		if !s.found {
			s.record(s.head)
		}
		s.state = atStart
		return
	}
	if len(s.head) == 0 && bytes.HasPrefix(s.line, []byte("/*!50003 SET ")) {
		return
	}
	if !s.found {
		s.keep(s.line, maxHead)
		s.keep([]byte{'\n'}, maxHead)
		s.found = s.record(s.head)
	}
}

// Err tells whether the stream ended as a whole dump does; tool names who
// wrote it.
func (s *sqlScanner) Err(tool string) error {
	switch {
	case s.fault != "":
		return models.Invalidf("the dump can't be kept: what %s wrote is not a dump this program can read: %s", tool, s.fault)
	case !s.complete:
		return models.Invalidf("the dump can't be kept: it is not whole, because it does not end with %s's own last line %q", tool, endMarker)
	}
	return nil
}

// Tables returns what the stream holds of each table, in its order.
func (s *sqlScanner) Tables() []models.TableDigest {
	digests := make([]models.TableDigest, 0, len(s.order))
	for _, t := range s.order {
		digests = append(digests, models.TableDigest{
			Name: t.name, Rows: t.rows, Bytes: t.bytes, SHA256: hex.EncodeToString(t.hash.Sum(nil)),
		})
	}
	return digests
}

// Objects returns everything the stream makes, in its order.
func (s *sqlScanner) Objects() []models.Object { return s.objects }
