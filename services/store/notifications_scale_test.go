package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// newsOf is what is asked every few seconds, over and over, by what it is about.
func newsOf(t *testing.T, s *Store, jobID string) map[string]func() error {
	ctx, now := t.Context(), models.Now()
	since, kinds := now.Add(time.Minute), []models.Event{models.EventFailed, models.EventRecovered}
	return map[string]func() error{
		"settled backups": func() error { _, err := s.SettledBackups(ctx, since, models.Cursor{}, 200); return err },
		"the next page": func() error {
			_, err := s.SettledBackups(ctx, since, models.Cursor{CreatedAt: since, ID: "x"}, 200)
			return err
		},
		"settled drills":   func() error { _, err := s.SettledDrills(ctx, since, models.Cursor{}, 200); return err },
		"lost copies":      func() error { _, err := s.LostBackups(ctx, since); return err },
		"alarms":           func() error { _, err := s.RaisedAlarms(ctx, since); return err },
		"the newest of":    func() error { _, err := s.NewestOf(ctx, jobID, kinds, now); return err },
		"the newest about": func() error { _, err := s.NewestAbout(ctx, models.EventDriveFailing, "d/"); return err },
		"what is to be sent": func() error {
			_, err := s.DueNotifiers(ctx, now.Add(-24*time.Hour), []string{"ops"}, since)
			return err
		},
		"a notifier's last": func() error { _, err := s.Notifications(ctx, "ops", 1); return err },
	}
}

func TestSQLitePlansOfNews(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	f := configure(t, s)
	for name, call := range newsOf(t, s, f.job.ID) {
		t.Run(name, func(t *testing.T) {
			said := spy(t, s, call)
			if len(said) == 0 {
				t.Fatal("nothing was asked of the database")
			}
			for _, query := range said {
				for step := range strings.SplitSeq(explain(t, s, query), "\n") {
					if strings.HasPrefix(step, "SCAN") {
						t.Errorf("%s goes by %s", query, step)
					}
				}
			}
		})
	}
}

func TestMariaDBReadsLittleNews(t *testing.T) {
	server := servers.MariaDB(t)
	s := openOn(t, server, server.Database(t))
	f := configure(t, s)
	const n = 2000
	history(t, s, f, n)
	at := models.Now().Add(-time.Hour)
	must(t, s.db.Exec("UPDATE drive_files SET status = ?, updated_at = ?", models.StatusFinished, at).Error)
	must(t, s.db.Exec("UPDATE backups SET status = ?, settled_at = ?", models.StatusFinished, at).Error)
	for i := range 300 {
		e := event(models.EventFailed, fmt.Sprint("b", i), "another job", at)
		sent := notice("ops", e, at)
		sent.NextAt, sent.Status = nil, models.StatusFinished
		must(t, s.Announce(t.Context(), e, always(sent)))
	}
	s.pool.SetMaxOpenConns(1)
	for name, call := range newsOf(t, s, f.job.ID) {
		t.Run(name, func(t *testing.T) {
			before := rowsRead(t, s)
			must(t, call())
			if read := rowsRead(t, s) - before; read > 50 {
				t.Errorf("read %d rows of %d backups and 600 notifications, want at most 50", read, n)
			}
		})
	}
}
