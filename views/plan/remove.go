package plan

import (
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
)

// RemoveView is the page that asks before something is taken out of the configuration.
type RemoveView struct {
	Page      layout.Page
	Noun      Noun
	ID, Label string
	// Stays says what is left of it elsewhere, as a sentence.
	Stays string
	// Needed are what would be left without it; it can't be removed while there are any.
	Needed []Needed
	// Problem is why it was not removed; empty when that was not tried.
	Problem string
}

// Needed is something that depends on what is to be removed.
type Needed struct {
	// Words name it, such as "the job nightly"; Path is its page, empty for none.
	Words, Path string
}

// NewNeeded finds the pages of what depends on something, where it is a job.
func NewNeeded(dependents []string, jobs []models.Job) []Needed {
	var all []Needed
	for _, words := range dependents {
		n := Needed{Words: words}
		for _, j := range jobs {
			if label, isJob := strings.CutPrefix(words, "the job "); isJob && strings.Trim(label, `"`) == j.Label {
				n.Path = "/jobs/" + j.ID
			}
		}
		all = append(all, n)
	}
	return all
}
