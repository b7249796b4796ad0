package source

import (
	"bytes"
	"io"
	"strings"
)

const (
	// maxToolWarnings and maxToolWarning bound what a tool's own warnings add to
	// an inventory.
	maxToolWarnings = 20
	maxToolWarning  = 500
)

// toolWarnings passes a tool's log on and gathers the warnings in it. It is
// given whole lines, without secrets.
type toolWarnings struct {
	out      io.Writer
	found    []string
	left     int
	detailed bool
}

func (w *toolWarnings) Write(p []byte) (int, error) {
	for line := range bytes.SplitSeq(p, []byte{'\n'}) {
		w.line(string(line))
	}
	return w.out.Write(p)
}

// line takes a warning, or the detail that may follow one.
func (w *toolWarnings) line(line string) {
	program, text, ok := strings.Cut(line, ": warning: ")
	if ok {
		w.detailed = len(w.found) < maxToolWarnings
		if !w.detailed {
			w.left++
			return
		}
		w.found = append(w.found, bounded(program+" warns: "+text))
		return
	}
	if _, text, ok := strings.Cut(line, ": detail: "); ok && w.detailed {
		last := len(w.found) - 1
		w.found[last] = bounded(strings.TrimSuffix(w.found[last], ":") + ": " + text)
	}
	w.detailed = w.detailed && line == ""
}

// all returns the warnings and says how many more there were.
func (w *toolWarnings) all() []string {
	if w.left == 0 {
		return w.found
	}
	return append(w.found, plural(w.left, "more warning", "more warnings")+" of the tool: see the log")
}

func bounded(text string) string {
	if len(text) <= maxToolWarning {
		return text
	}
	return strings.ToValidUTF8(text[:maxToolWarning], "") + "…"
}
