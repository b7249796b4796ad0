package upkeep_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver of the database that is backed up

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
	"github.com/backupman/backupman/services/upkeep"
)

// server is a whole installation with two local drives, nas and usb.
type server struct {
	dir     string
	store   *store.Store
	catalog *catalog.Catalog
	backups *backup.Service
	upkeep  *upkeep.Service
	clock   time.Time
	plan    models.Plan
}

func newServer(t *testing.T) *server {
	t.Helper()
	s, quiet := &server{dir: t.TempDir(), clock: models.Now()}, slog.New(slog.DiscardHandler)
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "shop.db"))
	must(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE TABLE orders (id INTEGER PRIMARY KEY)")
	must(t, errors.Join(err, db.Close()))
	s.store, err = store.Open(t.Context(), store.Config{Path: filepath.Join(s.dir, "meta.db")}, quiet)
	must(t, err)
	t.Cleanup(func() { _ = s.store.Close() })
	s.catalog = catalog.New(s.store, source.Lookup, drive.Lookup, drive.Place{StateDir: s.dir, Installation: "here", Policy: drive.DefaultPolicy()})
	s.plan = models.Plan{
		Sources: []models.Source{{Label: "shop", Provider: "sqlite", Settings: models.Settings{"db_path": filepath.Join(s.dir, "shop.db")}}},
		Drives:  []models.Drive{{Label: "nas", Provider: "local"}, {Label: "usb", Provider: "local", Settings: models.Settings{"folder": filepath.Join(s.dir, "usb")}}},
		Jobs:    []models.PlannedJob{{Job: models.Job{Label: "nightly", Compression: models.CompressionZstd}, Source: "shop", Drives: []string{"nas", "usb"}}},
	}
	s.nasAt(t, "nas", "4")
	s.backups, err = backup.New(t.Context(), backup.Options{Store: s.store, Catalog: s.catalog, DataDir: s.dir, Log: quiet})
	must(t, err)
	t.Cleanup(func() { must(t, s.backups.Close()) })
	s.upkeep = upkeep.New(s.store, s.catalog, s.backups, quiet, func() time.Time { return s.clock })
	return s
}

// nasAt configures the drive nas with a folder, as a page or a file would.
func (s *server) nasAt(t *testing.T, folder, uploads string) {
	t.Helper()
	s.plan.Drives[0].Settings = models.Settings{"folder": filepath.Join(s.dir, folder), "max_uploads": uploads}
	must(t, s.catalog.Apply(t.Context(), s.plan))
}

func (s *server) back(t *testing.T) string {
	t.Helper()
	job, err := s.store.JobByLabel(t.Context(), "nightly")
	must(t, err)
	b, err := s.backups.Start(t.Context(), job.ID, models.TriggerCLI)
	must(t, err)
	b, err = s.backups.Run(t.Context(), b.ID)
	must(t, err)
	if b.Status != models.StatusFinished {
		t.Fatal(b.Error)
	}
	return b.ID
}

// look asks for what is due some time later, and returns how the copies of a backup stand then.
func (s *server) look(t *testing.T, id string) map[string]models.DriveFile {
	t.Helper()
	s.clock = models.Now().Add(time.Second)
	must(t, s.upkeep.MovedDue(t.Context()))
	b, err := s.store.Backup(t.Context(), id)
	must(t, err)
	found := map[string]models.DriveFile{}
	for _, f := range b.DriveFiles {
		row, err := s.store.Drive(t.Context(), f.DriveID)
		must(t, err)
		found[row.Label] = f
	}
	return found
}

// Finished means finished: copies of a drive whose folder is another are looked for there,
// and those that are not there are lost, and made again.
func TestCopiesThatDidNotMoveAlongAreLost(t *testing.T) {
	s := newServer(t)
	must(t, s.upkeep.MovedDue(t.Context())) // which learns where they are
	first, second := s.back(t), s.back(t)
	s.nasAt(t, "nas", "2") // how it is used is no other place
	before := s.look(t, first)
	if before["nas"].Status != models.StatusFinished {
		t.Fatalf("a copy that stayed is %s", before["nas"].Status)
	}
	if again := s.look(t, first); !again["nas"].VerifiedAt.Equal(*before["nas"].VerifiedAt) {
		t.Error("copies are read although nothing moved")
	}

	// The new place has the files of the first backup and none of the second.
	must(t, os.CopyFS(filepath.Join(s.dir, "elsewhere"), os.DirFS(filepath.Join(s.dir, "nas"))))
	must(t, os.RemoveAll(filepath.Join(s.dir, "elsewhere", filepath.FromSlash(s.look(t, second)["nas"].Key))))
	s.nasAt(t, "elsewhere", "2")
	moved := s.look(t, first)
	if f := moved["nas"]; f.Status != models.StatusFinished || !f.VerifiedAt.After(*before["nas"].VerifiedAt) {
		t.Errorf("a copy that moved along is %s, read at %s", f.Status, f.VerifiedAt)
	}
	lost := s.look(t, second)
	if f := lost["nas"]; f.Status != models.StatusFailed || !strings.Contains(f.Error, "not there") {
		t.Errorf("a copy that did not move along is %s: %s", f.Status, f.Error)
	}
	if lost["usb"].Status != models.StatusFinished {
		t.Error("a copy on another drive is lost, too")
	}
	healed, err := s.backups.Heal(t.Context(), second)
	must(t, err)
	_, err = s.backups.Run(t.Context(), healed.ID)
	must(t, err)
	if f := s.look(t, second)["nas"]; f.Status != models.StatusFinished {
		t.Errorf("it is not made again: %s %s", f.Status, f.Error)
	}
}

// A place that can't be reached loses nothing until it answers.
func TestCopiesAreLookedForOnceThePlaceAnswers(t *testing.T) {
	s := newServer(t)
	must(t, s.upkeep.MovedDue(t.Context()))
	id := s.back(t)
	blocked := filepath.Join(s.dir, "blocked")
	must(t, os.WriteFile(blocked, nil, 0o600)) // no folder can be there
	s.nasAt(t, "blocked", "4")
	if f := s.look(t, id)["nas"]; f.Status != models.StatusFinished {
		t.Fatalf("a copy on a drive that does not answer is %s", f.Status)
	}
	must(t, os.Remove(blocked))
	s.clock = s.clock.Add(time.Hour)
	must(t, s.upkeep.MovedDue(t.Context()))
	if b, err := s.store.Backup(t.Context(), id); err != nil || b.Status != models.StatusFailed {
		t.Errorf("the backup is %s, %v", b.Status, err)
	}
}

// Of two servers one looks, and another takes over when the first ended in the middle of it.
func TestOneServerLooksForMovedCopies(t *testing.T) {
	s := newServer(t)
	must(t, s.upkeep.MovedDue(t.Context()))
	id := s.back(t)
	s.nasAt(t, "elsewhere", "4")
	s.clock = models.Now().Add(time.Second)
	ended, end := context.WithCancel(t.Context())
	dying := upkeep.New(s.store, s.catalog, dyingBackups{s.backups, end}, slog.New(slog.DiscardHandler), func() time.Time { return s.clock })
	_ = dying.MovedDue(ended)
	must(t, s.upkeep.MovedDue(t.Context()))
	if b, err := s.store.Backup(t.Context(), id); err != nil || b.Status != models.StatusFinished {
		t.Fatalf("the second server looked beside the first: %s, %v", b.Status, err)
	}
	s.clock = s.clock.Add(time.Hour)
	must(t, s.upkeep.MovedDue(t.Context()))
	if b, err := s.store.Backup(t.Context(), id); err != nil || b.Status != models.StatusFailed {
		t.Errorf("nobody took over: %s, %v", b.Status, err)
	}
}

// dyingBackups ends its process at the first copy.
type dyingBackups struct {
	*backup.Service
	end func()
}

func (d dyingBackups) Verify(ctx context.Context, _, _ string) ([]models.CopyVerdict, error) {
	d.end()
	return nil, ctx.Err()
}
