package cli_test

import (
	"os"
	"path/filepath"
	"testing"
)

// The name is one that earlier versions gave.
func TestDemoSweepsScratchDatabasesOfTheDead(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "data", "scratch", "drill-1234567890")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, "lock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", left, err)
	}
}
