package adopt_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// installation is one Backupman: its metadata, its configuration, and what works on them.
type installation struct {
	dir     string
	store   *store.Store
	catalog *catalog.Catalog
	backups *backup.Service
	adopt   *adopt.Service
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// install makes an installation without any memory.
func install(t *testing.T, plan models.Plan) *installation {
	t.Helper()
	i := &installation{dir: t.TempDir()}
	var err error
	if i.store, err = store.Open(t.Context(), store.Config{Path: filepath.Join(i.dir, "meta.db")}, quiet()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.store.Close() })
	i.catalog = catalog.New(i.store, source.Lookup, drive.Lookup, drive.Place{StateDir: i.dir, Installation: "here", Policy: drive.DefaultPolicy()})
	if err := i.catalog.Apply(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if i.backups, err = backup.New(t.Context(), backup.Options{Store: i.store, Catalog: i.catalog, DataDir: i.dir, Log: quiet()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.backups.Close(); err != nil {
			t.Error(err)
		}
	})
	i.adopt = adopt.New(i.store, i.catalog, source.Kinds(), i.dir, quiet())
	return i
}

// shop makes a small database.
func shop(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	fill(t, path, "CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL); CREATE TABLE empty (x); CREATE VIEW large AS SELECT * FROM orders WHERE total > 10")
	return path
}

func fill(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

// planOf backs a database up to local folders.
func planOf(db string, folders ...string) models.Plan {
	p := models.Plan{Sources: []models.Source{{Label: "shop db", Provider: "sqlite", Settings: models.Settings{"db_path": db}}}}
	job := models.PlannedJob{Job: models.Job{Label: "shop nightly", Compression: models.CompressionZstd}, Source: "shop db"}
	for i, folder := range folders {
		label := fmt.Sprintf("drive %d", i+1)
		p.Drives = append(p.Drives, models.Drive{Label: label, Provider: "local", Settings: models.Settings{"folder": folder}})
		job.Drives = append(job.Drives, label)
	}
	p.Jobs = []models.PlannedJob{job}
	return p
}

func (i *installation) driveID(t *testing.T, label string) string {
	t.Helper()
	d, err := i.store.DriveByLabel(t.Context(), label)
	if err != nil {
		t.Fatal(err)
	}
	return d.ID
}

// run makes one backup from start to end.
func (i *installation) run(t *testing.T) models.Backup {
	t.Helper()
	job, err := i.store.JobByLabel(t.Context(), "shop nightly")
	if err != nil {
		t.Fatal(err)
	}
	b, err := i.backups.Start(t.Context(), job.ID, models.TriggerCLI)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = i.backups.Run(t.Context(), b.ID); err != nil || b.Status != models.StatusFinished {
		t.Fatalf("%s: %v", b.Error, err)
	}
	return b
}

// take adopts a drive and wants the report to be what was told on the way.
func (i *installation) take(t *testing.T, label string) models.AdoptReport {
	t.Helper()
	return i.takeWith(t, label, adopt.Options{})
}

func (i *installation) takeWith(t *testing.T, label string, o adopt.Options) models.AdoptReport {
	t.Helper()
	var told []models.AdoptedFile
	o.Tell = func(f models.AdoptedFile) { told = append(told, f) }
	report, err := i.adopt.Adopt(t.Context(), i.driveID(t, label), o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, report.Files) {
		t.Errorf("told %+v, and reported %+v", told, report.Files)
	}
	if left, err := filepath.Glob(filepath.Join(i.dir, "adopt", "*")); err != nil || len(left) != 0 {
		t.Errorf("left in the scratch folder: %v, %v", left, err)
	}
	return report
}

// list is every backup, newest first.
func (i *installation) list(t *testing.T) []models.Backup {
	t.Helper()
	var all []models.Backup
	err := i.store.EachBackup(t.Context(), models.BackupFilter{}, func(b models.Backup) error {
		all = append(all, b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// verify reads every copy back and wants it to be identical.
func (i *installation) verify(t *testing.T, copies int) {
	t.Helper()
	n := 0
	for _, b := range i.list(t) {
		verdicts, err := i.backups.Verify(t.Context(), b.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			n++
			if !v.Identical {
				t.Errorf("the copy of %s: %s", b.FileName, v.Error)
			}
		}
	}
	if n != copies {
		t.Errorf("%d copies were read back, want %d", n, copies)
	}
}

// drill restores a backup into a scratch database, and wants it to be equal.
func (i *installation) drill(t *testing.T, id string) {
	t.Helper()
	s := restore.New(restore.Options{Store: i.store, Copies: i.backups, Catalog: i.catalog, Backups: i.backups, Kind: source.Lookup,
		Dir: i.dir, ScratchFolder: t.TempDir(), Installation: "0123456789ab", Log: quiet()})
	defer s.Close()
	d, err := s.Drill(t.Context(), models.DrillRequest{BackupID: id, Trigger: models.TriggerCLI})
	if err != nil || d.Outcome != models.DrillProven {
		t.Errorf("the drill: %+v, %v", d, err)
	}
}

// files are the names below a folder by their content, hidden ones left out.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || strings.HasPrefix(info.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(folder, path)
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// dumps are the paths of the dump files in a drive's folder, oldest first.
func dumps(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*", "*.zst"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no dump in %s: %v", folder, err)
	}
	return found
}

// write puts a file somewhere below a drive's folder.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
}

// problems are the sentences of a report by the name of the file.
func problems(r models.AdoptReport) map[string]string {
	all := map[string]string{}
	for _, f := range r.Files {
		if f.Problem != "" {
			all[filepath.Base(f.Key)] = f.Problem
		}
	}
	return all
}

// content reads a copy as a download does.
func (i *installation) content(ctx context.Context, t *testing.T, b models.Backup) []byte {
	t.Helper()
	in, _, err := i.backups.Open(ctx, b.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(in); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}
