package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// Problem is one mistake and where it is.
type Problem struct {
	// File is the file, or the environment variable or flag when Line is 0.
	File string
	Line int
	// Sentence names the key and the way out.
	Sentence string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Sentence
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Sentence)
}

// Errors are all mistakes of a configuration, by line. It is a
// models.ErrInvalid.
type Errors []Problem

// Error tells every mistake, one a line.
func (e Errors) Error() string { return strings.Join(sentences(e), "\n") }

// Unwrap makes errors.Is(err, models.ErrInvalid) hold.
func (e Errors) Unwrap() error { return models.ErrInvalid }

func sentences(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

// sortByLine puts what has no line, such as an environment variable, last.
func sortByLine(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if (a.Line == 0) != (b.Line == 0) {
			return b.Line - a.Line
		}
		return a.Line - b.Line
	})
}
