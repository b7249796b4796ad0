package restore_test

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/sample"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// world is one installation: a real store, local drives, and SQLite databases to back up
// and to restore into.
type world struct {
	t       *testing.T
	dir     string
	store   *store.Store
	catalog *catalog.Catalog
	backups *backup.Service
	restore *restore.Service
	// kinds finds kinds of source; tests put others in its place.
	kinds func(provider string) (source.Kind, error)
	// shop is the database that is backed up, job its job.
	shop string
	job  models.Job
	plan models.Plan
	// shared is where scratch databases go that the data folder is no place for.
	shared string
	// other is the id of a second data source, at otherPath.
	other     string
	otherPath string
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// shopFile is the sample shop, made once.
var shopFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "backupman-restore-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "shop.db")
	if err := sample.Shop(context.Background(), path, time.Now()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// newWorld makes an installation whose backups go to the labelled drives.
func newWorld(t *testing.T, drives ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), kinds: source.Lookup}
	w.shop, w.otherPath = filepath.Join(w.dir, "live", "shop.db"), filepath.Join(w.dir, "live", "other.db")
	text, err := shopFile()
	w.must(err)
	w.must(os.MkdirAll(filepath.Dir(w.shop), 0o700))
	w.must(os.WriteFile(w.shop, text, 0o600))
	w.openWith(w.planOf(drives))
	t.Cleanup(func() {
		_ = w.restore.Close()
		_ = w.backups.Close()
		_ = w.store.Close()
	})
	return w
}

func (w *world) data() string { return filepath.Join(w.dir, "data") }

// planOf has the shop, another data source, and the job whose backups go to the drives.
func (w *world) planOf(drives []string) models.Plan {
	plan := models.Plan{Sources: []models.Source{{Label: "shop", Provider: "sqlite", Settings: models.Settings{"db_path": w.shop}},
		{Label: "other", Provider: "sqlite", Settings: models.Settings{"db_path": w.otherPath}}}}
	for _, label := range drives {
		plan.Drives = append(plan.Drives, models.Drive{Label: label, Provider: "local", Settings: models.Settings{"folder": w.folder(label)}})
	}
	plan.Jobs = []models.PlannedJob{{Job: models.Job{Label: "shop-nightly", Compression: models.CompressionZstd}, Source: "shop", Drives: drives}}
	return plan
}

// openWith makes the services over what is on disk.
func (w *world) openWith(plan models.Plan) {
	w.t.Helper()
	w.plan = plan
	w.must(os.MkdirAll(w.data(), 0o700))
	var err error
	w.store, err = store.Open(w.t.Context(), store.Config{Provider: "sqlite", Path: filepath.Join(w.dir, "meta.db")}, quiet())
	w.must(err)
	lookup := func(provider string) (source.Kind, error) { return w.kinds(provider) }
	w.catalog = catalog.New(w.store, lookup, drive.Lookup, drive.Place{StateDir: filepath.Join(w.data(), "drives"), Policy: drive.Policy{Attempts: 1}})
	w.must(w.catalog.Apply(w.t.Context(), plan))
	w.job, err = w.store.JobByLabel(w.t.Context(), "shop-nightly")
	w.must(err)
	row, err := w.store.SourceByLabel(w.t.Context(), "other")
	w.must(err)
	w.other = row.ID
	w.backups, err = backup.New(w.t.Context(), backup.Options{Store: w.store, Catalog: w.catalog, DataDir: w.data(), Log: quiet()})
	w.must(err)
	w.restore = w.service(restore.Options{})
}

// service returns a service of this installation with some options set.
func (w *world) service(o restore.Options) *restore.Service {
	w.t.Helper()
	if o.Store == nil {
		o.Store = w.store
	}
	if o.Copies == nil {
		o.Copies = w.backups
	}
	if o.Backups == nil {
		o.Backups = w.backups
	}
	o.Catalog, o.Dir, o.Installation, o.Log = w.catalog, w.data(), "0123456789ab", quiet()
	o.Kind = func(provider string) (source.Kind, error) { return w.kinds(provider) }
	s := restore.New(o)
	s.SetShared(w.sharedFolder())
	w.t.Cleanup(func() { _ = s.Close() })
	return s
}

func (w *world) sharedFolder() string {
	if w.shared == "" {
		return w.dir
	}
	return w.shared
}

func (w *world) folder(label string) string { return filepath.Join(w.dir, "drives", label) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// backUp makes a finished backup.
func (w *world) backUp() models.Backup {
	w.t.Helper()
	b, err := w.backups.Start(w.t.Context(), w.job.ID, models.TriggerCLI)
	w.must(err)
	b, err = w.backups.Finish(w.t.Context(), b.ID)
	if err != nil || b.Status != models.StatusFinished {
		w.t.Fatalf("backup %s: %s (%v)", b.Status, b.Error, err)
	}
	return b
}

// copyPath is where a copy of a backup lies.
func (w *world) copyPath(label string, b models.Backup) string {
	return filepath.Join(w.folder(label), b.DriveFiles[0].Key)
}

// spoil changes a copy on a drive.
func (w *world) spoil(label string, b models.Backup, change func([]byte) []byte) {
	w.t.Helper()
	path := w.copyPath(label, b)
	text, err := os.ReadFile(path)
	w.must(err)
	w.must(os.Remove(path)) // it may be a link to another
	w.must(os.WriteFile(path, change(text), 0o600))
}

func flip(text []byte) []byte {
	text[len(text)/2] ^= 1
	return text
}

func (w *world) exec(path, statement string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", path)
	w.must(err)
	defer db.Close()
	_, err = db.ExecContext(w.t.Context(), statement)
	w.must(err)
}

// rows counts what a query finds, or -1 when it fails.
func (w *world) rows(path, query string) int {
	w.t.Helper()
	if _, err := os.Stat(path); err != nil {
		return -1
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	w.must(err)
	defer db.Close()
	n := -1
	if db.QueryRowContext(w.t.Context(), query).Scan(&n) != nil {
		return -1
	}
	return n
}

// leftOvers lists what runs left where they work.
func (w *world) leftOvers() []string {
	w.t.Helper()
	var left []string
	for _, folder := range []string{filepath.Join(w.data(), "restoring"), filepath.Join(w.data(), "scratch"), filepath.Join(w.sharedFolder(), "backupman-scratch-0123456789ab")} {
		entries, _ := os.ReadDir(folder)
		for _, e := range entries {
			left = append(left, filepath.Join(folder, e.Name()))
		}
	}
	return left
}

// wantNothingLeft waits for a run that is written down as ended to give its lock back.
func (w *world) wantNothingLeft() {
	w.t.Helper()
	left := w.leftOvers()
	for until := time.Now().Add(time.Minute); len(left) != 0 && time.Now().Before(until); left = w.leftOvers() {
		time.Sleep(10 * time.Millisecond)
	}
	if len(left) != 0 {
		w.t.Errorf("left: %v", left)
	}
}

// brokenCopies is Copies that break off or hold up.
type brokenCopies struct {
	*backup.Service
	open func(ctx context.Context, r io.ReadCloser) (io.ReadCloser, error)
}

func (c brokenCopies) Open(ctx context.Context, backupID, driveFileID string) (io.ReadCloser, models.DriveFile, error) {
	r, f, err := c.Service.Open(ctx, backupID, driveFileID)
	if err == nil {
		r, err = c.open(ctx, r)
	}
	return r, f, err
}

// silence makes the newest sign of life of every restore and drill an old one.
func (w *world) silence() {
	w.t.Helper()
	for _, table := range []string{"restores", "drills"} {
		w.exec(filepath.Join(w.dir, "meta.db"), "UPDATE "+table+" SET seen_at = '2020-01-01 00:00:00+00:00'")
	}
}
