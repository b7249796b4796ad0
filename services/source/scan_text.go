package source

import (
	"bytes"
	"strconv"
	"strings"
)

// sqlText says how the text of a statement is to be read.
type sqlText struct {
	mode sqlMode
	// dollars is as in sqlScanner.
	dollars bool
}

// pieceKind is what a piece of a statement's text is.
type pieceKind int

const (
	pieceSpace pieceKind = iota
	// pieceWord is a word or a number.
	pieceWord
	// pieceName is a name in quotes, pieceString a text.
	pieceName
	pieceString
	pieceSymbol
	// pieceComment is a comment that means nothing.
	pieceComment
	// pieceVersion is the opening of a comment that some servers read, such as
	// /*!50003, and pieceClose the end of one.
	pieceVersion
	pieceClose
)

// next returns what stands at a place of a text and where it ends. Inside a version
// comment the characters */ are its end.
func (t sqlText) next(text []byte, at int, inVersion bool) (pieceKind, int) {
	rest := text[at:]
	switch c := rest[0]; {
	case isSpace(c):
		return pieceSpace, at + runOf(rest, isSpace)
	case c == '$' && t.dollars:
		return t.dollarText(text, at)
	case isWordByte(c):
		return pieceWord, at + runOf(rest, isWordByte)
	case c == '\'' || c == '"' && !t.mode.ansiQuotes:
		return pieceString, at + t.quotedLength(rest)
	case c == '`' || c == '"':
		return pieceName, at + t.quotedLength(rest)
	case hasPrefix(rest, "/*!"), hasPrefix(rest, "/*M!"):
		open := bytes.IndexByte(rest, '!') + 1
		return pieceVersion, at + open + runOf(rest[open:], isDigit)
	case hasPrefix(rest, "/*"):
		return pieceComment, commentEnd(text, at+2)
	case c == '#', hasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' '):
		return pieceComment, at + lengthUntil(rest, "\n")
	case inVersion && hasPrefix(rest, "*/"):
		return pieceClose, at + 2
	}
	return pieceSymbol, at + 1
}

// dollarText reads $tag$ … $tag$; a dollar sign that opens no such text is part of a word.
func (t sqlText) dollarText(text []byte, at int) (pieceKind, int) {
	rest := text[at:]
	tag := 1 + runOf(rest[1:], func(c byte) bool { return isWordByte(c) && c != '$' })
	if tag >= len(rest) || rest[tag] != '$' {
		return pieceWord, at + runOf(rest, isWordByte)
	}
	quote := rest[:tag+1]
	end := bytes.Index(rest[len(quote):], quote)
	if end < 0 {
		return pieceString, len(text)
	}
	return pieceString, at + end + 2*len(quote)
}

// quotedLength is the length of a string or a quoted name, its quotes included.
func (t sqlText) quotedLength(rest []byte) int {
	quote := rest[0]
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && t.mode.escapes(quote):
			i++
		case c == quote && i+1 < len(rest) && rest[i+1] == quote:
			i++
		case c == quote:
			return i + 1
		}
	}
	return len(rest)
}

func runOf(text []byte, belongs func(byte) bool) int {
	n := 0
	for n < len(text) && belongs(text[n]) {
		n++
	}
	return n
}

func lengthUntil(text []byte, end string) int {
	if i := bytes.Index(text, []byte(end)); i >= 0 {
		return i + len(end)
	}
	return len(text)
}

// commentEnd returns the place after a comment whose inside begins at a place. Servers
// let comments hold comments.
func commentEnd(text []byte, at int) int {
	for depth := 1; at < len(text); at++ {
		switch rest := text[at:]; {
		case hasPrefix(rest, "*/"):
			if depth--; depth == 0 {
				return at + 2
			}
			at++
		case hasPrefix(rest, "/*") && depth == 1:
			depth++
			at++
		}
	}
	return len(text)
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// versionComment is what decides whether a server reads a version comment.
type versionComment struct {
	// mariadb says that only MariaDB does.
	mariadb bool
	// least is the version that reads it, as 10000 × major + 100 × minor + patch; 0 for all.
	least int
}

func parseVersionComment(opening []byte) versionComment {
	mariadb := hasPrefix(opening, "/*M")
	least, _ := strconv.Atoi(string(opening[bytes.IndexByte(opening, '!')+1:]))
	return versionComment{mariadb: mariadb, least: least}
}

// always tells whether every server that this program restores to reads the comment:
// all of MySQL 5.7 and MariaDB 10.3 and newer.
func (c versionComment) always() bool { return !c.mariadb && c.least <= 50700 }

// everyComment reads all version comments.
func everyComment(versionComment) bool { return true }

// unwrap returns a statement as a server reads it that reads those version comments:
// their contents without the comment around, and nothing of the others. What version
// comments have inside stays as it is.
func (t sqlText) unwrap(text []byte, reads func(versionComment) bool) []byte {
	out := make([]byte, 0, len(text))
	open := false
	for at := 0; at < len(text); {
		kind, end := t.next(text, at, open)
		switch {
		case kind == pieceVersion && open:
			end = commentEnd(text, end)
			out = append(out, text[at:end]...)
		case kind == pieceVersion:
			if open = reads(parseVersionComment(text[at:end])); !open {
				end = commentEnd(text, end)
			}
			out = append(out, ' ')
		case kind == pieceClose:
			open = false
			out = append(out, ' ')
		default:
			out = append(out, text[at:end]...)
		}
		at = end
	}
	return bytes.TrimSpace(out)
}

// sqlToken is a piece of a statement that means something, with its place in the text.
type sqlToken struct {
	kind pieceKind
	// text is a name without its quotes, anything else as it stands.
	text       string
	start, end int
}

// is tells whether the token is that word.
func (k sqlToken) is(word string) bool {
	return k.kind == pieceWord && strings.EqualFold(k.text, word)
}

func (k sqlToken) symbol(s string) bool { return k.kind == pieceSymbol && k.text == s }

// tokens takes an unwrapped statement apart, up to a number of tokens.
func (t sqlText) tokens(text []byte, most int) []sqlToken {
	var tokens []sqlToken
	for at := 0; at < len(text) && len(tokens) < most; {
		kind, end := t.next(text, at, false)
		switch kind {
		case pieceSpace, pieceComment:
		case pieceName:
			w := &words{text: text[at:end]}
			name, _ := w.next()
			tokens = append(tokens, sqlToken{kind, name, at, end})
		default:
			tokens = append(tokens, sqlToken{kind, string(text[at:end]), at, end})
		}
		at = end
	}
	return tokens
}

// allTokens stands for no bound on the number of tokens.
const allTokens = 1 << 31

// span is a part of a text.
type span struct{ start, end int }

// without returns a text without parts of it, which are in order.
func without(text []byte, parts []span) []byte {
	if len(parts) == 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	at := 0
	for _, p := range parts {
		out = append(out, text[at:p.start]...)
		at = p.end
	}
	return append(out, text[at:]...)
}
