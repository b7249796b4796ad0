package runs

import (
	"strings"
	"testing"
)

func TestLogKeepsBothEnds(t *testing.T) {
	l := NewLog("")
	l.Say("first")
	for range 10_000 {
		if _, err := l.Write([]byte(strings.Repeat("x", 100) + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Write([]byte("half a li")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write([]byte("ne\xff\n")); err != nil {
		t.Fatal(err)
	}
	text, changed := l.Text()
	if !changed || len(text) > logHead+logTail+200 || !strings.Contains(text, "first") || !strings.Contains(text, "too long to keep") || !strings.HasSuffix(text, "half a line\uFFFD\n") {
		t.Errorf("%d bytes, ending in %q", len(text), text[len(text)-40:])
	}
	if _, changed := l.Text(); changed {
		t.Error("changed without a write")
	}
}
