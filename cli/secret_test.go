package cli_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestSecretsAtTheCommandLine(t *testing.T) {
	i := newInstallation(t, "")
	i.run(t, 0, "secret", "set", "db/shop", "--file", i.file(t, "TOPSECRET\n"))
	out := i.run(t, 0, "secret", "list")
	if !regexp.MustCompile(`db/shop +20`).MatchString(out) || strings.Contains(out, "TOPSECRET") {
		t.Errorf("the list is\n%s", out)
	}
	raw, err := os.ReadFile(filepath.Join(i.data, "backupman.db"))
	if err != nil || strings.Contains(string(raw), "TOPSECRET") {
		t.Errorf("the metadata database shows the secret, or %v", err)
	}
	before, err := os.ReadFile(filepath.Join(i.data, "secrets.key"))
	if err != nil {
		t.Fatal(err)
	}
	if out := i.run(t, 0, "secret", "rotate"); !strings.Contains(out, "1 text sealed") || !strings.Contains(out, "1 old key removed") {
		t.Errorf("rotating says %s", out)
	}
	if after, err := os.ReadFile(filepath.Join(i.data, "secrets.key")); err != nil || string(after) == string(before) {
		t.Errorf("the key is the same, %v", err)
	}
	var rotated struct {
		Key               string
		Made              bool
		Resealed, Dropped int
	}
	answer(t, &rotated, 0, append(i.base, "secret", "rotate")...)
	if !rotated.Made || rotated.Resealed != 1 || rotated.Dropped != 1 || rotated.Key == "" {
		t.Errorf("rotating again did %+v", rotated)
	}
	i.run(t, 0, "secret", "remove", "db/shop")
	if out := i.run(t, 0, "secret", "list"); !strings.Contains(out, "backupman secret set") {
		t.Errorf("the empty list is %s", out)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no such secret": {[]string{"secret", "remove", "db/shop"}, "no stored secret db/shop"},
		"a wrong name":   {[]string{"secret", "set", "a b", "--file", i.file(t, "x")}, "can't name a secret"},
		"an empty one":   {[]string{"secret", "set", "a", "--file", i.file(t, "\n")}, "is empty"},
	} {
		if out := i.run(t, 1, c.args...); !strings.Contains(out, c.says) {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// A drive that takes its password from a stored secret tells when there is none, and takes
// the one that is there.
func TestADriveTakesAStoredSecret(t *testing.T) {
	i := newInstallation(t, "")
	file, data := writeConfig(t, fmt.Sprintf("data_sources: [{provider: sqlite, label: shop, db_path: %q}]\ndrives: [{provider: webdav, label: cloud, url: 'http://127.0.0.1:1/', user: u, password: '${secret:cloud}'}]\n", filepath.Join(i.dir, "shop.db")))
	i.base = []string{"-c", file, "--data", data}
	if out := i.run(t, 1, "drives", "check"); !strings.Contains(out, `the drive "cloud" takes its password from the stored secret cloud, and there is none of that name`) {
		t.Errorf("without the secret: %s", out)
	}
	if out := i.run(t, 0, "secret", "list"); !regexp.MustCompile(`cloud +MISSING +- +drive cloud: password`).MatchString(out) {
		t.Errorf("the list is\n%s", out)
	}
	i.run(t, 0, "secret", "set", "cloud", "--file", i.file(t, "TOPSECRET"))
	if out := i.run(t, 1, "drives", "check"); strings.Contains(out, "stored secret") || strings.Contains(out, "TOPSECRET") {
		t.Errorf("with the secret: %s", out)
	}
	if out := i.run(t, 1, "secret", "remove", "cloud"); !strings.Contains(out, "drive cloud: password") {
		t.Errorf("removing one that is used: %s", out)
	}
	if err := os.WriteFile(filepath.Join(data, "secrets.key"), []byte("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := i.run(t, 1, "drives", "check"); !strings.Contains(out, "sealed with another key") || !strings.Contains(out, "secrets.key") {
		t.Errorf("with another key: %s", out)
	}
}

type entryAnswer struct {
	Kind, Actor, Action, Subject, Outcome, Detail, Agent string
}

func TestCommandsAreInTheAuditLog(t *testing.T) {
	i := newInstallation(t, "")
	i.run(t, 1, "run", "shop", "--wait")
	i.run(t, 1, "run", "nobody")
	i.run(t, 1, "retry", "latest", "--wait")
	i.run(t, 0, "pause", "shop")
	i.run(t, 0, "resume", "shop")
	i.run(t, 0, "secret", "set", "a", "--file", i.file(t, "TOPSECRET"))
	i.run(t, 0, "user", "add", "bob", "--role", "viewer")
	i.run(t, 1, "user", "role", "eve", "viewer")
	i.run(t, 0, "list")
	lines := i.run(t, 0, "audit", "--jsonl")
	var got []string
	for line := range strings.Lines(lines) {
		var e entryAnswer
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Kind != "command" || e.Actor == "" || !strings.HasPrefix(e.Agent, "backupman") {
			t.Errorf("an entry is of %+v", e)
		}
		got = append(got, e.Action+", "+e.Subject+", "+e.Outcome)
	}
	want := []string{"user.role, user eve, refused", "user.add, user bob, done", "secret.set, secret a, done", "job.resume, job shop, done", "job.pause, job shop, done",
		"backup.retry, backup of shop, failed", "backup.start, job nobody, refused", "backup.start, job shop, failed"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(lines, "TOPSECRET") {
		t.Error("the log has a secret")
	}
	if out := i.run(t, 0, "audit", "--action", "user", "--outcome", "refused"); strings.Count(out, "\n") != 2 || !strings.Contains(out, "no account eve") {
		t.Errorf("narrowed to\n%s", out)
	}
	rows, err := csv.NewReader(strings.NewReader(i.run(t, 0, "audit", "--csv", "--limit", "2"))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Errorf("the table has %d rows, %v", len(rows), err)
	}
	var list struct {
		Results []json.RawMessage
		After   *string
	}
	answer(t, &list, 0, append(i.base, "audit", "--since", "1h", "--action", "job")...)
	if len(list.Results) != 2 {
		t.Errorf("in JSON there are %d", len(list.Results))
	}
	if out := i.run(t, 0, "audit", "--until", "2001-01-01"); !strings.Contains(out, "no such entry") {
		t.Errorf("before there was any: %s", out)
	}
	for _, args := range [][]string{{"--outcome", "good"}, {"--since", "lately"}, {"--limit", "-1"}, {"--csv", "--jsonl"}} {
		i.run(t, 1, append([]string{"audit"}, args...)...)
	}
}
