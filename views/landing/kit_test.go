package landing

import (
	"testing"

	"github.com/backupman/backupman/models"
)

func TestAJobThatWaitsForItsKitSaysSo(t *testing.T) {
	sealed := models.Encryption{Passphrase: true}
	for name, c := range map[string]struct {
		job  models.Job
		path string
	}{
		"not encrypted": {models.Job{ID: "1"}, ""},
		"no kit":        {models.Job{ID: "1", Encryption: sealed}, "/jobs/1/kit"},
		"a kit":         {models.Job{ID: "1", Encryption: sealed, KitAt: &now, KitFor: sealed.Fingerprint()}, ""},
		"another kit":   {models.Job{ID: "1", Encryption: sealed, KitAt: &now, KitFor: "other"}, "/jobs/1/kit"},
	} {
		t.Run(name, func(t *testing.T) {
			card := NewJobCard(JobFacts{JobSummary: models.JobSummary{Job: c.job}}, now)
			if card.KitPath != c.path || card.Run.Primary != (c.path == "") {
				t.Errorf("the card leads to %q, and its run is the first thing to do: %v", card.KitPath, card.Run.Primary)
			}
		})
	}
}
