package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

// TestAJobThatLacksItsKitIsListedSo: also again, when the keys have become others.
func TestAJobThatLacksItsKitIsListedSo(t *testing.T) {
	first, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	second, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	config := func(k *age.X25519Identity) []string {
		file, _ := writeConfig(t, `data_sources: [{provider: sqlite, label: shop, db_path: shop.db}]
drives: [{provider: local, label: nas, folder: nas}]
encryption: {recipients: [`+k.Recipient().String()+`]}
jobs: [{label: my shop, data_source: shop}, {label: open, data_source: shop, encryption: {}}]
`)
		return []string{"-c", file}
	}
	data := filepath.Join(t.TempDir(), "data")
	run := func(base []string, args ...string) string {
		code, out, said := backupman(t, append(append(base, "--data", data), args...)...)
		if code != 0 {
			t.Fatalf("%v: status %d, %s%s", args, code, out, said)
		}
		return out
	}
	const says = "my shop makes no backup before its recovery kit is taken: backupman kit 'my shop'"
	if out := run(config(first), "jobs"); !strings.Contains(out, says) || strings.Contains(out, "open makes no") {
		t.Errorf("before:\n%s", out)
	}
	run(config(first), "kit", "my shop")
	if out := run(config(first), "jobs"); strings.Contains(out, "recovery kit") {
		t.Errorf("after:\n%s", out)
	}
	if out := run(config(second), "jobs"); !strings.Contains(out, says) {
		t.Errorf("with another key:\n%s", out)
	}
}
