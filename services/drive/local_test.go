package drive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
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

func TestLocalConforms(t *testing.T) {
	d, folder := newLocal(t)
	conformance(t, d, func(t *testing.T) []string { return filesBelow(t, folder) })
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
	if _, err := d.Put(t.Context(), "job/file", strings.NewReader("not read"), drive.Hint{Local: local}); err != nil {
		t.Fatal(err)
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
	for _, name := range []string{".file.partial", ".other.partial", "mine.partial"} {
		if err := os.WriteFile(filepath.Join(folder, "job", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sweep(t.Context(), "job/file"); err != nil {
		t.Fatal(err)
	}
	if names := filesBelow(t, folder); len(names) != 3 {
		t.Errorf("after the sweep: %v", names)
	}
}

func TestLocalFullDisk(t *testing.T) {
	folder := smallDisk(t, 4<<20)
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

func wantNoSpace(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, models.ErrNoSpace) || !strings.Contains(err.Error(), `"nas"`) {
		t.Errorf("got %v, want a sentence that the drive is full", err)
	}
}

// iotestEndless fails the test's promise when it is read at all.
type iotestEndless struct{}

func (iotestEndless) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

// smallDisk mounts a file system of the given size where this process may, in
// a place that is unmounted when the test ends.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	folder := t.TempDir()
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", size))
	if err != nil {
		if os.Getenv("BACKUPMAN_TEST_SERVERS") == "require" && os.Geteuid() == 0 {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Skipf("a small disk cannot be mounted by this user (%v): run the tests as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount the small disk: %v", err)
		}
	})
	return folder
}

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
