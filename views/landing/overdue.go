package landing

import "github.com/backupman/backupman/models"

// Unmade returns the newest slots that were given up where nothing has run since them,
// and otherwise nil.
func Unmade(missed []models.Missed, newest *models.Backup) *models.Missed {
	if len(missed) == 0 || newest != nil && newest.CreatedAt.After(missed[0].Last) {
		return nil
	}
	return &missed[0]
}

// overdue reports whether no backup was made for the slot that is due.
func overdue(f JobFacts) bool { return f.Job.Overdue(f.Due, f.NewestFinished) }
