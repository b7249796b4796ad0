// Package runs has what backups, restores and drills have in common while they run: a
// log of their own, and patience with a metadata database that is away.
package runs

import (
	"bytes"
	"fmt"
	"sync"
	"time"
)

// Logs keep the beginning and the end of what a run says, which is where
// reasons stand, and drop the middle of what is too long.
const (
	logHead = 64 << 10
	logTail = 192 << 10
)

// Log collects what a run says, a line at a time, each with the second it
// was said in. It is safe for concurrent use.
type Log struct {
	mu      sync.Mutex
	head    bytes.Buffer
	tail    []byte
	dropped bool
	partial []byte
	changed bool
}

// NewLog continues an earlier attempt's log; empty begins one.
func NewLog(earlier string) *Log {
	l := &Log{}
	if earlier != "" {
		l.keep([]byte(earlier))
	}
	return l
}

// Write takes a tool's output and keeps whole lines.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := append(l.partial, p...)
	for {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			break
		}
		l.line(line)
		rest = after
	}
	l.partial = append([]byte(nil), rest...)
	return len(p), nil
}

// Say adds a line of the program's own.
func (l *Log) Say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(fmt.Appendf(nil, format, args...))
}

func (l *Log) line(text []byte) {
	l.keep(fmt.Appendf(nil, "%s  %s\n", time.Now().UTC().Format("15:04:05"), bytes.TrimRight(text, "\r")))
}

func (l *Log) keep(p []byte) {
	l.changed = true
	if room := logHead - l.head.Len(); room > 0 && len(l.tail) == 0 {
		n := min(room, len(p))
		l.head.Write(p[:n])
		p = p[n:]
	}
	l.tail = append(l.tail, p...)
	if over := len(l.tail) - logTail; over > 0 {
		l.tail = append(l.tail[:0], l.tail[over:]...)
		l.dropped = true
	}
}

// Text returns the log, and whether it changed since the last call.
func (l *Log) Text() (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := l.changed
	l.changed = false
	middle := ""
	if l.dropped {
		middle = "\n… (the middle of this log was too long to keep) …\n"
	}
	return string(bytes.ToValidUTF8([]byte(l.head.String()+middle+string(l.tail)), []byte("\uFFFD"))), changed
}
