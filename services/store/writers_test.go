package store

import (
	"fmt"
	"sync"
	"testing"

	"github.com/backupman/backupman/models"
)

// testWriters lets 8 writers, spread over the stores of one database, make 50
// transactions each at once. Every one must succeed.
func testWriters(t *testing.T, stores []*Store) {
	t.Helper()
	const writers, transactions = 8, 50
	var labels []string
	for i := range writers {
		labels = append(labels, fmt.Sprintf("job-%d", i))
	}
	must(t, stores[0].ApplyPlan(t.Context(), plan(labels...)))
	drives := value(stores[0].Drives(t.Context()))(t)

	var wg sync.WaitGroup
	for i, label := range labels {
		s := stores[i%len(stores)]
		f := fixture{job: value(s.JobByLabel(t.Context(), label))(t), drives: drives}
		wg.Go(func() {
			if err := writeMany(t, s, f, transactions); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	written := everyBackup(t, stores[0], models.BackupFilter{})
	equal(t, "the number of backups", len(written), writers)
	for _, b := range written {
		equal(t, "the last size written", max(b.DriveFiles[0].Size, b.DriveFiles[1].Size), transactions-3)
	}
}

// writeMany makes n transactions, each of which must find what the one before left.
func writeMany(t *testing.T, s *Store, f fixture, n int) error {
	b := f.backup(slot(0))
	if err := s.InsertBackup(t.Context(), b); err != nil {
		return err
	}
	if err := s.Claim(t.Context(), b.ID, "", f.job.Label, soon); err != nil {
		return err
	}
	for i := range n - 2 {
		change := models.DriveFileChange{Status: models.StatusPending, Size: int64(i)}
		if err := s.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[i%2].ID, f.job.Label, change); err != nil {
			return err
		}
	}
	return nil
}
