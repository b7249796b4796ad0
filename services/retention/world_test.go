package retention_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/retention"
	"github.com/backupman/backupman/services/store"
)

// world is an installation with a real store and a real folder as its drive, of which
// tests break what they need, and a clock that they turn.
type world struct {
	t      *testing.T
	store  *store.Store
	folder string
	row    models.Drive
	job    models.Job
	local  drive.Drive

	mu  sync.Mutex
	now time.Time
	// checkErr and deleteErr are what the drive fails with; gone says that it is not
	// configured; onDelete is called before it deletes.
	checkErr, deleteErr error
	gone                bool
	onDelete            func(key string)
	lockedUntil         time.Time
}

func newWorld(t *testing.T, rules models.Retention) *world {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "meta.db")}, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: s, folder: t.TempDir(), now: models.Now()}
	w.local, err = drive.NewLocal("nas", w.folder)
	must(t, err)
	w.apply(rules)
	w.row, err = s.DriveByLabel(t.Context(), "nas")
	must(t, err)
	w.job, err = s.JobByLabel(t.Context(), "nightly")
	must(t, err)
	return w
}

// apply makes rules those of the job.
func (w *world) apply(rules models.Retention) {
	w.t.Helper()
	must(w.t, w.store.ApplyPlan(w.t.Context(), models.Plan{
		Sources: []models.Source{{Label: "shop", Provider: "fake"}}, Drives: []models.Drive{{Label: "nas", Provider: "local"}},
		Jobs: []models.PlannedJob{{Job: models.Job{Label: "nightly", Compression: models.CompressionZstd, Retention: rules}, Source: "shop", Drives: []string{"nas"}}},
	}))
}

func (w *world) service() *retention.Service {
	return retention.New(retention.Options{Store: w.store, Catalog: w, Log: slog.New(slog.DiscardHandler), Now: w.clock})
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Jobs(ctx context.Context) ([]models.Job, error) { return w.store.Jobs(ctx) }

func (w *world) Drives(context.Context) ([]models.Drive, error) {
	if w.gone {
		return nil, nil
	}
	return []models.Drive{w.row}, nil
}

func (w *world) OpenDrive(context.Context, string) (drive.Drive, models.Drive, error) {
	if w.gone {
		return nil, w.row, models.NotFoundf("the drive is not configured")
	}
	return brittle{w.local, w}, w.row, nil
}

// brittle is the folder, which fails as its world says.
type brittle struct {
	drive.Drive
	world *world
}

func (d brittle) Check(ctx context.Context) (drive.Report, error) {
	if d.world.checkErr != nil {
		return drive.Report{}, d.world.checkErr
	}
	return d.Drive.Check(ctx)
}

func (d brittle) Delete(ctx context.Context, key string) error {
	if d.world.onDelete != nil {
		d.world.onDelete(key)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if d.world.deleteErr != nil {
		return d.world.deleteErr
	}
	return d.Drive.Delete(ctx, key)
}

func (d brittle) Stat(ctx context.Context, key string) (drive.Stored, error) {
	stored, err := d.Drive.Stat(ctx, key)
	stored.LockedUntil = d.world.lockedUntil
	return stored, err
}

// backup makes a finished backup of some time ago, whose copy and manifest lie on the drive.
func (w *world) backup(ago time.Duration) models.Backup {
	w.t.Helper()
	ctx, id, at := w.t.Context(), models.NewID(), w.clock().Add(-ago)
	name := "nightly-" + models.ShortID(id) + ".sqlite.zst"
	key := archive.Key("nightly", name)
	for _, k := range []string{key, archive.ManifestKey(key)} {
		_, err := w.local.Put(ctx, k, strings.NewReader("dump"), drive.Hint{})
		must(w.t, err)
	}
	path := filepath.Join(w.folder, filepath.FromSlash(key))
	b := models.Backup{ID: id, JobID: w.job.ID, Label: "nightly", SourceID: w.job.SourceID, Status: models.StatusFinished, Phase: models.PhaseVerifying,
		Trigger: models.TriggerAdopt, Compression: models.CompressionZstd, FileName: name, SHA256: id, Size: 4, DumpPath: &path, CreatedAt: at, DumpedAt: &at, SettledAt: &at,
		DriveFiles: []models.DriveFile{{ID: models.NewID(), DriveID: w.row.ID, Provider: "local", Label: name, Key: key, Path: &path, Status: models.StatusFinished, Size: 4}}}
	_, _, err := w.store.AdoptBackup(ctx, b, &models.Manifest{BackupID: id})
	must(w.t, err)
	return b
}

// there reports how many of a backup's files lie on the drive.
func (w *world) there(b models.Backup) int {
	w.t.Helper()
	n := 0
	for _, key := range []string{b.DriveFiles[0].Key, archive.ManifestKey(b.DriveFiles[0].Key)} {
		_, err := os.Stat(filepath.Join(w.folder, filepath.FromSlash(key)))
		if err == nil {
			n++
		} else if !errors.Is(err, fs.ErrNotExist) {
			w.t.Fatal(err)
		}
	}
	return n
}

// known reports whether the store has a backup.
func (w *world) known(b models.Backup) bool {
	w.t.Helper()
	_, err := w.store.Backup(w.t.Context(), b.ID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		w.t.Fatal(err)
	}
	return err == nil
}

// removal is the one of a backup.
func (w *world) removal(b models.Backup) models.Removal {
	w.t.Helper()
	found, err := w.store.RemovalsOf(w.t.Context(), b.ID)
	must(w.t, err)
	if len(found) != 1 {
		w.t.Fatalf("%d removals of %s", len(found), b.ID)
	}
	return found[0]
}

// reasons are those of a plan, by the id of the backup, with a minus before what goes.
func reasons(p models.RetentionPlan) map[string]string {
	all := map[string]string{}
	for _, b := range p.Backups {
		for _, c := range b.Copies {
			sign := "+ "
			if c.Remove {
				sign = "- "
			}
			all[b.Backup.ID] += sign + strings.Join(c.Reasons, ", ")
		}
	}
	return all
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Values(m)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
