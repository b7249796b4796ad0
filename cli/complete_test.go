package cli_test

import (
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
	} {
		code, out, _ := backupman(t, append([]string{"__complete", "-c", file, "--data", data}, words...)...)
		offered, _, _ := strings.Cut(out, ":")
		if got := strings.Join(strings.Fields(offered), " "); code != 0 || got != want {
			t.Errorf("%v: status %d, offers %q, want %q", words, code, got, want)
		}
	}
}
