package source

import "bytes"

// beginRows starts the rows of an INSERT whose text up to here is in the head.
// MariaDB's tool begins a line for the first row, or, after a list of columns,
// only for the second; Oracle's has all rows on one line.
func (s *sqlScanner) beginRows(c byte) {
	name, ok := insertTarget(s.head)
	if !ok {
		s.fail("an INSERT names no table")
	}
	s.state = inRows
	s.table = s.tableNamed(name)
	s.rows = rowCounter{before: c, lines: c == '\n'}
	s.table.take(s.head)
	s.begun = true
	if s.taker != nil {
		s.taker.insert(name, s.head)
	}
}

// takeRows takes a piece of the rows of the present table.
func (s *sqlScanner) takeRows(p []byte) {
	s.table.take(p)
	if s.taker == nil {
		return
	}
	s.taker.rows(p)
	if s.state == atStart {
		s.taker.endRows()
	}
}

func (t *tableScan) take(p []byte) {
	t.hash.Write(p)
	t.bytes += int64(len(p))
}

// insertRows reads rows up to the end of a line, and line by line once a line
// has ended after a row.
func (s *sqlScanner) insertRows(p []byte) int {
	if s.rows.lines {
		return s.rowLines(p)
	}
	end := bytes.IndexByte(p, '\n')
	line := p[:end+1]
	if end < 0 {
		line = p
	}
	s.table.rows += s.rows.count(line)
	if end < 0 {
		s.rows.before = p[len(p)-1]
		s.takeRows(line)
		return len(p)
	}
	if s.rows.quoted {
		s.fail("a string of table " + s.table.name + " has a line break")
	}
	s.rows.lines = true
	s.endRow(p, end)
	s.takeRows(line)
	return len(line)
}

// rowLines reads rows that stand on a line each.
func (s *sqlScanner) rowLines(p []byte) int {
	from := 0
	for from < len(p) && s.state == inRows {
		if s.rows.before == '\n' && p[from] != '(' {
			s.fail("a line of table " + s.table.name + " does not begin as a row")
		}
		i := bytes.IndexByte(p[from:], '\n')
		if i < 0 {
			s.rows.before = p[len(p)-1]
			from = len(p)
			break
		}
		s.endRow(p, from+i)
		from += i + 1
	}
	s.takeRows(p[:from])
	return from
}

// endRow takes the newline at p[end]. Strings hold none, so that the byte
// before it tells whether the statement goes on.
func (s *sqlScanner) endRow(p []byte, end int) {
	before := s.rows.before
	if end > 0 {
		before = p[end-1]
	}
	s.table.rows++
	s.rows.before = '\n'
	switch before {
	case ',':
	case ';':
		s.state = atStart
	default:
		s.fail("a line of table " + s.table.name + " does not end as a row")
	}
}

// rowCounter counts the "),(" outside strings. Searching for few bytes in
// large pieces is many times quicker than looking at every byte.
type rowCounter struct {
	quoted bool
	escape bool
	// before is the last byte of the piece before.
	before byte
	// lines says that each row has a line of its own from here on.
	lines bool
	// open counts how much of "),(" the piece before ended in, outside strings.
	open int
}

var rowBorder = []byte("),(")

func (r *rowCounter) count(p []byte) int64 {
	var rows int64
	if r.escape && len(p) > 0 {
		r.escape = false
		p = p[1:]
	}
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\\')
		if i < 0 {
			return rows + r.plain(p)
		}
		rows += r.plain(p[:i])
		r.open = 0
		if i+1 == len(p) {
			r.escape = true
			return rows
		}
		p = p[i+2:]
	}
	return rows
}

// plain counts in a piece without escapes.
func (r *rowCounter) plain(p []byte) int64 {
	rows, p := r.resume(p)
	for {
		i := bytes.Index(p, rowBorder)
		if i < 0 {
			break
		}
		r.turn(p[:i])
		if !r.quoted {
			rows++
		}
		p = p[i+len(rowBorder):]
	}
	if len(p) == 0 {
		return rows
	}
	r.turn(p)
	r.open = 0
	if !r.quoted {
		r.open = border(p)
	}
	return rows
}

// turn notes the quotes of a piece: two leave everything as it was.
func (r *rowCounter) turn(p []byte) {
	if bytes.Count(p, quoteByte)%2 == 1 {
		r.quoted = !r.quoted
	}
}

var quoteByte = []byte{'\''}

// resume finishes a border that the piece before began.
func (r *rowCounter) resume(p []byte) (int64, []byte) {
	for r.open > 0 && len(p) > 0 {
		if p[0] != rowBorder[r.open] {
			r.open = 0
			break
		}
		p = p[1:]
		if r.open++; r.open == len(rowBorder) {
			r.open = 0
			return 1, p
		}
	}
	return 0, p
}

// border tells how much of a row border p ends in.
func border(p []byte) int {
	switch {
	case bytes.HasSuffix(p, rowBorder[:2]):
		return 2
	case bytes.HasSuffix(p, rowBorder[:1]):
		return 1
	}
	return 0
}
