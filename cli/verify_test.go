package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type verdictAnswer struct {
	Results []struct {
		DriveFileID     string `json:"DriveFileId"`
		DriveID         string `json:"DriveId"`
		Identical, Lost bool
		Error           string
	}
}

func TestVerifyAndHeal(t *testing.T) {
	base, dir := newDemo(t)
	code, out, said := backupman(t, append(base, "verify", "latest")...)
	if code != 0 || out != "identical  backups\n" || said != "" {
		t.Fatalf("a good copy: status %d, %q, said %q", code, out, said)
	}
	var good verdictAnswer
	answer(t, &good, 0, append(base, "verify", "latest")...)
	if len(good.Results) != 1 || !good.Results[0].Identical {
		t.Fatalf("in JSON: %+v", good)
	}
	id := good.Results[0].DriveFileID
	if code, out, _ := backupman(t, append(base, "verify", "latest", "--copy", id)...); code != 0 || out != "identical  backups\n" {
		t.Errorf("the one copy: status %d, %q", code, out)
	}
	copyOf := onlyFile(t, filepath.Join(dir, "backups"))
	content, err := os.ReadFile(copyOf)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte{}, content...)
	damaged[len(damaged)/2] ^= 1
	if err := os.WriteFile(copyOf, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := backupman(t, append(base, "verify", "latest")...); code != 1 || !strings.Contains(out, "LOST       backups: ") {
		t.Fatalf("a damaged copy: status %d, %q", code, out)
	}
	if code, out, _ := backupman(t, append(base, "heal")...); code != 1 || !strings.Contains(out, "not healed") || !strings.Contains(out, "retry dumps the database again") {
		t.Errorf("nothing is left to heal from: status %d, %q", code, out)
	}
	if code, _, said := backupman(t, append(base, "heal", "latest")...); code != 1 || !strings.Contains(said, "retry dumps the database again") {
		t.Errorf("the one: status %d, %q", code, said)
	}
}

// TestHealMakesTheMissingCopy damages the one of two copies, which the other mends.
func TestHealMakesTheMissingCopy(t *testing.T) {
	for name, args := range map[string][]string{"all": {"heal"}, "one": {"heal", "latest"}, "one, waiting": {"heal", "latest", "--wait"}} {
		t.Run(name, func(t *testing.T) {
			base, first, second := twoDrives(t)
			damaged := onlyFile(t, second)
			want, err := os.ReadFile(onlyFile(t, first))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(damaged); err != nil {
				t.Fatal(err)
			}
			if code, out, _ := backupman(t, append(base, "verify", "latest")...); code != 1 || !strings.Contains(out, "identical  one") || !strings.Contains(out, "LOST       two") {
				t.Fatalf("verify: status %d, %q", code, out)
			}
			if code, out, said := backupman(t, append(base, args...)...); code != 0 || !strings.Contains(out, "finished") {
				t.Fatalf("heal: status %d, %q, %q", code, out, said)
			}
			if got, err := os.ReadFile(damaged); err != nil || string(got) != string(want) {
				t.Errorf("the healed copy differs: %v", err)
			}
			if code, out, _ := backupman(t, append(base, "heal")...); code != 0 || !strings.Contains(out, "nothing to heal") {
				t.Errorf("after healing: status %d, %q", code, out)
			}
			if code, _, said := backupman(t, append(base, "heal", "latest")...); code != 1 || !strings.Contains(said, "there is nothing to heal") {
				t.Errorf("after healing the one: status %d, %q", code, said)
			}
		})
	}
}

func TestHealLeavesBadDumpsAlone(t *testing.T) {
	base, dir := newDemo(t)
	change(t, dir, `UPDATE backups SET status = 'failed', error = 'x', dumped_at = NULL`)
	if code, out, _ := backupman(t, append(base, "heal")...); code != 0 || !strings.Contains(out, "nothing to heal") {
		t.Errorf("all: status %d, %q", code, out)
	}
	if code, _, said := backupman(t, append(base, "heal", "latest")...); code != 1 || !strings.Contains(said, "retry dumps the database again") {
		t.Errorf("one: status %d, %q", code, said)
	}
}

func TestVerifyNamesTheThing(t *testing.T) {
	base, _ := newDemo(t)
	for _, c := range []struct{ id, copyID, says string }{
		{"xyz", "", "is not an id"},
		{"latest", "xyz", "is not an id"},
		{"latest", "0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b", "no copy with the id"},
	} {
		code, out, said := backupman(t, append(base, "verify", c.id, "--copy", c.copyID)...)
		if code != 1 || out != "" || !strings.Contains(said, c.says) {
			t.Errorf("%s %s: status %d, %q, %q", c.id, c.copyID, code, out, said)
		}
	}
}
