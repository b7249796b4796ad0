package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/sample"
)

// killPoints is how many runs are killed before they end.
const killPoints = 20

// TestKilledRunsSettle kills runs with SIGKILL at random moments. After each the
// next start settles the backup, every finished copy reads back identical, and
// nothing half written is left.
func TestKilledRunsSettle(t *testing.T) {
	shop := filepath.Join(t.TempDir(), "shop.db")
	if err := sample.Shop(t.Context(), shop, time.Now()); err != nil {
		t.Fatal(err)
	}
	i := install(t, fmt.Sprintf("{provider: sqlite, label: shop, db_path: %q}", shop),
		filepath.Join(t.TempDir(), "same disk"), otherDisk(t))
	whole := i.run("run", "shop", "--wait")
	if whole.Code != 0 {
		t.Fatalf("%s%s", whole.Out, whole.Err)
	}
	longest := whole.Wall
	for killed, n := 0, 0; killed < killPoints && !t.Failed(); n++ {
		at := time.Duration(rand.Int64N(int64(longest)))
		if i.runAndKill(at) {
			killed++
		} else {
			longest = max(at, time.Millisecond) // others, too, may take less time than the first
		}
		t.Run(fmt.Sprintf("%d after %s", n, at.Round(time.Millisecond)), i.settles)
	}
}

// otherDisk is a folder on a file system other than the temporary folder's,
// where there is one, so that the spool cannot be linked there.
func otherDisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "backupman-e2e-")
	if err != nil {
		return filepath.Join(t.TempDir(), "other disk")
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// runAndKill reports whether the run had not ended by itself.
func (i *installation) runAndKill(after time.Duration) bool {
	i.t.Helper()
	cmd := exec.Command(program.Path(i.t), i.args("run", "shop", "--wait")...)
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return !cmd.ProcessState.Exited()
}

// settles starts a server and expects everything to come into order.
func (i *installation) settles(t *testing.T) {
	server := program.Serve(t, i.args("serve", "--listen", "127.0.0.1:0")...)
	var list []listed
	program.Eventually(t, patience, func(ctx context.Context) (err error) {
		if list, err = backups(ctx, server.URL); err != nil {
			return err
		}
		return errors.Join(inOrder(list), i.nothingElse(t, list))
	})
	for path := range finishedCopies(list) {
		readsBack(t, path)
	}
}

func inOrder(list []listed) error {
	for _, b := range list {
		if b.Status == string(models.StatusPending) {
			return fmt.Errorf("backup %s is still pending", b.ID)
		}
		for _, f := range b.DriveFiles {
			if f.Status == string(models.StatusPending) {
				return fmt.Errorf("a copy of the settled backup %s is still pending", b.ID)
			}
		}
	}
	return nil
}

// finishedCopies are the paths of all copies that are there.
func finishedCopies(list []listed) map[string]bool {
	paths := map[string]bool{}
	for _, b := range list {
		for _, f := range b.DriveFiles {
			if f.Status == string(models.StatusFinished) {
				paths[*f.Path] = true
			}
		}
	}
	return paths
}

// readsBack compares a copy with the manifest beside it.
func readsBack(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var m models.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := archive.Verify(f, m.File.Size, m.File.SHA256); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

// nothingElse says what the drives and the spool hold beside finished copies and what a retry
// can still use.
func (i *installation) nothingElse(t *testing.T, list []listed) error {
	t.Helper()
	known := finishedCopies(list)
	for _, drive := range i.drives {
		for _, name := range files(t, drive) {
			if !known[strings.TrimSuffix(name, ".json")] {
				return fmt.Errorf("left on a drive: %s", name)
			}
		}
	}
	for _, name := range files(t, filepath.Join(i.data(), "spool")) {
		if strings.HasSuffix(name, archive.PartialSuffix) {
			return fmt.Errorf("left in the spool: %s", name)
		}
	}
	return nil
}
