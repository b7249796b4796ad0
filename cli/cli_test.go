package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/cli"
)

// backupman runs the command line in this process.
func backupman(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Main(args, &o, &e)
	return code, o.String(), e.String()
}

func writeConfig(t *testing.T, text string) (file, data string) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, filepath.Join(dir, "data")
}

func TestEveryMistakeOfAConfigurationIsToldAndNothingStarts(t *testing.T) {
	file, data := writeConfig(t, `data_sources:
  - {provider: oracle, label: a}
  - {provider: sqlite, label: b, db_pth: /x}
drives:
  - {provider: local, label: here, folder: /tmp/x}
jobs:
  - {label: j, data_source: nobody, drives: [nowhere], cron: "61 * * * *"}
`)
	for _, command := range [][]string{{"config", "check"}, {"serve"}, {"run", "j"}, {"list"}, {"doctor"}} {
		code, _, said := backupman(t, append([]string{"-c", file, "--data", data}, command...)...)
		if code != 1 {
			t.Errorf("%v ended with status %d", command, code)
		}
		for _, want := range []string{":2:", "oracle", ":3:", "db_pth", ":7:", "nobody", "nowhere", "61"} {
			if !strings.Contains(said, want) {
				t.Errorf("%v does not tell %q in:\n%s", command, want, said)
			}
		}
		if _, err := os.Stat(data); err == nil {
			t.Fatalf("%v made the data folder", command)
		}
	}
}

func TestBadRequestsNameTheThing(t *testing.T) {
	file, data := writeConfig(t, "data_sources: [{provider: sqlite, label: gone, db_path: /no/such/file.db}]\ndrives: [{provider: local, label: here, folder: "+t.TempDir()+"}]\n")
	base := []string{"-c", file, "--data", data}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"an unknown job":     {[]string{"run", "nobody"}, `there is no job "nobody": there are "gone"`},
		"a bad id":           {[]string{"show", "xyz"}, "is not an id"},
		"an unknown id":      {[]string{"show", "0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b"}, "0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b"},
		"retry of nothing":   {[]string{"retry", "0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b"}, "0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b"},
		"no server":          {[]string{"health", "--listen", "127.0.0.1:1"}, "backupman serve"},
		"an unknown command": {[]string{"rum"}, "rum"},
		"no job":             {[]string{"run"}, "run is written like this: backupman run JOB"},
		"two backups":        {[]string{"pin", "latest", "latest"}, "pin is written like this: backupman pin ID"},
		"a missing file":     {[]string{"-c", "/no/such.yaml", "list"}, "/no/such.yaml"},
	} {
		code, out, said := backupman(t, append(base, c.args...)...)
		if code != 1 || !strings.Contains(said, c.says) || out != "" {
			t.Errorf("%s: status %d, %q, %q", name, code, out, said)
		}
	}
}

func TestAJobWhoseDatabaseIsGoneFailsWithThatSentence(t *testing.T) {
	file, data := writeConfig(t, "data_sources: [{provider: sqlite, label: gone, db_path: /no/such/file.db}]\ndrives: [{provider: local, label: here, folder: "+t.TempDir()+"}]\n")
	base := []string{"-c", file, "--data", data}
	code, out, _ := backupman(t, append(base, "run", "gone", "--wait")...)
	if code != 1 || !strings.Contains(out, "there is no file at /no/such/file.db") {
		t.Errorf("run: status %d, %s", code, out)
	}
	code, out, _ = backupman(t, append(base, "doctor")...)
	if code != 1 || !strings.Contains(out, "PROBLEM") || !strings.Contains(out, "/no/such/file.db") {
		t.Errorf("doctor: status %d, %s", code, out)
	}
	code, out, _ = backupman(t, append(base, "show", "latest")...)
	if code != 0 || !strings.Contains(out, "failed") {
		t.Errorf("show: status %d, %s", code, out)
	}
}

func TestRunMakesABackupWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	base := []string{"-c", filepath.Join(dir, "config.yaml"), "--data", filepath.Join(dir, "data")}
	for _, args := range [][]string{{"run", "shop-nightly"}, {"run", "shop-nightly", "--wait"}, {"doctor"}, {"list"}, {"config", "check"}, {"version"}} {
		if code, out, said := backupman(t, append(base, args...)...); code != 0 {
			t.Errorf("%v: status %d: %s%s", args, code, out, said)
		}
	}
	_, out, _ := backupman(t, append(base, "list")...)
	if n := strings.Count(out, "finished"); n != 3 {
		t.Errorf("%d finished backups in:\n%s", n, out)
	}
}

func TestEmptyListSaysHowToBegin(t *testing.T) {
	code, out, _ := backupman(t, "--data", filepath.Join(t.TempDir(), "d"), "-c", emptyConfig(t), "list")
	if code != 0 || !strings.Contains(out, "backupman run") {
		t.Errorf("status %d, %s", code, out)
	}
}

func emptyConfig(t *testing.T) string {
	file, _ := writeConfig(t, "# nothing yet\n")
	return file
}

func TestHelpNamesEveryCommand(t *testing.T) {
	_, out, _ := backupman(t, "--help")
	for _, command := range []string{"serve", "demo", "run", "jobs", "pause", "resume", "list", "show", "retry", "heal", "cancel", "delete", "verify", "compare", "alarms", "adopt", "drives", "trust", "user", "apikey", "secret", "audit", "claim", "doctor", "config", "health", "version", "completion"} {
		if !strings.Contains(out, fmt.Sprintf("\n  %s ", command)) {
			t.Errorf("%s is not in:\n%s", command, out)
		}
	}
}
