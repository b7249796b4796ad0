package drives

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// patience is how long a lab's drives try: real pauses are too long for hundreds of faults.
// What is only slow, on a busy machine, is no stall.
var patience = drive.Policy{Attempts: 3, First: 10 * time.Millisecond, Most: 60 * time.Millisecond, Stall: time.Minute}

// haste is how long a silence is a stall where the fault is one.
const haste = 400 * time.Millisecond

// TestMain lets more tests run at once than there are processors: most of what they do is
// wait for what does not answer.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// lab is one installation with a job onto two drives: "good", a folder, and "faulty",
// which is reached through whatever a test puts in between.
type lab struct {
	store   *store.Store
	backups *backup.Service
	// hasty makes the same backups as backups, and takes a short silence for a stall.
	hasty   *backup.Service
	catalog *catalog.Catalog
	job     models.Job
	good    string
	source  *noise
	place   place
}

// place is where the faulty drive keeps its copies, looked at by other means.
type place struct {
	provider string
	settings models.Settings
	// names lists everything that is there, hidden files and unfinished uploads included.
	names func(t testing.TB) []string
	// empty, when set, removes everything that is there; without it the drive itself does.
	empty func(t testing.TB)
	// open reads what is there under a key.
	open func(t testing.TB, key string) (io.ReadCloser, error)
}

func newLab(t *testing.T, p place) *lab {
	t.Helper()
	dir := t.TempDir()
	l := &lab{good: filepath.Join(dir, "good"), source: &noise{}, place: p}
	var err error
	if l.store, err = store.Open(t.Context(), store.Config{Path: filepath.Join(dir, "meta.db")}, quiet()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.store.Close() })
	l.catalog = l.newCatalog(dir, patience)
	plan := models.Plan{
		Sources: []models.Source{{Label: "noise", Provider: "noise"}},
		Drives: []models.Drive{
			{Label: "good", Provider: "local", Settings: models.Settings{"folder": l.good}},
			{Label: "faulty", Provider: p.provider, Settings: p.settings},
		},
		Jobs: []models.PlannedJob{{Job: models.Job{Label: "lab", Compression: models.CompressionNone}, Source: "noise", Drives: []string{"good", "faulty"}}},
	}
	must(t, l.catalog.Apply(t.Context(), plan))
	if l.job, err = l.store.JobByLabel(t.Context(), "lab"); err != nil {
		t.Fatal(err)
	}
	short := patience
	short.Stall = haste
	inHaste := l.newCatalog(dir, short)
	must(t, inHaste.Apply(t.Context(), plan))
	l.backups, l.hasty = l.service(t, dir, l.catalog), l.service(t, dir, inHaste)
	return l
}

func (l *lab) newCatalog(dir string, policy drive.Policy) *catalog.Catalog {
	return catalog.New(l.store, l.source.kind, drive.Lookup, drive.Place{StateDir: filepath.Join(dir, "state"), Installation: "lab", Policy: policy})
}

func (l *lab) service(t *testing.T, dir string, from *catalog.Catalog) *backup.Service {
	t.Helper()
	s, err := backup.New(t.Context(), backup.Options{Store: l.store, Catalog: from, DataDir: filepath.Join(dir, "data"), Log: quiet()})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// run makes one backup of so many bytes, and wants it to settle.
func (l *lab) run(t *testing.T, by *backup.Service, size int64) models.Backup {
	t.Helper()
	l.source.size.Store(size)
	b, err := by.Start(t.Context(), l.job.ID, models.TriggerCLI)
	must(t, err)
	return l.settle(t, by, b.ID)
}

func (l *lab) settle(t *testing.T, by *backup.Service, id string) models.Backup {
	t.Helper()
	b, err := by.Run(t.Context(), id)
	must(t, err)
	if !b.Status.Settled() {
		t.Fatalf("the backup is %s", b.Status)
	}
	return b
}

func (l *lab) heal(t *testing.T, id string) models.Backup {
	t.Helper()
	_, err := l.backups.Heal(t.Context(), id)
	must(t, err)
	b := l.settle(t, l.backups, id)
	if b.Status != models.StatusFinished {
		log, _ := l.store.LogText(t.Context(), id)
		t.Fatalf("healed to %s: %s\n%s", b.Status, b.Error, log)
	}
	return b
}

// copyOn returns a backup's copy on the good drive (0) or on the faulty one (1).
func copyOn(b models.Backup, drive int) models.DriveFile { return b.DriveFiles[drive] }

// digest reads what the place holds under a key; "" is nothing.
func (l *lab) digest(t *testing.T, key string) string {
	t.Helper()
	r, err := l.place.open(t, key)
	if err != nil {
		return ""
	}
	defer r.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// names lists what is at the place and was not before.
func (l *lab) names(t *testing.T, before []string) []string {
	t.Helper()
	return slices.DeleteFunc(l.place.names(t), func(name string) bool { return slices.Contains(before, name) })
}

// holdsOnly wants nothing new at the place but a copy and its manifest.
func (l *lab) holdsOnly(t *testing.T, before []string, key string) {
	t.Helper()
	names := l.names(t, before)
	slices.Sort(names)
	base := key[strings.LastIndex(key, "/")+1:]
	if len(names) != 2 || !strings.HasSuffix(names[0], base) || !strings.HasSuffix(names[1], base+".json") {
		t.Errorf("the place holds %v, want a copy and its manifest and nothing else", names)
	}
}

// clear removes a backup's copies, so that the next test begins with an empty place.
func (l *lab) clear(t *testing.T, b models.Backup) {
	t.Helper()
	files := b.DriveFiles
	if l.place.empty != nil {
		l.place.empty(t)
		files = files[:1]
	}
	for _, f := range files {
		d, _, err := l.catalog.OpenDrive(t.Context(), f.DriveID)
		must(t, err)
		must(t, d.Delete(t.Context(), f.Key))
		must(t, d.Delete(t.Context(), f.Key+".json"))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// folderPlace looks at a folder of this machine.
func folderPlace(provider string, settings models.Settings, root string) place {
	return place{
		provider: provider, settings: settings,
		names: func(t testing.TB) []string { return filesBelow(t, root) },
		empty: func(t testing.TB) { must(t, os.RemoveAll(filepath.Join(root, "lab"))) },
		open: func(_ testing.TB, key string) (io.ReadCloser, error) {
			return os.Open(filepath.Join(root, filepath.FromSlash(key)))
		},
	}
}

func filesBelow(t testing.TB, root string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(name string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != ".backupman-drive" {
			names = append(names, strings.TrimPrefix(name, root+"/"))
		}
		return nil
	})
	must(t, err)
	return names
}

// noise is a source whose dumps cannot be compressed and are never alike.
type noise struct {
	size  atomic.Int64
	seeds atomic.Uint64
}

func (n *noise) kind(string) (source.Kind, error) {
	return source.Kind{Kind: models.Kind{Provider: "noise", Name: "Noise"}, Extension: "bin",
		Open: func(string, models.Settings) (source.Source, error) { return n, nil }}, nil
}

// Check finds nothing wrong.
func (n *noise) Check(context.Context) (models.SourceReport, error) {
	return models.SourceReport{}, nil
}

// Dump writes noise.
func (n *noise) Dump(ctx context.Context, req source.DumpRequest) (models.Inventory, error) {
	random := rand.NewChaCha8([32]byte{byte(n.seeds.Add(1)), byte(n.seeds.Load() >> 8)})
	if _, err := io.CopyN(req.Out, random, n.size.Load()); err != nil {
		return models.Inventory{}, fmt.Errorf("write noise: %w", err)
	}
	return models.Inventory{Tables: []models.TableDigest{{Name: "noise", Rows: 1}}, Objects: []models.Object{{Kind: models.ObjectTable, Name: "noise"}}}, ctx.Err()
}
