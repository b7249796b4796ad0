package cli_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/store"
)

// newDemo makes the demo's first backup; it returns the flags that lead to it and its folder.
func newDemo(t *testing.T) (base []string, dir string) {
	t.Helper()
	dir = t.TempDir()
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	return []string{"-c", filepath.Join(dir, "config.yaml"), "--data", filepath.Join(dir, "data")}, dir
}

// change runs a statement on the metadata.
func change(t *testing.T, dir, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "data", "backupman.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatal(err)
	}
}

type driveAnswer struct {
	Results []struct {
		ID                   string `json:"Id"`
		Label, Provider      string
		CheckedAt, GoodAt    *string
		Error                string
		NeedsSignIn          bool
		Free, Total          *int64
		Copies, FailedCopies int64
		Bytes                int64
	}
}

func TestDrivesAreListedAndChecked(t *testing.T) {
	base, dir := newDemo(t)
	code, out, said := backupman(t, append(base, "drives")...)
	if code != 0 || said != "" || !strings.Contains(out, "not checked yet") || !strings.Contains(out, filepath.Join(dir, "backups")) {
		t.Errorf("before a check: status %d, %q, said %q", code, out, said)
	}
	if code, out, _ := backupman(t, append(base, "drives", "check")...); code != 0 || !strings.Contains(out, "backups works: writes, reads back and deletes; ") {
		t.Errorf("check: status %d, %q", code, out)
	}
	var told driveAnswer
	answer(t, &told, 0, append(base, "drives")...)
	if len(told.Results) != 1 || told.Results[0].Label != "backups" || told.Results[0].GoodAt == nil || told.Results[0].Free == nil || told.Results[0].Copies != 1 || told.Results[0].Bytes <= 0 {
		t.Errorf("after a check: %+v", told)
	}
}

func TestADriveThatDoesNotPassEndsWithStatus1(t *testing.T) {
	_, dir := newDemo(t)
	file, data := writeConfig(t, fmt.Sprintf("data_sources: [{provider: sqlite, label: shop, db_path: %q}]\ndrives: [{provider: local, label: nas, folder: %q, create: false}]\n",
		filepath.Join(dir, "shop.db"), filepath.Join(dir, "not-mounted")))
	base := []string{"-c", file, "--data", data}
	code, out, said := backupman(t, append(base, "drives", "check", "nas")...)
	if code != 1 || !strings.Contains(out, "nas FAILED: ") || !strings.Contains(out, "mount what belongs there") || said != "" {
		t.Errorf("check: status %d, %q, said %q", code, out, said)
	}
	var told driveAnswer
	answer(t, &told, 1, append(base, "drives", "check")...)
	if len(told.Results) != 1 || told.Results[0].Error == "" || told.Results[0].Free != nil {
		t.Errorf("in JSON: %+v", told)
	}
	if code, out, _ := backupman(t, append(base, "drives")...); code != 0 || !strings.Contains(out, "failed") || !strings.Contains(out, "\nnas: ") {
		t.Errorf("list: status %d, %q", code, out)
	}
	words := strings.TrimSpace(strings.TrimPrefix(out, "nas FAILED: "))
	if code, out, _ := backupman(t, append(base, "doctor")...); code != 1 || !strings.Contains(out, "PROBLEM  "+words+"\n") {
		t.Errorf("doctor: status %d, %q, and the check said %q", code, out, words)
	}
}

func TestDrivesThatWantASignInSaySo(t *testing.T) {
	base, dir := googleAndFolder(t)
	if code, out, said := backupman(t, append(base, "drives", "check")...); code != 1 || said != "" || strings.Count(out, "FAILED") != 2 {
		t.Fatalf("check: status %d, %q, %q", code, out, said)
	}
	state := func(label string) string {
		t.Helper()
		_, out, _ := backupman(t, append(base, "drives")...)
		for line := range strings.Lines(out) {
			if rest, ok := strings.CutPrefix(line, label+" "); ok {
				return strings.Join(strings.Fields(rest)[1:4], " ")
			}
		}
		t.Fatalf("no drive %s in %q", label, out)
		return ""
	}
	if got := state("mine"); !strings.HasPrefix(got, "sign in 20") {
		t.Errorf("nobody has signed in, and it says %q", got)
	}
	change(t, dir, `UPDATE drive_checks SET good_at = checked_at, needs_sign_in = TRUE`)
	if got := state("mine"); got != "sign in again" {
		t.Errorf("the sign-in has ended, and it says %q", got)
	}
	if got := state("away"); !strings.HasPrefix(got, "failed ") {
		t.Errorf("nobody signs in to a folder, and it says %q", got)
	}
	var told driveAnswer
	answer(t, &told, 0, append(base, "drives")...)
	if told.Results[0].Label != "away" || told.Results[0].NeedsSignIn || !told.Results[1].NeedsSignIn {
		t.Errorf("in JSON: %+v", told)
	}
}

// googleAndFolder configures a Google Drive that nobody has signed in to, and a folder
// that is not there; it returns the flags that lead to them and their folder.
func googleAndFolder(t *testing.T) (base []string, dir string) {
	t.Helper()
	dir = t.TempDir()
	client := filepath.Join(dir, "client.json")
	if err := os.WriteFile(client, []byte(`{"installed":{"client_id":"a","client_secret":"b","auth_uri":"http://127.0.0.1:9/auth","token_uri":"http://127.0.0.1:9/token","redirect_uris":["http://localhost"]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("drives: [{provider: google_drive, label: mine, folder: b, client_secret_file: %q, token_file: %q}, {provider: local, label: away, folder: %q, create: false}]\n",
		client, filepath.Join(dir, "token.json"), filepath.Join(dir, "not-mounted"))
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"-c", file, "--data", filepath.Join(dir, "data")}, dir
}

func TestDrivesNameTheThing(t *testing.T) {
	base, _ := newDemo(t)
	if code, _, said := backupman(t, append(base, "drives", "check", "nas")...); code != 1 || !strings.Contains(said, `there is no drive "nas": there are "backups"`) {
		t.Errorf("an unknown drive: status %d, %q", code, said)
	}
	if code, _, said := backupman(t, append(base, "trust", "backups")...); code != 1 || !strings.Contains(said, `the drive "backups" has no server whose key`) {
		t.Errorf("a drive without a key: status %d, %q", code, said)
	}
	if code, _, said := backupman(t, append(base, "trust", "nas")...); code != 1 || !strings.Contains(said, "nas") {
		t.Errorf("trust of an unknown drive: status %d, %q", code, said)
	}
	none := []string{"-c", emptyConfig(t), "--data", filepath.Join(t.TempDir(), "d")}
	if code, out, _ := backupman(t, append(none, "drives")...); code != 0 || !strings.Contains(out, "No drive is configured") {
		t.Errorf("no drives: status %d, %q", code, out)
	}
	if code, _, said := backupman(t, append(none, "drives", "check")...); code != 1 || !strings.Contains(said, "no drive is configured") {
		t.Errorf("a check of none: status %d, %q", code, said)
	}
}

// twoDrives makes one backup on two drives; it returns their folders.
func twoDrives(t *testing.T) (base []string, first, second string) {
	t.Helper()
	_, dir := newDemo(t)
	first, second = t.TempDir(), t.TempDir()
	file, data := writeConfig(t, fmt.Sprintf("data_sources: [{provider: sqlite, label: shop, db_path: %q}]\ndrives: [{provider: local, label: one, folder: %q}, {provider: local, label: two, folder: %q}]\n",
		filepath.Join(dir, "shop.db"), first, second))
	base = []string{"-c", file, "--data", data}
	if code, out, said := backupman(t, append(base, "run", "shop", "--wait")...); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	return base, first, second
}

// onlyFile is the one dump in a drive's folder.
func onlyFile(t *testing.T, folder string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*", "*.zst"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d copies in %s: %v", len(found), folder, err)
	}
	return found[0]
}

func TestShowNamesTheDriveOfEachCopy(t *testing.T) {
	base, first, second := twoDrives(t)
	code, out, said := backupman(t, append(base, "show", "latest")...)
	if code != 0 || !strings.Contains(out, "copy:     one, finished: "+onlyFile(t, first)) || !strings.Contains(out, "copy:     two, finished: "+onlyFile(t, second)) {
		t.Errorf("status %d, %q, %q", code, out, said)
	}
}

func TestShowTellsOfACopyThatCouldNotBeRead(t *testing.T) {
	base, _, _ := twoDrives(t)
	tell := func(want bool) {
		t.Helper()
		code, out, said := backupman(t, append(base, "show", "latest")...)
		told := strings.Contains(out, "could not be read since 2026-07-02T10:00:00Z (readings that failed: 1), though the drive works: input/output error\n")
		if code != 0 || told != want || strings.Contains(out, "could not") != want {
			t.Errorf("status %d, %q, %q", code, out, said)
		}
	}
	tell(false)
	s, err := store.Open(t.Context(), store.Config{Provider: store.ProviderSQLite, Path: filepath.Join(base[3], "backupman.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Backups(t.Context(), models.BackupFilter{}, models.Cursor{}, 1)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d backups, %v", len(found), err)
	}
	err = s.UnreadCopy(t.Context(), found[0].DriveFiles[0].ID, time.Date(2026, 7, 2, 10, 0, 0, 0, time.UTC), "input/output error")
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	tell(true)
	if code, out, said := backupman(t, append(base, "verify", "latest")...); code != 0 {
		t.Errorf("verify: status %d, %q, %q", code, out, said)
	}
	tell(false)
}
