package config

import "github.com/backupman/backupman/models"

// place names a thing of the file: what it is called in sentences, and its label.
type place struct{ noun, label string }

// nouns are what things of the file are called in sentences.
var nouns = map[models.PlanKind]string{models.PlanSource: "data source", models.PlanDrive: "drive", models.PlanJob: "job"}

// placed notes on which line a label stands.
func (l *loader) placed(noun, label string, line int) {
	if l.lines == nil {
		l.lines = map[place]int{}
	}
	l.lines[place{noun, label}] = line
}

// Line is the line of the file with the label of a source, a drive or a job; of the source where
// the file has no jobs, so that each source is one. It is 0 where the file has none.
func (c Config) Line(kind models.PlanKind, label string) int {
	line := c.lines[place{nouns[kind], label}]
	if line == 0 && kind == models.PlanJob {
		return c.lines[place{nouns[models.PlanSource], label}]
	}
	return line
}
