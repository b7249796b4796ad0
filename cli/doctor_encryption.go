package cli

import (
	"context"
	"fmt"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
)

// encryption examines the jobs that encrypt: their recovery kits, and what opens their
// backups here.
func (d *doctor) encryption(ctx context.Context) error {
	for _, planned := range d.app.planner.Plan().Jobs {
		if !planned.Job.Encryption.On() {
			continue
		}
		job, err := d.app.store.JobByLabel(ctx, planned.Job.Label)
		if err != nil {
			return err
		}
		d.begin("encryption of job %q", job.Label)
		d.kit(job)
		d.keys(ctx, job)
	}
	return nil
}

func (d *doctor) kit(job models.Job) {
	take := "nothing is backed up before it was: backupman kit " + shellWord(job.Label)
	switch {
	case job.HasKit():
		d.pass("the recovery kit was taken on " + job.KitAt.UTC().Format("2006-01-02"))
	case job.KitAt != nil:
		d.problem("the recovery kit was taken for other keys than those that encrypt now, and " + take)
	default:
		d.problem("the recovery kit has not been taken, and " + take)
	}
}

// keys tries what encrypts, and tells whether this server can open what it makes.
func (d *doctor) keys(ctx context.Context, job models.Job) {
	u, err := d.app.catalog.Unlock(ctx, job.ID)
	if err != nil {
		d.problem(sentence(err))
		return
	}
	if _, err := agekey.Recipients(job.Encryption, u.Passphrase); err != nil {
		d.problem(sentence(err))
		return
	}
	switch n := len(job.Encryption.Recipients); {
	case job.Encryption.Passphrase:
		d.pass("a passphrase encrypts, and opens the backups for drills and restores")
	case !u.Identity.Empty():
		d.pass(fmt.Sprintf("encrypts to %s; the private key that is configured opens the backups for drills and restores", count(n, "public key")))
	default:
		d.pass(fmt.Sprintf("encrypts to %s", count(n, "public key")))
		d.note("this server has no private key, so its drills prove nothing and say so: give one with drill --identity FILE, or name encryption.identity_file")
	}
}
