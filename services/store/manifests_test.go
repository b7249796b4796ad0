package store

import (
	"testing"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// withManifest is a finished backup that has a manifest of its own id.
func (f fixture) withManifest(t *testing.T, s *Store, i int) models.Backup {
	t.Helper()
	b := f.settled(t, s, slot(i), models.StatusFinished)
	must(t, s.db.Transaction(func(tx *gorm.DB) error { return saveManifest(tx, b.ID, sampleManifest(b.ID)) }))
	return b
}

func testManifestsBefore(t *testing.T, s *Store) {
	must(t, s.ApplyPlan(t.Context(), plan("a", "b")))
	of := func(label string) fixture {
		return fixture{job: value(s.JobByLabel(t.Context(), label))(t), drives: value(s.Drives(t.Context()))(t)}
	}
	a := of("a")
	first, second := a.withManifest(t, s, 1), a.withManifest(t, s, 2)
	drilled(t, s, a.withManifest(t, s, 3), models.DrillDisproven, models.LevelStored)
	a.settled(t, s, slot(4), models.StatusFinished)
	a.settled(t, s, slot(5), models.StatusFailed)
	of("b").withManifest(t, s, 1)
	third := a.withManifest(t, s, 6)
	now := a.withManifest(t, s, 7)
	a.withManifest(t, s, 8)

	before := func(b models.Backup, limit int) []string {
		ids := []string{}
		for _, m := range value(s.ManifestsBefore(t.Context(), b, limit))(t) {
			ids = append(ids, m.BackupID)
		}
		return ids
	}
	sameList(t, "the manifests", before(now, 10), third.ID, second.ID, first.ID)
	sameList(t, "the newest two", before(now, 2), third.ID, second.ID)
	sameList(t, "those before the first", before(first, 2))
}
