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

// careOfCopies is what looks after copies, over and over, by what it does.
func careOfCopies(t *testing.T, s *Store, drive string) map[string]func() error {
	ctx, now := t.Context(), models.Now()
	return map[string]func() error{
		"what is due":       func() error { _, err := s.HealDue(ctx, here, now, 16); return err },
		"failed copies":     func() error { _, err := s.FailedCopies(ctx, drive, now.Add(-time.Hour), 200); return err },
		"making due":        func() error { return s.HealDrive(ctx, drive, now.Add(-time.Hour), now) },
		"a sample":          func() error { _, err := s.SampleCopies(ctx, drive, now.Add(-24*time.Hour), 2); return err },
		"unread copies":     func() error { _, err := s.UnreadCopies(ctx, drive, now, 4); return err },
		"the next to copy":  func() error { _, err := s.NextToCopy(ctx, here); return ignoreMissing(err) },
		"the next to dump":  func() error { _, err := s.nextToDump(ctx); return ignoreMissing(err) },
		"the newest copy":   func() error { _, err := s.NewestCopy(ctx, drive); return ignoreMissing(err) },
		"totals of a drive": func() error { _, err := s.DriveTotals(ctx); return err },
	}
}

// wholeDrive are those that may read an index of all copies on a drive once.
var wholeDrive = map[string]bool{"the newest copy": true, "totals of a drive": true}

func ignoreMissing(err error) error {
	if err != nil && strings.Contains(err.Error(), "no ") {
		return nil
	}
	return err
}

// spy returns the statements that a call makes of a store.
func spy(t *testing.T, s *Store, call func() error) []string {
	t.Helper()
	var said []string
	listen := func(tx *gorm.DB) {
		if text := tx.Statement.SQL.String(); text != "" {
			said = append(said, tx.Dialector.Explain(text, tx.Statement.Vars...))
		}
	}
	must(t, s.db.Callback().Query().After("gorm:query").Replace("spy", listen))
	must(t, s.db.Callback().Row().After("gorm:row").Replace("spy", listen))
	must(t, s.db.Callback().Update().After("gorm:update").Replace("spy", listen))
	must(t, call())
	return said
}

func TestSQLitePlansOfCopies(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	f := configure(t, s)
	for name, call := range careOfCopies(t, s, f.drives[0].ID) {
		t.Run(name, func(t *testing.T) {
			said := spy(t, s, call)
			if len(said) == 0 {
				t.Fatal("nothing was asked of the database")
			}
			for _, query := range said {
				for _, step := range strings.Split(explain(t, s, query), "\n") {
					if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "USING COVERING INDEX idx_drive_files_drive") {
						t.Errorf("%s goes by %s", query, step)
					}
				}
			}
		})
	}
}

// TestSQLiteCrowdOfCopies bounds what the care of forty thousand copies takes, however
// slow the machine: half a hundredth of it is usual.
func TestSQLiteCrowdOfCopies(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	fill(t, s, crowd/5)
	must(t, s.db.Exec("UPDATE drive_files SET status = ?, verified_at = created_at", models.StatusFinished).Error)
	drive := value(s.Drives(t.Context()))(t)[0].ID
	for name, call := range careOfCopies(t, s, drive) {
		began := worked(t)
		must(t, call())
		if took := worked(t) - began; took > 2*time.Second {
			t.Errorf("%s took %s", name, took)
		} else {
			t.Logf("%s took %s", name, took)
		}
	}
}

func TestMariaDBReadsFewCopies(t *testing.T) {
	server := servers.MariaDB(t)
	s := openOn(t, server, server.Database(t))
	f := configure(t, s)
	const n = 2000
	history(t, s, f, n)
	at := models.Now()
	must(t, s.db.Exec("UPDATE drive_files SET status = ?, verified_at = ?", models.StatusFinished, at).Error)
	must(t, s.db.Exec("UPDATE backups SET status = ?, dumped_at = ?", models.StatusFinished, at).Error)
	s.pool.SetMaxOpenConns(1)
	for name, call := range careOfCopies(t, s, f.drives[0].ID) {
		t.Run(name, func(t *testing.T) {
			limit := 50
			if wholeDrive[name] {
				limit = 2*n + 50
			}
			before := rowsRead(t, s)
			must(t, call())
			if read := rowsRead(t, s) - before; read > limit {
				t.Errorf("read %d rows of %d copies, want at most %d", read, 2*n, limit)
			}
		})
	}
}
