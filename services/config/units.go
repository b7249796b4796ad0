package config

import (
	"time"

	"github.com/backupman/backupman/models"
)

// span is a length of time that the file has.
type span struct {
	length time.Duration
	line   int
}

// duration reads a length of time such as 30m, 6h or 30d; ok is false when there is
// none, or one that was reported.
func (t *table) duration(key string) (span, bool) {
	s := t.text(key)
	if !s.set {
		return span{line: s.line}, false
	}
	length, err := models.ParseSpan(s.text)
	if err != nil {
		t.l.problem(s.line, "%s %s, not %s", t.path(key), err, quote(s.text))
	}
	return span{length: length, line: s.line}, err == nil
}

// amount is a number of bytes that the file has.
type amount struct {
	bytes int64
	line  int
}

// bytes reads a size such as 200GB; ok is as with duration.
func (t *table) bytes(key string) (amount, bool) {
	s := t.text(key)
	if !s.set {
		return amount{line: s.line}, false
	}
	size, err := models.ParseBytes(s.text)
	if err != nil {
		t.l.problem(s.line, "%s %s, not %s", t.path(key), err, quote(s.text))
	}
	return amount{bytes: size, line: s.line}, err == nil
}
