package proof

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// lab is the services of one installation, in this process, with one local drive.
type lab struct {
	store    *store.Store
	catalog  *catalog.Catalog
	backups  *backup.Service
	restores *restore.Service
	shelf    string
	// touched, when set, is called when a target is changed.
	touched func(what string)
}

// planned is one data source with a job of the same label.
func newLab(t *testing.T, sources ...models.Source) *lab {
	t.Helper()
	dir := t.TempDir()
	l := &lab{shelf: filepath.Join(dir, "shelf")}
	quiet := slog.New(slog.DiscardHandler)
	var err error
	if l.store, err = store.Open(t.Context(), store.Config{Path: filepath.Join(dir, "meta.db")}, quiet); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.store.Close() })
	l.catalog = catalog.New(l.store, l.kind, drive.Lookup, drive.Place{StateDir: filepath.Join(dir, "state"), Installation: "lab", Policy: drive.DefaultPolicy()})
	plan := models.Plan{Sources: sources, Drives: []models.Drive{{Label: "shelf", Provider: "local", Settings: models.Settings{"folder": l.shelf}}}}
	for _, s := range sources {
		plan.Jobs = append(plan.Jobs, models.PlannedJob{Job: models.Job{Label: s.Label, Compression: models.CompressionZstd}, Source: s.Label, Drives: []string{"shelf"}})
	}
	must(t, l.catalog.Apply(t.Context(), plan))
	data := filepath.Join(dir, "data")
	l.backups, err = backup.New(t.Context(), backup.Options{Store: l.store, Catalog: l.catalog, DataDir: data, Log: quiet})
	must(t, err)
	t.Cleanup(func() { _ = l.backups.Close() })
	l.restores = restore.New(restore.Options{Store: l.store, Copies: copies{l.backups}, Catalog: l.catalog, Backups: l.backups, Kind: l.kind,
		Dir: data, ScratchFolder: scratchFolder(t), Installation: "lab", RunnerID: models.NewID(), Log: quiet})
	t.Cleanup(func() { _ = l.restores.Close() })
	return l
}

// scratchFolder is one that an account of a database server can reach.
func scratchFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "backupman-lab-")
	must(t, err)
	must(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left in the scratch folder: %v", left)
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

// copies leaves copies that were found damaged as they are, so that one backup can be
// spoiled in many ways.
type copies struct{ *backup.Service }

// Verify does nothing.
func (copies) Verify(context.Context, string, string) ([]models.CopyVerdict, error) { return nil, nil }

// kind is a real kind whose targets tell when they are changed.
func (l *lab) kind(provider string) (source.Kind, error) {
	k, err := source.Lookup(provider)
	if err != nil {
		return k, err
	}
	open := k.OpenTarget
	k.OpenTarget = func(label string, settings models.Settings) (source.Target, error) {
		target, err := open(label, settings)
		return watched{target, l}, err
	}
	return k, nil
}

// watched is a target that tells of every call that changes something.
type watched struct {
	source.Target
	lab *lab
}

func (w watched) touch(what string) {
	if w.lab.touched != nil {
		w.lab.touched(what)
	}
}

// Create tells.
func (w watched) Create(ctx context.Context, options string) error {
	w.touch("create")
	return w.Target.Create(ctx, options)
}

// Drop tells.
func (w watched) Drop(ctx context.Context) error {
	w.touch("drop")
	return w.Target.Drop(ctx)
}

// Restore tells.
func (w watched) Restore(ctx context.Context, req source.RestoreRequest) error {
	w.touch("restore")
	return w.Target.Restore(ctx, req)
}

// SameServer asks for the target inside.
func (w watched) SameServer(ctx context.Context, other source.Target) (bool, error) {
	if o, ok := other.(watched); ok {
		other = o.Target
	}
	return w.Target.SameServer(ctx, other)
}

// made is a good backup with its file, unpacked, and its manifest.
type made struct {
	backup   models.Backup
	manifest models.Manifest
	path     string
	file     []byte
	dump     []byte
}

// backUp makes a backup of a job.
func (l *lab) backUp(t *testing.T, label string) made {
	t.Helper()
	job, err := l.store.JobByLabel(t.Context(), label)
	must(t, err)
	b, err := l.backups.Start(t.Context(), job.ID, models.TriggerCLI)
	must(t, err)
	if b, err = l.backups.Run(t.Context(), b.ID); err != nil || b.Status != models.StatusFinished {
		t.Fatalf("backup of %s: %s %v", label, b.Error, err)
	}
	m, err := l.store.Manifest(t.Context(), b.ID)
	must(t, err)
	got := made{backup: b, manifest: m, path: *b.DriveFiles[0].Path}
	got.file, err = os.ReadFile(got.path)
	must(t, err)
	r, err := archive.Decode(bytes.NewReader(got.file), m.File.Compression)
	must(t, err)
	defer r.Close()
	got.dump, err = io.ReadAll(r)
	must(t, err)
	return got
}

// lie adds a backup to the store and the drive that claims to hold what a manifest
// says and holds another dump. Its size and digests are those of its file.
func (l *lab) lie(t *testing.T, of made, dump []byte, change func(*models.Manifest)) models.Backup {
	t.Helper()
	m := of.manifest
	m.Inventory.Tables = append([]models.TableDigest{}, m.Inventory.Tables...)
	m.Inventory.Objects = append([]models.Object{}, m.Inventory.Objects...)
	if change != nil {
		change(&m)
	}
	var packed bytes.Buffer
	w, err := zstd.NewWriter(&packed)
	must(t, err)
	_, err = w.Write(dump)
	must(t, err)
	must(t, w.Close())
	sum := sha256.Sum256(packed.Bytes())
	b := of.backup
	b.ID = models.NewID()
	b.Slot, b.CreatedAt = "lie:"+b.ID, models.Now()
	m.BackupID = b.ID
	if m.File.SHA256 == of.manifest.File.SHA256 {
		m.File.SHA256, m.File.Size, m.File.RawSize = hex.EncodeToString(sum[:]), int64(packed.Len()), int64(len(dump))
	}
	b.SHA256, b.Size, b.RawSize = m.File.SHA256, m.File.Size, m.File.RawSize
	b.FileName = archive.FileName(b.Label, b.CreatedAt, b.ID, "lie", models.CompressionZstd, "")
	key := archive.Key(b.Label, b.FileName)
	path := filepath.Join(l.shelf, filepath.FromSlash(key))
	must(t, os.WriteFile(path, packed.Bytes(), 0o600))
	f := of.backup.DriveFiles[0]
	f.ID, f.BackupID, f.Label, f.Key, f.Path, f.Size = models.NewID(), b.ID, b.FileName, key, &path, int64(packed.Len())
	b.DriveFiles = []models.DriveFile{f}
	_, _, err = l.store.AdoptBackup(t.Context(), b, &m)
	must(t, err)
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
