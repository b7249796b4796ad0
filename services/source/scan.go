package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"path/filepath"
	"strings"

	"github.com/backupman/backupman/models"
)

// endMarker is the last line of every whole dump of mysqldump and mariadb-dump
// when they are told to leave the date out.
const endMarker = "-- Dump completed"

// standIn begins a table that older tools put in the place of a view for the time being.
const standIn = "/*!50001 CREATE TABLE"

const (
	// headSize is room for most statements and for the beginning of an INSERT.
	headSize = 16 << 10
	// maxStatement bounds what is kept of a statement: a table has up to 4096
	// columns and 8192 partitions, with comments. Of a longer routine only the
	// beginning is kept, and a digest of all of it.
	maxStatement = 16 << 20
)

// scanState is where in the stream a sqlScanner stands.
type scanState int

const (
	// atStart is between statements.
	atStart scanState = iota
	// inNote is in a line that the tool wrote for people.
	inNote
	// inCommand is in a line for the client itself, such as DELIMITER.
	inCommand
	// inStatement is in a statement's own text, outside quotes and comments.
	inStatement
	// inQuotes is in a string or a quoted name of a statement.
	inQuotes
	// afterDashes, inLine, afterOpening, afterM and inComment are the stations
	// of comments that statements have inside.
	afterDashes
	inLine
	afterOpening
	afterM
	inComment
	// inDollarTag and inDollars are in the opening and in the body of a text
	// between $tag$ and $tag$ (MySQL 9).
	inDollarTag
	inDollars
	// inRows is in the rows of an INSERT.
	inRows
)

// sqlScanner reads the stream of mysqldump or mariadb-dump as it passes and
// works out what it holds: objects, rows, bytes and a digest per table, and
// whether it ends as a whole dump does. It keeps no more than the beginning of
// the present statement, however long lines are.
//
// Statements are taken apart as the client does it that restores the dump: by
// the delimiter in force, outside quotes and comments. Rows are read in larger
// steps, for which it relies on how both tools write them: strings have
// newlines, quotes and backslashes escaped with a backslash.
type sqlScanner struct {
	state  scanState
	head   []byte
	quote  byte
	escape bool
	// prev is the byte before in a statement, 0 after a quote or a comment.
	prev byte
	// dollars says that the tool quotes bodies of other languages with dollars;
	// MariaDB's names may hold dollars instead.
	dollars bool
	// dollar is the quote that is open, matched how much of its end was seen.
	dollar  []byte
	matched int
	// longDelimiter says that statements end with ;; instead of ; alone.
	longDelimiter bool
	mode          sqlMode

	rows    rowCounter
	table   *tableScan
	tables  map[string]*tableScan
	order   []*tableScan
	objects []models.Object

	// header is what the dump says about itself before its first statement.
	header dumpHeader
	begun  bool
	// long is the digest of a statement that is longer than what is kept of it.
	long hash.Hash
	// taker, when set, is given what the stream is made of.
	taker statementTaker
	// count is told of each table that begins, which is when those before it are done.
	count *TableCount
	// dated lets the end marker have a date, as the tools write it by themselves.
	dated bool

	complete bool
	fault    string
}

// statementTaker is given the parts of a dump in their order. What it is given is
// valid until it returns.
type statementTaker interface {
	// statement takes any statement but an INSERT, without its delimiter; whole is
	// false for the beginning of one that is too long to be kept.
	statement(text []byte, whole bool)
	// insert takes an INSERT up to its first row, rows takes its rows piece by piece
	// and its semicolon, and endRows comes after them.
	insert(table string, head []byte)
	rows(p []byte)
	endRows()
}

// tableScan is what was seen of one table's data.
type tableScan struct {
	name  string
	rows  int64
	bytes int64
	hash  hash.Hash
}

func newSQLScanner() *sqlScanner {
	return &sqlScanner{tables: map[string]*tableScan{}, head: make([]byte, 0, headSize)}
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
	case atStart:
		return s.start(p)
	case inNote, inCommand:
		return s.toolLine(p)
	case inRows:
		return s.insertRows(p)
	default:
		return s.statement(p)
	}
}

func (s *sqlScanner) start(p []byte) int {
	s.complete = false
	switch p[0] {
	case '\n', '\r', ' ', '\t', ';':
		return 1
	}
	s.head, s.long = s.head[:0], nil
	s.state, s.prev = inStatement, 0
	return s.statement(p)
}

// toolLine reads to the end of a line that is no statement.
func (s *sqlScanner) toolLine(p []byte) int {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		s.keep(p)
		return len(p)
	}
	s.keep(p[:end])
	if s.state == inNote {
		s.note(string(s.head))
	} else {
		s.delimiter()
	}
	s.state = atStart
	return end + 1
}

// note takes a line that the tool wrote for people.
func (s *sqlScanner) note(line string) {
	s.complete = line == endMarker || s.dated && strings.HasPrefix(line, endMarker+" on ")
	if !s.begun {
		s.header.take(line)
	}
}

func (s *sqlScanner) keep(p []byte) {
	if room := headSize - len(s.head); room > 0 {
		s.head = append(s.head, p[:min(room, len(p))]...)
	}
}

// delimiter takes the client's command, which says how statements end from here on.
func (s *sqlScanner) delimiter() {
	switch word := string(bytes.TrimSpace(s.head[len(delimiterCommand):])); word {
	case ";", ";;":
		s.longDelimiter = word == ";;"
	default:
		s.fail("it has a delimiter of its own: " + word)
	}
}

// fail notes the first thing that is wrong with the stream.
func (s *sqlScanner) fail(fault string) {
	if s.fault == "" {
		s.fault = fault
	}
}

// endStatement records what the statement made.
func (s *sqlScanner) endStatement() {
	s.state, s.begun = atStart, true
	if s.taker != nil {
		s.taker.statement(s.statementText(), s.long == nil)
	}
	switch {
	case s.isInsert():
		s.fail("an INSERT has no rows")
	case !isStatement(s.head):
		s.fail("a statement begins as none does")
	case !bytes.HasPrefix(s.head, []byte(standIn)):
		s.record(s.head)
		s.mode.take(s.head)
	}
}

// statementText is the statement that has ended, without its delimiter.
func (s *sqlScanner) statementText() []byte {
	if s.long != nil {
		return s.head
	}
	text := bytes.TrimSuffix(s.head, []byte{';'})
	if s.longDelimiter {
		text = bytes.TrimSuffix(text, []byte{';'})
	}
	return text
}

// text says how the present statement is read.
func (s *sqlScanner) text() sqlText { return sqlText{mode: s.mode, dollars: s.dollars} }

func (s *sqlScanner) record(statement []byte) {
	o, ok := parseObject(statement)
	if !ok {
		return
	}
	if o.Kind == models.ObjectTable && !bytes.Contains(statement, []byte("\n) ENGINE=MRG_")) {
		s.tableNamed(o.Name)
	}
	var parts []models.Object
	o.Definition, parts = s.definition(o.Kind)
	s.objects = append(append(s.objects, o), parts...)
}

func (s *sqlScanner) tableNamed(name string) *tableScan {
	t := s.tables[name]
	if t == nil {
		t = &tableScan{name: name, hash: sha256.New()}
		s.tables[name] = t
		s.count.reach(len(s.order))
		s.order = append(s.order, t)
	}
	return t
}

// Err tells whether the stream ended as a whole dump does; tool is the path of who
// wrote it.
func (s *sqlScanner) Err(tool string) error {
	tool = filepath.Base(tool)
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
