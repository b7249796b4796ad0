package disk_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// holdPath makes this test binary a process that holds a lock until its input ends.
const holdPath = "BACKUPMAN_TEST_HOLD"

func TestMain(m *testing.M) {
	path := os.Getenv(holdPath)
	if path == "" {
		os.Exit(m.Run())
	}
	if _, err := disk.Hold(path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// holder starts a process that holds path, and returns how to kill it.
func holder(t *testing.T, path string) (kill func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), holdPath+"="+path)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q", line)
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

func wantHolder(t *testing.T, path string, want disk.Holder) {
	t.Helper()
	if got, err := disk.LookAt(path); err != nil || got != want {
		t.Errorf("the holder of %s: got %v, %v, want %v", filepath.Base(path), got, err, want)
	}
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestLockTellsALivingProcessFromADeadOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.lock")
	wantHolder(t, path, disk.HolderUnknown)
	kill := holder(t, path)
	wantHolder(t, path, disk.HolderAlive)
	if _, err := disk.Hold(path); !errors.Is(err, models.ErrConflict) {
		t.Errorf("a lock that another process holds: got %v", err)
	}
	wantHolder(t, path, disk.HolderAlive)
	kill()
	wantHolder(t, path, disk.HolderDead)
	lock, err := disk.Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	wantHolder(t, path, disk.HolderAlive)
	if got := names(t, filepath.Dir(path)); len(got) != 1 {
		t.Errorf("the folder holds %v", got)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Dir(path)); len(got) != 0 {
		t.Errorf("after the release: %v", got)
	}
}

// A file that is locked only after it was made looks dead in between, and a
// process that sweeps would remove it.
func TestLockIsNeverSeenDeadWhileItIsMade(t *testing.T) {
	folder, done := t.TempDir(), make(chan struct{})
	var watchers sync.WaitGroup
	for range 2 {
		watchers.Go(func() { lookUntil(t, folder, done) })
	}
	var locks []*disk.Lock
	for i := range 1500 {
		lock, err := disk.Hold(filepath.Join(folder, fmt.Sprintf("%d.lock", i%300)))
		if err != nil {
			t.Fatal(err)
		}
		if locks = append(locks, lock); len(locks) == 300 {
			release(t, locks)
			locks = nil
		}
	}
	release(t, locks)
	close(done)
	watchers.Wait()
}

func release(t *testing.T, locks []*disk.Lock) {
	t.Helper()
	for _, l := range locks {
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}
}

func lookUntil(t *testing.T, folder string, done <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		path := filepath.Join(folder, fmt.Sprintf("%d.lock", i%300))
		if state, err := disk.LookAt(path); err != nil || state == disk.HolderDead {
			t.Errorf("look at %s: %v, %v", filepath.Base(path), state, err)
			return
		}
	}
}

func TestHoldSweepsWhatDiedBeforeItHadAName(t *testing.T) {
	folder := t.TempDir()
	dead := "x.lock.new-" + models.NewID()
	living := "y.lock.new-" + models.NewID()
	others := []string{"z.lock", "notes.new-chapter", "z.lock.new-"}
	for _, name := range append(others, dead, living) {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(filepath.Join(folder, living))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	lock, err := disk.Hold(filepath.Join(folder, "mine.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Release() }()
	left := strings.Join(names(t, folder), " ")
	if strings.Contains(left, dead) {
		t.Errorf("the file of a dead process is still there: %s", left)
	}
	for _, name := range append(others, living, "mine.lock") {
		if !strings.Contains(left, name) {
			t.Errorf("%s was removed: %s", name, left)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(folder, "*.lock")); len(found) != 2 {
		t.Errorf("files that end in .lock: %v", found)
	}
}

func TestHoldWorksWhileOthersSweep(t *testing.T) {
	folder := t.TempDir()
	var all sync.WaitGroup
	for who := range 8 {
		all.Go(func() {
			for i := range 100 {
				lock, err := disk.Hold(filepath.Join(folder, fmt.Sprintf("%d-%d.lock", who, i)))
				if err != nil {
					t.Error(err)
					return
				}
				if err := lock.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if left := names(t, folder); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestHoldTellsWhatIsWrong(t *testing.T) {
	if _, err := disk.Hold(filepath.Join(t.TempDir(), "missing", "a.lock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
