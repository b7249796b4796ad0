package cli_test

import (
	"os"
	"strings"
	"testing"
)

func TestLabelsAreCompleted(t *testing.T) {
	file, data := writeConfig(t, `data_sources: [{provider: sqlite, label: shop, db_path: shop.db}]
drives: [{provider: local, label: nas, folder: nas}, {provider: sftp, label: colo, host: h, user: u, folder: f}]
jobs: [{label: nightly, data_source: shop, drives: [nas]}]
`)
	for want, words := range map[string][]string{
		"nas colo": {"drives", "check", ""},
		"colo":     {"trust", ""},
		"nightly":  {"run", ""},
		"":         {"trust", "colo", ""},

		"original file: shop": {"restore", "latest", "--to", ""},
		"temporary shop":      {"drill", "latest", "--scratch", ""},

		"owner operator viewer":     {"user", "add", "ada", "--role", ""},
		"read run restore admin":    {"apikey", "create", "ci", "--scope", ""},
		"begun done refused failed": {"audit", "--outcome", ""},
	} {
		code, out, _ := backupman(t, append([]string{"__complete", "-c", file, "--data", data}, words...)...)
		offered, _, _ := strings.Cut("\n"+out, "\n:")
		if got := strings.Join(strings.Fields(offered), " "); code != 0 || got != want {
			t.Errorf("%v: status %d, offers %q, want %q", words, code, got, want)
		}
	}
}

func TestIDsAreCompleted(t *testing.T) {
	base, _ := newDemo(t)
	var list listAnswer
	answer(t, &list, 0, append(base, "list")...)
	id := list.Results[0].ID
	for _, words := range [][]string{{"show", ""}, {"drill", ""}, {"restore", ""}, {"verify", ""}, {"compare", id, ""}} {
		code, out, said := backupman(t, append([]string{"__complete"}, append(base, words...)...)...)
		if code != 0 || !strings.Contains(out, id+"\tshop-hourly, finished") || !strings.Contains(out, "latest\t") {
			t.Errorf("%v: status %d, offers %q, %q", words, code, out, said)
		}
	}
	if _, out, _ := backupman(t, append([]string{"__complete"}, append(base, "alarms", "seen", "")...)...); !strings.HasPrefix(out, "all\t") {
		t.Errorf("alarms seen is offered %q", out)
	}
}

func TestNamesAreCompleted(t *testing.T) {
	i := newInstallation(t, "")
	i.run(t, 0, "user", "add", "ada", "--role", "viewer")
	i.run(t, 0, "apikey", "create", "ci", "--scope", "read")
	i.run(t, 0, "secret", "set", "s3", "--file", i.file(t, "TOPSECRET"))
	for want, words := range map[string][]string{
		"ada\tviewer\n":             {"user", "password", ""},
		"owner\noperator\nviewer\n": {"user", "role", "ada", ""},
		"ci\tread\n":                {"apikey", "remove", ""},
		"s3\n":                      {"secret", "set", ""},
	} {
		code, out, _ := backupman(t, append([]string{"__complete"}, append(i.base, words...)...)...)
		if code != 0 || !strings.HasPrefix(out, want+":") {
			t.Errorf("%v: status %d, offers %q, want %q", words, code, out, want)
		}
	}
}

// Asking for words must not make a data folder wherever somebody presses a key.
func TestNothingIsMadeToComplete(t *testing.T) {
	file, data := writeConfig(t, "# nothing yet\n")
	code, out, _ := backupman(t, "__complete", "-c", file, "--data", data, "drill", "")
	if _, err := os.Stat(data); code != 0 || err == nil || !strings.HasPrefix(out, ":4") {
		t.Errorf("status %d, offers %q, the data folder: %v", code, out, err)
	}
}
