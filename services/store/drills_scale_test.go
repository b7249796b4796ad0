package store

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// careOfProof is what pages and runners ask about drills and alarms, over and over.
func careOfProof(t *testing.T, s *Store, b models.Backup) map[string]func() error {
	ctx, now := t.Context(), models.Now()
	after := models.Cursor{CreatedAt: now, ID: "x"}
	list := func(f models.DrillFilter) func() error {
		return func() error { _, err := s.RecentDrills(ctx, f, after, 20); return err }
	}
	return map[string]func() error{
		"all drills":       list(models.DrillFilter{}),
		"drills of a job":  list(models.DrillFilter{JobID: b.JobID}),
		"of an outcome":    list(models.DrillFilter{Outcome: models.DrillProven}),
		"those that run":   func() error { _, err := s.RunningDrills(ctx); return err },
		"the silent ones":  func() error { _, err := s.SilentDrills(ctx, time.Minute); return err },
		"one that runs":    func() error { _, err := s.DrillRunningFor(ctx, b.ID); return ignoreMissing(err) },
		"unseen alarms":    func() error { _, err := s.UnseenAlarms(ctx, b.JobID); return err },
		"being frozen":     func() error { _, err := s.Frozen(ctx, b.JobID); return err },
		"silent restores":  func() error { _, err := s.SilentRestores(ctx, time.Minute); return err },
		"manifests before": func() error { _, err := s.ManifestsBefore(ctx, b, 10); return err },
	}
}

func TestSQLitePlansOfProof(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	b := configure(t, s).settled(t, s, slot(1), models.StatusFinished)
	for name, call := range careOfProof(t, s, b) {
		t.Run(name, func(t *testing.T) {
			for _, query := range spy(t, s, call) {
				for _, step := range strings.Split(explain(t, s, query), "\n") {
					if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "INDEX idx_drills_created") {
						t.Errorf("%s goes by %s", query, step)
					}
				}
			}
		})
	}
}

// TestMariaDBReadsFewDrills counts what is read of two thousand backups that have a
// manifest and a drill each.
func TestMariaDBReadsFewDrills(t *testing.T) {
	server := servers.MariaDB(t)
	s := openOn(t, server, server.Database(t))
	f := configure(t, s)
	ids := history(t, s, f, 2000)
	drilledOnce(t, s, f, ids)
	s.pool.SetMaxOpenConns(1)
	b := value(s.Backup(t.Context(), ids[0]))(t)
	for name, call := range careOfProof(t, s, b) {
		t.Run(name, func(t *testing.T) {
			before := rowsRead(t, s)
			must(t, call())
			if read := rowsRead(t, s) - before; read > 100 {
				t.Errorf("read %d rows of %d drills", read, len(ids))
			}
		})
	}
}

// drilledOnce gives each backup a manifest, and a drill that proved it.
func drilledOnce(t *testing.T, s *Store, f fixture, ids []string) {
	t.Helper()
	var drills []models.Drill
	var manifests []manifestRow
	begin := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	for i, id := range ids {
		drills = append(drills, models.Drill{ID: models.NewID(), BackupID: id, JobID: f.job.ID, Outcome: models.DrillProven, CreatedAt: begin.Add(time.Duration(i) * time.Minute)})
		manifests = append(manifests, manifestRow{BackupID: id, Body: "{}"})
	}
	must(t, s.db.Transaction(func(tx *gorm.DB) error {
		must(t, tx.CreateInBatches(&drills, 200).Error)
		return tx.CreateInBatches(&manifests, 200).Error
	}))
}
