package store

import (
	"testing"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

func testKits(t *testing.T, s *Store) {
	ctx := t.Context()
	encrypted := func(e models.Encryption) models.Job {
		p := plan("nightly")
		p.Jobs[0].Job.Encryption = e
		must(t, s.ApplyPlan(ctx, p))
		return value(s.JobByLabel(ctx, "nightly"))(t)
	}
	one := models.Encryption{Recipients: []string{"age1one", "age1two"}}
	job := encrypted(one)
	equal(t, "the encryption", job.Encryption.Fingerprint(), one.Fingerprint())
	equal(t, "a kit", job.HasKit(), false)

	wants(t, s.TakeKit(ctx, models.NewID(), one.Fingerprint(), models.Now()), models.ErrNotFound)
	wants(t, s.TakeKit(ctx, job.ID, "another", models.Now()), models.ErrConflict)
	at := models.Now()
	must(t, s.TakeKit(ctx, job.ID, one.Fingerprint(), at))
	job = value(s.Job(ctx, job.ID))(t)
	sameTime(t, "the kit", job.KitAt, at)
	equal(t, "a kit", job.HasKit(), true)

	equal(t, "a kit after the same plan", encrypted(one).HasKit(), true)
	equal(t, "a kit for the keys in another order", encrypted(models.Encryption{Recipients: []string{"age1two", "age1one"}}).HasKit(), true)
	equal(t, "a kit for other keys", encrypted(models.Encryption{Recipients: []string{"age1two"}}).HasKit(), false)
	equal(t, "a kit for a passphrase", encrypted(models.Encryption{Passphrase: true}).HasKit(), false)
	open := encrypted(models.Encryption{})
	equal(t, "an encryption", open.Encryption.On(), false)
	equal(t, "a kit for the first keys again", encrypted(one).HasKit(), true)
}

func testOpenManifest(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	sealed := func(i int) models.Backup {
		b := f.settled(t, s, slot(i), models.StatusFinished)
		m := sampleManifest(b.ID)
		m.Sealed, m.Inventory = "sealed", m.Inventory.Public()
		must(t, s.db.Transaction(func(tx *gorm.DB) error { return saveManifest(tx, b.ID, m) }))
		return b
	}
	b := sealed(1)
	equal(t, "whether it is hidden", value(s.Manifest(ctx, b.ID))(t).Hidden(), true)
	inv := sampleManifest(b.ID).Inventory
	inv.Warnings = []string{"one", "two"}
	must(t, s.OpenManifest(ctx, b.ID, inv))
	m := value(s.Manifest(ctx, b.ID))(t)
	equal(t, "whether it is hidden", m.Hidden(), false)
	equal(t, "the sealed part", m.Sealed, "sealed")
	equal(t, "the rows", m.Inventory.Rows(), int64(3))
	equal(t, "the warnings", value(s.Backup(ctx, b.ID))(t).Warnings, "one\ntwo")

	must(t, s.OpenManifest(ctx, b.ID, models.Inventory{Tables: []models.TableDigest{{Name: "x", Rows: 9}}}))
	equal(t, "the rows of one that is known", value(s.Manifest(ctx, b.ID))(t).Inventory.Rows(), int64(3))
	wants(t, s.OpenManifest(ctx, models.NewID(), inv), models.ErrNotFound)
}
