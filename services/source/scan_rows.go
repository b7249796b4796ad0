package source

import "bytes"

// beginRows starts the rows of an INSERT whose text up to here is in the head.
func (s *sqlScanner) beginRows(state scanState) {
	name, ok := insertTarget(s.head)
	if !ok {
		s.fault = "an INSERT names no table"
		name = ""
	}
	s.state = state
	s.table = s.tableNamed(name)
	s.rows = rowCounter{}
	if state == inRows {
		s.table.rows++
	}
	s.table.take(s.head)
}

func (t *tableScan) take(p []byte) {
	t.hash.Write(p)
	t.bytes += int64(len(p))
}

// rowLines reads rows that stand on a line each. Strings hold no newline, so
// the byte before one tells whether the statement goes on.
func (s *sqlScanner) rowLines(p []byte) int {
	from := 0
	for {
		i := bytes.IndexByte(p[from:], '\n')
		if i < 0 {
			s.table.take(p)
			s.rows.before = p[len(p)-1]
			return len(p)
		}
		end := from + i
		before := s.rows.before
		if end > 0 {
			before = p[end-1]
		}
		s.table.rows++
		from = end + 1
		if before == ';' {
			s.table.take(p[:from])
			s.state = atStart
			return from
		}
	}
}

// rowsOnOneLine reads rows up to the newline that ends the statement.
func (s *sqlScanner) rowsOnOneLine(p []byte) int {
	end := bytes.IndexByte(p, '\n') + 1
	if end > 0 {
		p = p[:end]
		s.state = atStart
	}
	s.table.take(p)
	s.table.rows += s.rows.count(p)
	return len(p)
}

// rowCounter counts the "),(" outside strings. Searching for few bytes in
// large pieces is many times quicker than looking at every byte.
type rowCounter struct {
	quoted bool
	escape bool
	// before is the last byte of the piece before.
	before byte
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
