package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRestoreTellsWhatIsMissing(t *testing.T) {
	base, dir := newDemo(t)
	t.Chdir(dir)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no --to":         {[]string{"latest"}, `"to" not set`},
		"no backup":       {[]string{"--to", "original"}, "--file"},
		"no --replace":    {[]string{"latest", "--to", "original", "--yes", "shop.db"}, "only overwritten with --replace"},
		"no confirmation": {[]string{"latest", "--to", "original", "--replace"}, "--yes shop.db"},
		"no path":         {[]string{"latest", "--to", "file:"}, "--to file:"},
		"no such source":  {[]string{"latest", "--to", "nowhere"}, `"nowhere"`},
		"no such table":   {[]string{"latest", "--to", "shop/new.db", "--table", "nothing"}, "no table nothing"},
		"no original":     {[]string{"--file", "x", "--to", "original"}, "a dump file has no original"},
	} {
		if code, out, said := backupman(t, append(append(base, "restore"), c.args...)...); code != 1 || !strings.Contains(said, c.says) {
			t.Errorf("%s: status %d, %q does not say %q; %s", name, code, said, c.says, out)
		}
	}
}

func TestAPlanSaysWhatItAsksFor(t *testing.T) {
	base, _ := newDemo(t)
	_, out, _ := backupman(t, append(base, "restore", "latest", "--to", "original", "--plan")...)
	if !strings.Contains(out, "orders would be overwritten") || !strings.Contains(out, "--replace") || strings.Contains(out, "safety:") {
		t.Errorf("without --replace:\n%s", out)
	}
	_, out, _ = backupman(t, append(base, "restore", "latest", "--to", "original", "--plan", "--replace")...)
	if !strings.Contains(out, "safety:   job shop-") || strings.Contains(out, "problem:") {
		t.Errorf("with --replace:\n%s", out)
	}
}

func TestAFileIsRestoredWhereOneIs(t *testing.T) {
	base, dir := newDemo(t)
	t.Chdir(dir)
	if code, out, said := backupman(t, append(base, "restore", "latest", "--to", "file:out.sqlite", "--yes", "out.sqlite")...); code != 0 {
		t.Fatalf("status %d: %s%s", code, out, said)
	}
	if _, err := os.Stat(filepath.Join(dir, "out.sqlite")); err != nil {
		t.Error(err)
	}
}

// A backup that a drill found wrong looks like no other.
func TestADisprovenBackupIsListedSo(t *testing.T) {
	base, dir := newDemo(t)
	copies, err := filepath.Glob(filepath.Join(dir, "backups", "*", "*.zst"))
	if err != nil || len(copies) == 0 {
		t.Fatalf("%v %v", copies, err)
	}
	for _, path := range copies {
		if err := os.WriteFile(path, []byte("spoilt"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, _ := backupman(t, append(base, "drill", "latest")...); code != 1 || !strings.HasPrefix(out, "DISPROVEN") {
		t.Errorf("the drill: status %d, %s", code, out)
	}
	if _, out, _ := backupman(t, append(base, "list")...); !strings.Contains(out, "NO") {
		t.Errorf("the list:\n%s", out)
	}
}
