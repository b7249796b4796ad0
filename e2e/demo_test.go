package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/needs"
	"github.com/backupman/backupman/e2e/program"
)

// TestDemoOnceEndsWithAProvenBackupThatRestoresByHand does what the demo tells a
// person to do.
func TestDemoOnceEndsWithAProvenBackupThatRestoresByHand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a new folder $HOME")
	r := program.Run(t, "demo", "--once", "--data", dir)
	if r.Code != 0 || !strings.Contains(r.Out, "Proven in") {
		t.Fatalf("status %d: %s%s", r.Code, r.Out, r.Err)
	}
	_, command, found := strings.Cut(r.Out, "Restore it by hand: ")
	command, _, _ = strings.Cut(command, "\n")
	if !found {
		t.Fatalf("no command to restore by hand in: %s", r.Out)
	}
	needs.Program(t, "zstd", "zstd")
	restore := exec.CommandContext(t.Context(), "sh", "-c", command)
	restore.Dir = t.TempDir()
	if out, err := restore.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	restored, err := filepath.Glob(filepath.Join(restore.Dir, "*.sqlite"))
	if err != nil || len(restored) != 1 {
		t.Fatalf("restored %v (%v)", restored, err)
	}
	sameBytes(t, restored[0], filepath.Join(dir, "shop.db"))
	again := program.Run(t, "demo", "--once", "--data", dir)
	if again.Code != 0 {
		t.Errorf("a second demo in the same folder: %s%s", again.Out, again.Err)
	}
}

// sameBytes compares a restored database with one that nobody wrote to: the
// backup API copies pages, so they are equal to the byte but for the counters
// of the first page.
func sameBytes(t *testing.T, a, b string) {
	t.Helper()
	one, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(one) != len(two) || string(one[100:]) != string(two[100:]) {
		t.Errorf("%s and %s differ", a, b)
	}
}

func TestListInJSONIsWhatTheAPIAnswers(t *testing.T) {
	dir := t.TempDir()
	if r := program.Run(t, "demo", "--once", "--data", dir); r.Code != 0 {
		t.Fatalf("%s%s", r.Out, r.Err)
	}
	server := program.Serve(t, "-c", filepath.Join(dir, "config.yaml"), "--data", filepath.Join(dir, "data"), "serve", "--listen", "127.0.0.1:0")
	said := func(text []byte) string {
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return marshal(t, v)
	}
	program.Eventually(t, patience, func(context.Context) error {
		before := said(get(t, server.URL+"/api/backups", 200))
		list := program.Run(t, "-c", filepath.Join(dir, "config.yaml"), "--data", filepath.Join(dir, "data"), "list", "--json")
		if after := said(get(t, server.URL+"/api/backups", 200)); before != after {
			return fmt.Errorf("the server has just read the copy back as a sample: %s\n%s", before, after)
		}
		if command := said([]byte(list.Out)); command != before {
			t.Errorf("the command says %s\nthe API says %s", command, before)
		}
		return nil
	})
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
