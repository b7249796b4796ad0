package drive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
)

func newLocal(t *testing.T) (*drive.Local, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "made", "when missing")
	d, err := drive.NewLocal("nas", folder)
	if err != nil {
		t.Fatal(err)
	}
	return d, folder
}

func filesBelow(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(folder, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// copiesBelow leaves out the marker of the drive.
func copiesBelow(t *testing.T, folder string) []string {
	t.Helper()
	return slices.DeleteFunc(filesBelow(t, folder), func(n string) bool { return filepath.Base(n) == ".backupman-drive" })
}

func TestLocalConforms(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "when missing")
	open := func(t *testing.T) drive.Drive {
		return openLocal(t, models.Settings{"folder": folder})
	}
	drivetest.Conform(t, drivetest.Fixture{
		Drive:        open(t),
		Leftovers:    func(t *testing.T) []string { return copiesBelow(t, folder) },
		Reopen:       open,
		Installation: "here",
		Plant: func(t *testing.T, name string, age time.Duration) {
			plant(t, filepath.Join(folder, name), age)
		},
		Abandon: func(t *testing.T, key string) {
			plant(t, filepath.Join(folder, filepath.Dir(key), "."+filepath.Base(key)+"."+models.NewID()+".partial"), 0)
		},
	})
	for _, open := range openFiles(t) {
		if strings.HasPrefix(open, folder) {
			t.Errorf("still open: %s", open)
		}
	}
}

// plant makes a file that was last modified so long ago.
func plant(t *testing.T, path string, age time.Duration) {
	t.Helper()
	then := time.Now().Add(-age)
	if err := errors.Join(os.WriteFile(path, []byte("x"), 0o600), os.Chtimes(path, then, then)); err != nil {
		t.Fatal(err)
	}
}

// openFiles returns the paths of this process's open files, where that can be told.
func openFiles(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, l := range links {
		if path, err := os.Readlink(l); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

func TestLocalReaderTellsWhenTheCopyIsCutShort(t *testing.T) {
	d, folder := newLocal(t)
	put(t, d, "job/file", content(2<<20))
	r, err := d.Open(t.Context(), "job/file")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(filepath.Join(folder, "job", "file"), 1<<20); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, models.ErrConflict) {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestLocalOpensNoFolder(t *testing.T) {
	d, _ := newLocal(t)
	put(t, d, "job/file", []byte("x"))
	if _, err := d.Open(t.Context(), "job"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestLocalLinksAFileOnceItIsProven(t *testing.T) {
	d, folder := newLocal(t)
	from := filepath.Join(filepath.Dir(folder), "spool")
	if err := os.MkdirAll(filepath.Dir(from), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(from, []byte("dump"), 0o600); err != nil {
		t.Fatal(err)
	}
	local := &drive.LocalFile{Path: from, Take: func() bool { return true }, Wait: func(context.Context) error {
		if names := filesBelow(t, folder); len(names) != 1 || !strings.HasSuffix(names[0], ".partial") {
			t.Errorf("before the proof the folder holds %v", names)
		}
		return nil
	}}
	var taken int64
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader("not read"), drive.Hint{Local: local, Progress: func(n int64) { taken = n }}); err != nil {
		t.Fatal(err)
	}
	if taken != int64(len("dump")) {
		t.Errorf("it told of %d bytes", taken)
	}
	if got := string(get(t, d, "job/file")); got != "dump" {
		t.Errorf("got %q", got)
	}
	if !sameFile(t, from, filepath.Join(folder, "job/file")) {
		t.Error("the copy is not a link")
	}
}

func TestLocalCopiesWhenAnotherDriveTookTheLink(t *testing.T) {
	d, _ := newLocal(t)
	local := &drive.LocalFile{Path: "/nowhere", Take: func() bool { return false }}
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader("read"), drive.Hint{Local: local}); err != nil {
		t.Fatal(err)
	}
	if got := string(get(t, d, "job/file")); got != "read" {
		t.Errorf("got %q", got)
	}
}

func TestLocalLeavesNothingWhenTheLinkedDumpDies(t *testing.T) {
	d, folder := newLocal(t)
	from := filepath.Join(t.TempDir(), "spool")
	if err := os.WriteFile(from, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	died := errors.New("the dump died")
	local := &drive.LocalFile{Path: from, Take: func() bool { return true }, Wait: func(context.Context) error { return died }}
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader(""), drive.Hint{Local: local}); !errors.Is(err, died) {
		t.Errorf("got %v", err)
	}
	if names := filesBelow(t, folder); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestLocalNeverFollowsALinkOutside(t *testing.T) {
	d, folder := newLocal(t)
	outside := t.TempDir()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "job")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader("x"), drive.Hint{}); err == nil {
		t.Error("a copy went through a link that leads outside")
	}
	if names := filesBelow(t, outside); len(names) != 0 {
		t.Errorf("written outside: %v", names)
	}
}

func TestLocalSweepsOnlyWhatItLeft(t *testing.T) {
	d, folder := newLocal(t)
	put(t, d, "job/file", []byte("good"))
	put(t, d, "job/file.sql", []byte("good"))
	id := models.NewID()
	left := []string{
		".file.partial", ".file." + id + ".partial", ".file." + models.NewID() + ".partial",
		".file.json.partial", ".file.json." + id + ".partial",
	}
	others := []string{
		".other.partial", "mine.partial", ".fil." + id + ".partial", ".file2." + id + ".partial",
		".file.sql." + id + ".partial", ".file.sql.json." + id + ".partial", ".file." + id + ".sql." + id + ".partial",
		".file.x.partial", ".file." + id, "file." + id + ".partial", ".file." + id + "." + id + ".partial",
	}
	for _, name := range slices.Concat(left, others) {
		if err := os.WriteFile(filepath.Join(folder, "job", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sweep(t.Context(), "job/file"); err != nil {
		t.Fatal(err)
	}
	for _, name := range left {
		if _, err := os.Lstat(filepath.Join(folder, "job", name)); err == nil {
			t.Errorf("%s was not swept", name)
		}
	}
	for _, name := range append(others, "file", "file.sql") {
		if _, err := os.Lstat(filepath.Join(folder, "job", name)); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
}

// A key that ends like the id of a temporary file could be taken for one.
func TestLocalSweepOfAKeyThatEndsInAnID(t *testing.T) {
	d, folder := newLocal(t)
	key := "job/file." + models.NewID()
	put(t, d, key, []byte("good"))
	theirs := filepath.Join(folder, "job", "."+filepath.Base(key)+".partial") // of job/file
	if err := os.WriteFile(theirs, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Sweep(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(theirs); err != nil {
		t.Errorf("the unfinished copy of another key is gone: %v", err)
	}
}

func TestLocalRefusesToPublishWhatOthersChanged(t *testing.T) {
	for name, change := range map[string]func(partial string) error{
		"truncated": func(p string) error { return os.Truncate(p, 1) },
		"replaced": func(p string) error {
			return errors.Join(os.Remove(p), os.WriteFile(p, content(1<<20), 0o600))
		},
		"removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			d, folder := newLocal(t)
			r := io.MultiReader(bytes.NewReader(content(1<<20)), atEOF(func() error {
				found, err := filepath.Glob(filepath.Join(folder, "job", ".file.*.partial"))
				if err != nil || len(found) != 1 {
					t.Errorf("temporary files: %v, %v", found, err)
					return io.ErrNoProgress
				}
				return change(found[0])
			}))
			if _, err := d.Put(t.Context(), "job/file", r, drive.Hint{}); !errors.Is(err, models.ErrConflict) && !errors.Is(err, models.ErrNotFound) {
				t.Errorf("got %v", err)
			}
			if names := copiesBelow(t, folder); len(names) != 0 {
				t.Errorf("left behind: %v", names)
			}
		})
	}
}

// atEOF does something when all before it has been read.
type atEOF func() error

func (f atEOF) Read([]byte) (int, error) {
	if err := f(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

func TestLocalLinkedTwiceLeavesNoTemporaryName(t *testing.T) {
	d, folder := newLocal(t)
	from := filepath.Join(filepath.Dir(filepath.Dir(folder)), "spool")
	if err := os.WriteFile(from, []byte("dump"), 0o600); err != nil {
		t.Fatal(err)
	}
	local := &drive.LocalFile{Path: from, Take: func() bool { return true }, Wait: func(context.Context) error { return nil }}
	for range 2 {
		if _, err := d.Put(t.Context(), "job/file", strings.NewReader("not read"), drive.Hint{Local: local}); err != nil {
			t.Fatal(err)
		}
	}
	if names := copiesBelow(t, folder); len(names) != 1 {
		t.Errorf("the folder holds %v", names)
	}
}

func TestLocalBringsEveryFolderToTheDisk(t *testing.T) {
	d, folder := newLocal(t)
	var synced []string
	d.OnSync(func(dir string) { synced = append(synced, filepath.Clean(dir)) })
	put(t, d, "team/shop/file", []byte("x"))
	for _, want := range []string{
		filepath.Join(folder, "team", "shop"), filepath.Join(folder, "team"), folder,
		filepath.Dir(folder), filepath.Dir(filepath.Dir(folder)),
	} {
		if !slices.Contains(synced, want) {
			t.Errorf("%s was not brought to the disk, only %v", want, synced)
		}
	}
	if parent := filepath.Dir(filepath.Dir(filepath.Dir(folder))); slices.Contains(synced, parent) {
		t.Errorf("%s, where nothing was made, was brought to the disk", parent)
	}
}

// openLocal opens the drive as a configuration file does.
func openLocal(t *testing.T, settings models.Settings) drive.Drive {
	t.Helper()
	kind, err := drive.Lookup("local")
	if err != nil {
		t.Fatal(err)
	}
	d, err := kind.Open(drive.Place{Label: "nas", Settings: settings, Installation: "here"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLocalNeverWritesToAMountPointThatIsEmpty(t *testing.T) {
	mount := filepath.Join(t.TempDir(), "mnt")
	folder := filepath.Join(mount, "backups")
	d := openLocal(t, models.Settings{"folder": folder, "create": "false"})
	refuses := func(t *testing.T, wayOut string) {
		t.Helper()
		before := filesBelow(t, filepath.Dir(mount))
		_, putErr := d.Put(t.Context(), "job/file", strings.NewReader("x"), drive.Hint{})
		_, checkErr := d.Check(t.Context())
		for doing, err := range map[string]error{"put": putErr, "check": checkErr} {
			if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), folder) || !strings.HasSuffix(err.Error(), wayOut) {
				t.Errorf("%s: got %v", doing, err)
			}
		}
		if after := filesBelow(t, filepath.Dir(mount)); len(after) != len(before) {
			t.Errorf("written: %v", after)
		}
	}
	marker := filepath.Join(folder, ".backupman-drive")
	t.Run("missing", func(t *testing.T) {
		refuses(t, "mkdir -p "+folder+" && touch "+marker)
		if _, err := os.Lstat(mount); err == nil {
			t.Error("the folder was made")
		}
	})
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Run("without the marker", func(t *testing.T) { refuses(t, ": touch "+marker) })
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("with the marker", func(t *testing.T) {
		drivetest.Conform(t, drivetest.Fixture{Drive: d, Variant: true, Leftovers: func(t *testing.T) []string { return filesBelow(t, folder) }})
	})
}

func TestLocalMarksAFolderThatHoldsCopies(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made")
	d := openLocal(t, models.Settings{"folder": folder})
	if _, err := d.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if names := filesBelow(t, folder); len(names) != 0 {
		t.Errorf("a check left %v", names)
	}
	put(t, d, "job/file", []byte("x"))
	put(t, d, "job/file", []byte("y"))
	if says, err := os.ReadFile(filepath.Join(folder, ".backupman-drive")); err != nil || !strings.Contains(string(says), "Backupman") {
		t.Errorf("the marker says %q, %v", says, err)
	}
	n := 0
	if err := d.List(t.Context(), "", func(drive.Stored) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("the drive lists %d copies, %v", n, err)
	}
	put(t, openLocal(t, models.Settings{"folder": folder, "create": "no"}), "job/file", []byte("z"))
}

func TestLocalFullDisk(t *testing.T) {
	folder := t.TempDir()
	needs.SmallDisk(t, folder, 4<<20)
	d, err := drive.NewLocal("nas", folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("asked for before", func(t *testing.T) {
		_, err := d.Put(t.Context(), "job/file", iotestEndless{}, drive.Hint{ExpectedSize: 8 << 20})
		wantNoSpace(t, err)
	})
	t.Run("found while writing", func(t *testing.T) {
		_, err := d.Put(t.Context(), "job/file", bytes.NewReader(content(8<<20)), drive.Hint{})
		wantNoSpace(t, err)
	})
	if names := filesBelow(t, folder); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
	put(t, d, "job/file", content(1<<20))
}

// Where a copy finds no room its drive does not work, and the manifest of one that is
// there already is written all the same.
func TestLocalWithLessThanTheReserve(t *testing.T) {
	folder := t.TempDir()
	needs.SmallDisk(t, folder, 2<<20)
	d, err := drive.NewLocal("nas", folder)
	if err != nil {
		t.Fatal(err)
	}
	put(t, d, "job/small", content(1<<10))
	if _, err := d.Check(t.Context()); err != nil {
		t.Errorf("with room: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "others"), content(3<<19), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = d.Check(t.Context())
	wantNoSpace(t, err)
	_, err = d.Put(t.Context(), "job/file", iotestEndless{}, drive.Hint{ExpectedSize: 1<<20 + 1})
	wantNoSpace(t, err)
	put(t, d, "job/file.json", content(1<<10))
	if names := copiesBelow(t, folder); len(names) != 3 {
		t.Errorf("the folder holds %v", names)
	}
}

func wantNoSpace(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, models.ErrNoSpace) || !strings.Contains(err.Error(), `"nas"`) || models.RemedyOf(err.Error()) != models.RemedyRoom {
		t.Errorf("got %v, want a sentence that the drive is full", err)
	}
}

// iotestEndless fails the test's promise when it is read at all.
type iotestEndless struct{}

func (iotestEndless) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	one, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(one, two)
}

func content(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i * 31 >> 3)
	}
	return p
}

func put(t *testing.T, d drive.Drive, key string, data []byte) drive.Stored {
	t.Helper()
	s, err := d.Put(t.Context(), key, bytes.NewReader(data), drive.Hint{ExpectedSize: int64(len(data))})
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return s
}

func get(t *testing.T, d drive.Drive, key string) []byte {
	t.Helper()
	r, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return data
}
