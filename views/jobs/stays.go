package jobs

import (
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/plan"
)

// Noun is what jobs are called where they are set up.
var Noun = plan.Noun{Kind: models.PlanJob, One: "job", Many: "jobs", Path: ListPath}

// StaysWords say what is over when a job is deleted, and what is left of it: its finished
// backups, on drives by their ids.
func StaysWords(job models.Job, finished int64, drives map[string]models.Drive) string {
	if job.RemovedAt != nil {
		return "It does not run as it is. Its backups stay, and can be looked at and restored as before."
	}
	over := "It runs no more, no drill of it is made, and its rules of retention remove nothing any more. "
	if finished == 0 {
		return over + "It has no finished backup, so that nothing is left behind but the record of its runs."
	}
	var names []string
	for _, id := range job.DriveIDs {
		if d, ok := drives[id]; ok {
			names = append(names, d.Label)
		}
	}
	stay, they := "stay", "they"
	if finished == 1 {
		stay, they = "stays", "it"
	}
	on := ""
	if len(names) > 0 {
		on = " with every copy on " + human.List(names)
	}
	left := over + "Its " + human.Plural(finished, "finished backup") + " " + stay + on + ": " + they + " can be looked at and restored"
	if !job.Encryption.On() {
		return left + " as before."
	}
	key := "private key"
	if job.Encryption.Passphrase {
		key = "passphrase"
	}
	return left + " by who has the " + key + ". What this server has of it goes with the job and cannot be had back: make sure that you have it before you delete the job."
}
