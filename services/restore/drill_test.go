package restore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/sample"
	"github.com/backupman/backupman/services/source"
)

// shelf is a store and a drive with one backup.
type shelf struct {
	backup   models.Backup
	manifest models.Manifest
	copy     []byte
	drills   []models.Drill
}

func (s *shelf) Backup(_ context.Context, id string) (models.Backup, error) {
	if id != s.backup.ID {
		return models.Backup{}, models.NotFoundf("no such backup")
	}
	return s.backup, nil
}

func (s *shelf) Manifest(context.Context, string) (models.Manifest, error) { return s.manifest, nil }

func (s *shelf) InsertDrill(_ context.Context, d models.Drill) error {
	s.drills = append(s.drills, d)
	return nil
}

func (s *shelf) Open(context.Context, string, string) (io.ReadCloser, models.DriveFile, error) {
	if s.copy == nil {
		return nil, models.DriveFile{}, models.NotFoundf("no copy")
	}
	return io.NopCloser(bytes.NewReader(s.copy)), models.DriveFile{ID: "copy"}, nil
}

// good is a real backup of the sample shop, made once.
var good = sync.OnceValues(makeGood)

// stocked returns a shelf with a backup that a test may spoil.
func stocked(t *testing.T) *shelf {
	t.Helper()
	made, err := good()
	if err != nil {
		t.Fatal(err)
	}
	s := *made
	s.copy = bytes.Clone(made.copy)
	s.manifest.Inventory.Tables = slices.Clone(made.manifest.Inventory.Tables)
	s.manifest.Inventory.Objects = slices.Clone(made.manifest.Inventory.Objects)
	return &s
}

func makeGood() (*shelf, error) {
	dir, err := os.MkdirTemp("", "backupman-drill-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "shop.db")
	if err := sample.Shop(context.Background(), path, time.Now()); err != nil {
		return nil, err
	}
	kind, err := source.Lookup("sqlite")
	if err != nil {
		return nil, err
	}
	src, err := kind.Open("shop", models.Settings{"db_path": path})
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	w, err := archive.NewWriter(&file, models.CompressionZstd)
	if err != nil {
		return nil, err
	}
	inv, err := src.Dump(context.Background(), source.DumpRequest{Out: w, Log: io.Discard, TempDir: dir})
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &shelf{copy: file.Bytes(), backup: models.Backup{ID: models.NewID(), Status: models.StatusFinished},
		manifest: models.Manifest{Provider: "sqlite", Inventory: inv,
			File: models.FileFacts{Size: w.Size(), SHA256: w.SHA256(), Compression: models.CompressionZstd, RawSize: w.RawSize()}}}, nil
}

func drill(t *testing.T, s *shelf) (models.Drill, string) {
	t.Helper()
	dir := t.TempDir()
	d, err := restore.New(s, s, source.Lookup, dir, slog.New(slog.DiscardHandler)).Drill(t.Context(), s.backup.ID)
	if err != nil {
		t.Fatal(err)
	}
	return d, dir
}

func TestADrillProvesAGoodBackup(t *testing.T) {
	s := stocked(t)
	d, dir := drill(t, s)
	if d.Outcome != models.DrillProven || d.DriveFileID != "copy" || d.Duration <= 0 || !strings.Contains(d.Reason, "4 tables") {
		t.Errorf("got %+v", d)
	}
	if len(s.drills) != 1 || s.drills[0] != d {
		t.Errorf("recorded %+v", s.drills)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "scratch")); err != nil || len(left) != 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}

func TestADrillDisproves(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*shelf)
		says  string
	}{
		"a truncated copy": {func(s *shelf) { s.copy = s.copy[:len(s.copy)/2] }, "does not restore"},
		"one byte short":   {func(s *shelf) { s.copy = s.copy[:len(s.copy)-1] }, ""},
		"one byte more":    {func(s *shelf) { s.copy = append(bytes.Clone(s.copy), 0) }, ""},
		"a flipped bit":    {func(s *shelf) { s.copy[len(s.copy)/2] ^= 1 }, "does not restore"},
		"an empty copy":    {func(s *shelf) { s.copy = []byte{} }, ""},
		"another SHA-256":  {func(s *shelf) { s.manifest.File.SHA256 = "00" }, "SHA-256"},
		"a row too many":   {func(s *shelf) { s.manifest.Inventory.Tables[0].Rows-- }, "rows and the manifest says"},
		"other rows":       {func(s *shelf) { s.manifest.Inventory.Tables[1].SHA256 = "00" }, "are not those of the manifest"},
		"a table too few":  {func(s *shelf) { t := &s.manifest.Inventory.Tables; *t = append(*t, models.TableDigest{Name: "lost"}) }, "table lost is missing"},
		"a table too many": {func(s *shelf) { t := &s.manifest.Inventory.Tables; *t = (*t)[1:] }, "not in the manifest"},
		"a trigger that went": {func(s *shelf) {
			o := &s.manifest.Inventory.Objects
			*o = append(*o, models.Object{Kind: "trigger", Name: "audit"})
		}, "trigger audit is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stocked(t)
			c.spoil(s)
			d, _ := drill(t, s)
			if d.Outcome != models.DrillDisproven || !strings.Contains(d.Reason, c.says) {
				t.Errorf("got %s: %s", d.Outcome, d.Reason)
			}
		})
	}
}

func TestADrillThatCannotBeMadeSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*shelf)
		says  string
	}{
		"no copy":                  {func(s *shelf) { s.copy = nil }, "no copy could be opened"},
		"an engine we do not know": {func(s *shelf) { s.manifest.Provider = "oracle" }, "oracle"},
	} {
		t.Run(name, func(t *testing.T) {
			s := stocked(t)
			c.spoil(s)
			if d, _ := drill(t, s); d.Outcome != models.DrillUnverified || !strings.Contains(d.Reason, c.says) {
				t.Errorf("got %s: %s", d.Outcome, d.Reason)
			}
		})
	}
	s := stocked(t)
	s.backup.Status = models.StatusFailed
	_, err := restore.New(s, s, source.Lookup, t.TempDir(), slog.New(slog.DiscardHandler)).Drill(t.Context(), s.backup.ID)
	if !errors.Is(err, models.ErrConflict) {
		t.Errorf("a failed backup was drilled: %v", err)
	}
}

// brokenShelf is a drive that breaks off in the middle.
type brokenShelf struct{ *shelf }

func (s brokenShelf) Open(context.Context, string, string) (io.ReadCloser, models.DriveFile, error) {
	r := io.MultiReader(bytes.NewReader(s.copy[:len(s.copy)/2]), iotest.ErrReader(errors.New("connection reset")))
	return io.NopCloser(r), models.DriveFile{ID: "copy"}, nil
}

func TestADriveThatBreaksOffDisprovesNothing(t *testing.T) {
	s := stocked(t)
	d, err := restore.New(s, brokenShelf{s}, source.Lookup, t.TempDir(), slog.New(slog.DiscardHandler)).Drill(t.Context(), s.backup.ID)
	if err != nil || d.Outcome != models.DrillUnverified || !strings.Contains(d.Reason, "connection reset") {
		t.Errorf("got %s: %s (%v)", d.Outcome, d.Reason, err)
	}
}

func TestAStoppedDrillDisprovesNothing(t *testing.T) {
	s := stocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, err := restore.New(s, s, source.Lookup, t.TempDir(), slog.New(slog.DiscardHandler)).Drill(ctx, s.backup.ID)
	if err != nil || d.Outcome != models.DrillUnverified || !strings.Contains(d.Reason, "stopped") {
		t.Errorf("got %s: %s (%v)", d.Outcome, d.Reason, err)
	}
}

func TestSweepRemovesOnlyTheDead(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "scratch", "drill-1")
	if err := os.MkdirAll(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dead, "lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := restore.New(nil, nil, source.Lookup, dir, slog.New(slog.DiscardHandler))
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); err == nil {
		t.Error("a dead drill's folder stays")
	}
}
