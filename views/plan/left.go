package plan

import (
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// Left is something that is set up and does not run.
type Left struct {
	Label, Reason string
	// Edit and Delete are where it is mended; empty for what has no page.
	Edit, Delete string
}

// NewLeft chooses the things of one kind among those that are left out. key makes of an
// item what its pages are found by.
func NewLeft(n Noun, all []models.LeftItem, key func(models.LeftItem) string) []Left {
	var left []Left
	for _, i := range all {
		if i.Kind != n.Kind {
			continue
		}
		l := Left{Label: i.Label, Reason: human.Sentence(i.Reason)}
		if k := key(i); k != "" {
			l.Edit, l.Delete = n.Edit(k), n.Delete(k)
		}
		left = append(left, l)
	}
	return left
}
