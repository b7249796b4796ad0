package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pruneWorld is a demo with three backups and rules that keep one.
func pruneWorld(t *testing.T) (dir string, base []string) {
	t.Helper()
	dir = t.TempDir()
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	file := filepath.Join(dir, "config.yaml")
	base = []string{"-c", file, "--data", filepath.Join(dir, "data")}
	for range 2 {
		if code, out, said := backupman(t, append([]string{"run", "shop-hourly", "--wait"}, base...)...); code != 0 {
			t.Fatalf("%s%s", out, said)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ruled := strings.Replace(string(text), "    data_source: shop\n", "    data_source: shop\n    retention: {keep_last: 1}\n", 1)
	if ruled == string(text) {
		t.Fatalf("the demo's configuration has no job as expected:\n%s", text)
	}
	if err := os.WriteFile(file, []byte(ruled), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, base
}

func TestPrune(t *testing.T) {
	dir, base := pruneWorld(t)
	ids := func() []string {
		_, out, _ := backupman(t, append([]string{"list", "--json"}, base...)...)
		var list struct{ Results []struct{ Id string } }
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		var found []string
		for _, b := range list.Results {
			found = append(found, b.Id)
		}
		return found
	}
	before := ids()
	if len(before) != 3 {
		t.Fatalf("there are %d backups", len(before))
	}
	if code, out, said := backupman(t, append([]string{"pin", before[1], "--until", "2099-12-31"}, base...)...); code != 0 || !strings.Contains(out, "is kept until 31 December 2099") {
		t.Fatalf("status %d: %s%s", code, out, said)
	}
	code, out, said := backupman(t, append([]string{"prune", "--dry-run"}, base...)...)
	for _, want := range []string{"pinned until 31 December 2099", "the last one", "newest proven backup"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d, without %q: %s%s", code, want, out, said)
		}
	}
	if after := ids(); len(after) != 3 {
		t.Fatalf("a dry run left %d backups", len(after))
	}
	if code, out, said := backupman(t, append([]string{"unpin", before[1]}, base...)...); code != 0 {
		t.Fatalf("status %d: %s%s", code, out, said)
	}
	code, out, said = backupman(t, append([]string{"prune", "shop-hourly"}, base...)...)
	if code != 0 || !strings.Contains(out, "removes") || !strings.Contains(out, "2 copies go") {
		t.Errorf("status %d: %s%s", code, out, said)
	}
	if left := ids(); !slices.Equal(left, before[:1]) {
		t.Errorf("left are %s of %s", left, before)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "backups", "shop-hourly", "*")); err != nil || len(files) != 2 {
		t.Errorf("on the drive are %q, %v", files, err)
	}
	code, out, said = backupman(t, append([]string{"show", before[1]}, base...)...)
	if code != 1 || !strings.Contains(said, "was removed on") || !strings.Contains(said, "no rule of retention keeps it") {
		t.Errorf("of a removed backup show says, status %d: %s%s", code, out, said)
	}
	if code, _, said := backupman(t, append([]string{"prune", "nobody"}, base...)...); code != 1 || !strings.Contains(said, `there is no job "nobody"`) {
		t.Errorf("status %d: %s", code, said)
	}
}
