package backup

import (
	"context"
	"errors"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
	"github.com/backupman/backupman/services/archive"
)

// wantsKit refuses to encrypt what nobody would know how to open: the recovery kit must
// have been taken for the present keys.
func wantsKit(job models.Job) error {
	if !job.LacksKit() {
		return nil
	}
	which := "has not been taken yet"
	if job.KitAt != nil {
		which = "was taken for other keys than those that encrypt now"
	}
	return models.Conflictf("the recovery kit of job %q %s, and without it an encrypted backup may be lost: take it on the page /jobs/%s/kit or with backupman kit %q, keep it where the private key or the passphrase is, and run the job again",
		job.Label, which, job.ID, job.Label)
}

// recipients returns what the dump is encrypted to; none when it is not encrypted. A job
// that has begun or ceased to encrypt since the backup was made is refused: the name of
// the file says the other.
func (r *run) recipients(ctx context.Context) ([]age.Recipient, error) {
	if r.backup.Encryption != r.job.Encryption.Word() {
		return nil, models.Conflictf("job %q encrypts in another way than when this backup was made: run the job again instead", r.job.Label)
	}
	if !r.job.Encryption.On() {
		return nil, nil
	}
	if err := wantsKit(r.job); err != nil {
		return nil, err
	}
	var err error
	if r.passphrase, err = r.service.catalog.Passphrase(ctx, r.job.ID); err != nil {
		return nil, err
	}
	return agekey.Recipients(r.job.Encryption, r.passphrase)
}

// otherPassphrase is the warning of a dump whose passphrase is not that of the one before.
// The kit can't tell: it knows of the passphrase only that there is one. It may also be
// that one of two servers has another in its environment.
func (r *run) otherPassphrase(ctx context.Context) []string {
	if !r.job.Encryption.Passphrase {
		return nil
	}
	last, err := r.service.store.LastFinished(ctx, r.job.ID)
	if err != nil {
		return nil
	}
	m, err := r.service.store.Manifest(ctx, last.ID)
	if err != nil || m.Sealed == "" || len(m.File.Recipients) > 0 {
		return nil
	}
	with, err := agekey.Identities(models.Unlock{Passphrase: r.passphrase})
	if err != nil {
		return nil
	}
	var locked *archive.LockedError
	if _, err := archive.Unseal(m.Sealed, with...); !errors.As(err, &locked) {
		return nil
	}
	return []string{"it is encrypted with another passphrase than the backup before it, " + last.ID + ": keep the old passphrase as long as the backups that it opens, and see that every server has the new one"}
}

// seal encrypts what an encrypted dump holds as the dump is; empty for others. It is done
// once: healing writes the same manifest without any key.
func (r *run) seal(inv models.Inventory, recipients []age.Recipient) (string, error) {
	if len(recipients) == 0 {
		return "", nil
	}
	return archive.Seal(inv, recipients...)
}
