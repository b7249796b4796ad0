package source

// rowGuard wants the rows of an INSERT to be literals: numbers, strings and NULL, in
// parentheses, and a semicolon at the end. Anything else would be an expression that
// the server works out, or another statement.
type rowGuard struct {
	state rowState
	value valueKind
	// word is the beginning of a value that is a word.
	word []byte
	bad  bool
}

type rowState uint8

const (
	// rowOutside is between rows, rowInside in one, rowText in a string, rowEscape
	// after a backslash in one, and rowEnd after the semicolon.
	rowOutside rowState = iota
	rowInside
	rowText
	rowEscape
	rowEnd
)

// valueKind is what was read of a value of a row.
type valueKind uint8

const (
	valueNone valueKind = iota
	// valueNumber is also bits, as in 0xFF.
	valueNumber
	// valueWord is NULL, or says what bytes the string after it is made of, as _binary does.
	valueWord
	valueIntroducer
	valueString
	// valueDone is a value with a space after it.
	valueDone
)

// maxRowWord bounds the words in a row: names of character sets.
const maxRowWord = 64

// begin starts an INSERT, inside its first row or before it.
func (r *rowGuard) begin(inside bool) {
	*r = rowGuard{word: r.word[:0]}
	if inside {
		r.state = rowInside
	}
}

// end tells whether what was read is the rows of one INSERT, to its end.
func (r *rowGuard) end() bool { return !r.bad && r.state == rowEnd }

// take reads a piece of rows.
func (r *rowGuard) take(p []byte) {
	for i := 0; i < len(p) && !r.bad; i++ {
		c := p[i]
		switch r.state {
		case rowText:
			for c != '\'' && c != '\\' {
				if i++; i == len(p) {
					return
				}
				c = p[i]
			}
			r.state = rowInside
			if c == '\\' {
				r.state = rowEscape
			}
		case rowEscape:
			r.state = rowText
		case rowInside:
			if !isWordByte(c) {
				r.inside(c)
				continue
			}
			n := runOf(p[i:], isWordByte)
			r.wordBytes(p[i : i+n])
			i += n - 1
		case rowOutside:
			r.outside(c)
		case rowEnd:
			r.bad = c != '\n'
		}
	}
}

func (r *rowGuard) outside(c byte) {
	switch c {
	case '(':
		r.state, r.value = rowInside, valueNone
	case ';':
		r.state = rowEnd
	case ',', ' ', '\n':
	default:
		r.bad = true
	}
}

// inside reads what is neither in a string nor part of a word.
func (r *rowGuard) inside(c byte) {
	switch c {
	case '\'':
		r.bad = r.value == valueNumber || r.value == valueDone || r.value == valueWord && !r.introduces()
		r.state, r.value = rowText, valueString
	case ',', ')':
		r.bad = r.value == valueWord && string(r.word) != "NULL" || r.value == valueIntroducer
		r.value = valueNone
		if c == ')' {
			r.state = rowOutside
		}
	case ' ', '\n':
		r.space()
	case '.', '-', '+':
		r.bad = r.value != valueNone && r.value != valueNumber
		r.value = valueNumber
	default:
		r.bad = true
	}
}

func (r *rowGuard) space() {
	switch {
	case r.value == valueWord && r.introduces():
		r.value = valueIntroducer
	case r.value == valueWord:
		r.bad = string(r.word) != "NULL"
		r.value = valueDone
	case r.value == valueNumber:
		r.value = valueDone
	}
}

// introduces tells whether the word says what bytes a string is made of.
func (r *rowGuard) introduces() bool { return len(r.word) > 1 && r.word[0] == '_' }

func (r *rowGuard) wordBytes(p []byte) {
	switch {
	case r.value == valueNumber:
		return
	case r.value == valueNone && isDigit(p[0]):
		r.value = valueNumber
		return
	case r.value == valueNone:
		r.value, r.word = valueWord, r.word[:0]
	case r.value != valueWord:
		r.bad = true
		return
	}
	if len(r.word)+len(p) > maxRowWord {
		r.bad = true
		return
	}
	r.word = append(r.word, p...)
}
