package cli_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// answer runs a command with --json, expects a status, and reads what it printed.
func answer(t *testing.T, into any, status int, args ...string) {
	t.Helper()
	code, out, said := backupman(t, append(args, "--json")...)
	if code != status || said != "" {
		t.Errorf("%v: status %d, want %d, and said %q", args, code, status, said)
	}
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v printed %q: %v", args, out, err)
	}
}

func TestDoctorInJSON(t *testing.T) {
	dir := t.TempDir()
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	type finding struct{ About, Sentence string }
	type findings struct{ Problems, Warnings, Notes, Passed []finding }
	var well findings
	answer(t, &well, 0, "doctor", "-c", filepath.Join(dir, "config.yaml"), "--data", filepath.Join(dir, "data"))
	if well.Problems == nil || len(well.Problems) != 0 || well.Warnings == nil || len(well.Passed) != 3 {
		t.Errorf("of the demo it finds %+v", well)
	}
	file, data := writeConfig(t, fmt.Sprintf("data_sources: [{provider: sqlite, label: gone, db_path: /no/such/file.db, port: 3306}]\ndrives: [{provider: local, label: here, folder: %q}]\nnotifiers: {webhook: {enabled: true, endpoints: [{url: \"https://example.com\"}]}}\n", t.TempDir()))
	var ill findings
	answer(t, &ill, 1, "doctor", "-c", file, "--data", data)
	if len(ill.Problems) != 1 || ill.Problems[0].About != `data source "gone" (sqlite)` || !strings.Contains(ill.Problems[0].Sentence, "/no/such/file.db") {
		t.Errorf("the problems are %+v", ill.Problems)
	}
	if len(ill.Notes) != 1 || ill.Notes[0].About != "the configuration" {
		t.Errorf("the notes are %+v", ill.Notes)
	}
	if last := ill.Passed[len(ill.Passed)-1]; last.About != `notifier "webhook" (webhook)` {
		t.Errorf("of the notifier it finds %+v", ill.Passed)
	}
	if len(well.Warnings) == 0 || well.Warnings[len(well.Warnings)-1].About != "notifiers" {
		t.Errorf("that nobody is told is no warning: %+v", well.Warnings)
	}
}

func TestConfigCheckInJSON(t *testing.T) {
	file, _ := writeConfig(t, "data_sources: [{provider: sqlite, label: a, db_path: /a.db, port: 3306}]\ndrives: [{provider: local, label: b, folder: /b}]\nnotifiers: {webhook: {enabled: true, endpoints: [{url: \"https://example.com\"}]}}\n")
	type summary struct {
		File                             *string
		Notes                            []string
		Sources, Drives, Jobs, Notifiers int
	}
	var good summary
	answer(t, &good, 0, "config", "check", "-c", file)
	if *good.File != file || len(good.Notes) != 1 || good.Sources != 1 || good.Drives != 1 || good.Jobs != 1 || good.Notifiers != 1 {
		t.Errorf("got %+v", good)
	}
	t.Chdir(t.TempDir())
	var none summary
	answer(t, &none, 0, "config", "check")
	if none.File != nil || none.Notes == nil || none.Sources != 0 {
		t.Errorf("without a file: %+v", none)
	}
	bad, _ := writeConfig(t, "data_sources:\n  - {provider: oracle, label: a}\n  - {provider: sqlite, label: b, db_pth: /x}\n")
	var wrong struct {
		Errors []struct {
			File     string
			Line     int
			Sentence string
		}
	}
	answer(t, &wrong, 1, "config", "check", "-c", bad)
	if len(wrong.Errors) != 3 || wrong.Errors[0].File != bad || wrong.Errors[0].Line != 2 || !strings.Contains(wrong.Errors[0].Sentence, "oracle") {
		t.Errorf("the mistakes are %+v", wrong.Errors)
	}
}
