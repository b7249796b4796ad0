package source

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	// maxLogLine and maxLogBytes bound what a tool can put into a run's log.
	maxLogLine  = 4 << 10
	maxLogBytes = 256 << 10
	redacted    = "**redacted**"
)

// logLines passes a tool's stderr on line by line without secrets, and
// remembers the last line. What is beyond the bounds is left out, never an error:
// a tool must not be held up by its own complaints.
type logLines struct {
	out     io.Writer
	secrets []string
	line    []byte
	written int
	last    string
}

func newLogLines(out io.Writer, secrets []string) *logLines {
	l := &logLines{out: out}
	for _, s := range secrets {
		if s != "" {
			l.secrets = append(l.secrets, s)
		}
	}
	// The longest goes first, for one secret may be a part of another.
	slices.SortFunc(l.secrets, func(a, b string) int { return len(b) - len(a) })
	return l
}

func (l *logLines) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			l.keep(p)
			return n, nil
		}
		l.keep(p[:i])
		l.flush()
		p = p[i+1:]
	}
}

func (l *logLines) keep(p []byte) {
	if room := maxLogLine - len(l.line); room > 0 {
		l.line = append(l.line, p[:min(room, len(p))]...)
	}
}

// flush passes on the line so far. A secret that the bound cut in two is taken
// out with the rest of the line.
func (l *logLines) flush() {
	line := strings.TrimSpace(strings.ToValidUTF8(l.redact(string(l.line)), "?"))
	l.line = l.line[:0]
	if line == "" {
		return
	}
	l.last = line
	if l.written > maxLogBytes {
		return
	}
	if l.written += len(line); l.written > maxLogBytes {
		line = "what the tool said after this is left out"
	}
	fmt.Fprintln(l.out, line)
}

func (l *logLines) redact(line string) string {
	for _, secret := range l.secrets {
		line = strings.ReplaceAll(line, secret, redacted)
	}
	if len(line) < maxLogLine-len(redacted) {
		return line
	}
	for _, secret := range l.secrets {
		line = strings.TrimSuffix(line, longestOverlap(line, secret))
	}
	return line
}

// longestOverlap returns the longest end of line that secret begins with.
func longestOverlap(line, secret string) string {
	for n := min(len(line), len(secret)-1); n > 0; n-- {
		if strings.HasSuffix(line, secret[:n]) {
			return secret[:n]
		}
	}
	return ""
}
