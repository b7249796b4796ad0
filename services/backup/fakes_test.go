package backup_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// fakeSource dumps what it is told to and then ends as it is told to.
type fakeSource struct {
	content []byte
	err     error
	dumps   atomic.Int32
	// during, when set, is called after the content was written.
	during func(ctx context.Context) error
	empty  bool
}

func (s *fakeSource) Check(context.Context) (models.SourceReport, error) {
	return models.SourceReport{}, nil
}

func (s *fakeSource) Dump(ctx context.Context, req source.DumpRequest) (models.Inventory, error) {
	s.dumps.Add(1)
	fmt.Fprintln(req.Log, "the tool speaks")
	if _, err := os.Stat(req.TempDir); err != nil {
		return models.Inventory{}, err
	}
	if _, err := req.Out.Write(s.content); err != nil {
		return models.Inventory{}, err
	}
	if s.during != nil {
		if err := s.during(ctx); err != nil {
			return models.Inventory{}, err
		}
	}
	if s.empty {
		return models.Inventory{}, s.err
	}
	return models.Inventory{Tables: []models.TableDigest{{Name: "t", Rows: 1}}, Objects: []models.Object{{Kind: models.ObjectTable, Name: "t"}}, Warnings: []string{"one warning"}}, s.err
}

// faultyDrive is a drive that fails where it is told to.
type faultyDrive struct {
	drive.Drive
	putErr  error
	statErr error
	openErr error
	// checkErr is what a check of the drive finds.
	checkErr error
	corrupt  bool
	puts     atomic.Int32
	opens    atomic.Int32
	// onPut, onStat, onOpen and onSweep, when set, are called before the drive does
	// that; onOpen once, and after the copy was opened.
	onPut   func(ctx context.Context, hint drive.Hint) error
	onStat  func(ctx context.Context) error
	onOpen  func()
	onSweep func(ctx context.Context) error
	// checksum is what the provider tells of a copy; "right" is that of what is stored.
	checksum string
}

func (d *faultyDrive) Put(ctx context.Context, key string, r io.Reader, hint drive.Hint) (drive.Stored, error) {
	d.puts.Add(1)
	if d.putErr != nil {
		return drive.Stored{}, d.putErr
	}
	if d.onPut != nil {
		if err := d.onPut(ctx, hint); err != nil {
			return drive.Stored{}, err
		}
	}
	stored, err := d.Drive.Put(ctx, key, r, hint)
	if err == nil && d.checksum != "" {
		stored.Checksum = d.checksum
	}
	if err == nil && d.checksum == "right" {
		text, readErr := os.ReadFile(stored.LocalPath)
		sum := sha256.Sum256(text)
		stored.Checksum, err = "sha256:"+hex.EncodeToString(sum[:]), readErr
	}
	return stored, err
}

func (d *faultyDrive) Stat(ctx context.Context, key string) (drive.Stored, error) {
	if d.statErr != nil {
		return drive.Stored{}, d.statErr
	}
	if d.onStat != nil {
		if err := d.onStat(ctx); err != nil {
			return drive.Stored{}, err
		}
	}
	stored, err := d.Drive.Stat(ctx, key)
	if err == nil && strings.HasPrefix(d.checksum, "sha256:") {
		stored.Checksum = d.checksum
	}
	return stored, err
}

func (d *faultyDrive) Sweep(ctx context.Context, key string) error {
	if d.onSweep != nil {
		if err := d.onSweep(ctx); err != nil {
			return err
		}
	}
	return d.Drive.Sweep(ctx, key)
}

func (d *faultyDrive) Check(ctx context.Context) (drive.Report, error) {
	if d.checkErr != nil {
		return drive.Report{}, d.checkErr
	}
	return d.Drive.Check(ctx)
}

func (d *faultyDrive) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	d.opens.Add(1)
	if d.openErr != nil {
		return nil, d.openErr
	}
	r, err := d.Drive.Open(ctx, key)
	if f := d.onOpen; f != nil {
		d.onOpen = nil
		f()
	}
	if err != nil || !d.corrupt {
		return r, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(r, errReader{}), r}, nil
}

type errReader struct{}

func (errReader) Read(p []byte) (int, error) { p[0] = 'x'; return 1, io.EOF }

// world is one installation: a real store in a temporary folder, one job, and
// the fakes it uses.
type world struct {
	t       *testing.T
	dir     string
	store   *store.Store
	source  *fakeSource
	drives  map[string]*faultyDrive // by label
	folders []string
	job     models.Job
	gone    bool // the source is no longer configured
	verify  string
	timeout time.Duration // of the job
	// passphrase is what the configuration has for the job.
	passphrase models.Secret
	plan       models.Plan
	// policy, when it tries more than once, is how the drives try again.
	policy drive.Policy
}

func newWorld(t *testing.T, driveLabels ...string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), source: &fakeSource{content: []byte("the dump of a database")}, drives: map[string]*faultyDrive{}}
	s, err := store.Open(t.Context(), store.Config{Provider: "sqlite", Path: filepath.Join(w.dir, "meta.db")}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w.store = s
	plan := models.Plan{Sources: []models.Source{{Label: "shop", Provider: "fake"}},
		Jobs: []models.PlannedJob{{Job: models.Job{Label: "shop-nightly", Compression: models.CompressionZstd}, Source: "shop", Drives: driveLabels}}}
	for _, label := range driveLabels {
		folder := filepath.Join(w.dir, "drives", label)
		local, err := drive.NewLocal(label, folder)
		if err != nil {
			t.Fatal(err)
		}
		w.drives[label] = &faultyDrive{Drive: local}
		w.folders = append(w.folders, folder)
		plan.Drives = append(plan.Drives, models.Drive{Label: label, Provider: "local"})
	}
	w.plan = plan
	if err := s.ApplyPlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if w.job, err = s.JobByLabel(t.Context(), "shop-nightly"); err != nil {
		t.Fatal(err)
	}
	return w
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (w *world) Job(ctx context.Context, id string) (models.Job, error) {
	job, err := w.store.Job(ctx, id)
	job.Timeout = w.timeout
	return job, err
}

func (w *world) Passphrase(context.Context, string) (models.Secret, error) { return w.passphrase, nil }

func (w *world) OpenSource(context.Context, string) (source.Source, source.Kind, models.Source, error) {
	if w.gone {
		return nil, source.Kind{}, models.Source{}, models.NotFoundf(`the data source "shop" is gone`)
	}
	return w.source, source.Kind{Kind: models.Kind{Provider: "fake"}, Extension: "sql"}, models.Source{Label: "shop"}, nil
}

func (w *world) OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error) {
	row, err := w.store.Drive(ctx, id)
	if err != nil {
		return nil, row, err
	}
	row.Settings = models.Settings{drive.SettingVerify: w.verify}
	if w.policy.Attempts > 1 {
		return drive.Retrying(w.drives[row.Label], w.policy), row, nil
	}
	return w.drives[row.Label], row, nil
}

func (w *world) data() string { return filepath.Join(w.dir, "data") }

func (w *world) service() *backup.Service {
	w.t.Helper()
	return w.serviceOn(w.store)
}

// serviceOn returns a service over a store that a test has changed.
func (w *world) serviceOn(over backup.Store) *backup.Service {
	w.t.Helper()
	return w.serviceWith(backup.Options{Store: over, DataDir: w.data()})
}

// serviceWith returns a service of this installation with some options set.
func (w *world) serviceWith(o backup.Options) *backup.Service {
	w.t.Helper()
	o.Catalog, o.Log, o.SettleTime = w, quiet(), 200*time.Millisecond
	if o.Store == nil {
		o.Store = w.store
	}
	s, err := backup.New(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			w.t.Error(err)
		}
	})
	return s
}

// run makes one backup from start to end.
func (w *world) run(s *backup.Service) models.Backup {
	w.t.Helper()
	b, err := s.Start(w.t.Context(), w.job.ID, models.TriggerCLI)
	if err != nil {
		w.t.Fatal(err)
	}
	if b, err = s.Run(w.t.Context(), b.ID); err != nil {
		w.t.Fatal(err)
	}
	return b
}

// files returns every file below a folder, hidden ones included but for the
// marker of a drive.
func (w *world) files(folder string) []string {
	w.t.Helper()
	var names []string
	err := filepath.WalkDir(folder, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != ".backupman-drive" {
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return names
}

func (w *world) spooled() []string { return w.files(filepath.Join(w.data(), "spool")) }

// node is the id of the data folder; empty before a service has made it.
func (w *world) node() string {
	text, _ := os.ReadFile(filepath.Join(w.data(), "node"))
	return strings.TrimSpace(string(text))
}
