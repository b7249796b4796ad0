package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/services/sample"
)

// TestFullDiskUnderTheMetadata fills the disk that holds the metadata database
// and expects a clear error, and a good run once there is room again.
func TestFullDiskUnderTheMetadata(t *testing.T) {
	shop := filepath.Join(t.TempDir(), "shop.db")
	if err := sample.Shop(t.Context(), shop, time.Now()); err != nil {
		t.Fatal(err)
	}
	i := install(t, fmt.Sprintf("{provider: sqlite, label: shop, db_path: %q}", shop), filepath.Join(t.TempDir(), "copies"))
	metadata := t.TempDir()
	needs.SmallDisk(t, metadata, 2<<20)
	text, err := os.ReadFile(i.config)
	if err != nil {
		t.Fatal(err)
	}
	text = fmt.Appendf(text, "database: {provider: sqlite, db_path: %q}\n", filepath.Join(metadata, "meta.db"))
	if err := os.WriteFile(i.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := i.run("run", "shop", "--wait"); r.Code != 0 {
		t.Fatalf("with room: %s%s", r.Out, r.Err)
	}
	ballast := filepath.Join(metadata, "ballast")
	fillDisk(t, ballast)
	r := i.run("run", "shop", "--wait")
	if said := r.Out + r.Err; r.Code == 0 || !strings.Contains(said, "full") || !strings.Contains(said, "metadata") {
		t.Errorf("on a full disk: status %d: %s", r.Code, said)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if r := i.run("run", "shop", "--wait"); r.Code != 0 {
		t.Errorf("with room again: %s%s", r.Out, r.Err)
	}
	for _, name := range files(t, i.drives[0]) {
		if strings.HasPrefix(filepath.Base(name), ".") {
			t.Errorf("left half written: %s", name)
		}
	}
}

func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{64 << 10, 1 << 10, 1} {
		block := make([]byte, size)
		for {
			if _, err := f.Write(block); err != nil {
				break
			}
		}
	}
}
