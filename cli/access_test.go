package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A server without a configuration file asks for nothing, so it removes nothing
// either, and does not schedule what it could only fail.
func TestAServerWithoutAFileLeavesThePlanAlone(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	file := filepath.Join(dir, "c.yaml")
	text := "data_sources: [{provider: sqlite, label: shop, db_path: shop.db}]\ndrives: [{provider: local, label: here, folder: copies}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file      string
		scheduled int
	}{{file, 1}, {"", 0}} {
		f := &flags{config: c.file, data: filepath.Join(dir, "data")}
		a := open(t, f, serving)
		if _, err := a.store.JobByLabel(t.Context(), "shop"); err != nil {
			t.Errorf("with the file %q: %v", c.file, err)
		}
		if jobs, err := a.catalog.Jobs(t.Context()); err != nil || len(jobs) != c.scheduled {
			t.Errorf("with the file %q there are %d jobs to schedule, %v, want %d", c.file, len(jobs), err, c.scheduled)
		}
		if err := a.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// open puts the services together as a command does; the caller closes them.
func open(t *testing.T, f *flags, mode access) *app {
	t.Helper()
	c, err := f.load("")
	if err != nil {
		t.Fatal(err)
	}
	a, err := openApp(t.Context(), c, mode, quietLog(&bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
