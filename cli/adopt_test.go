package cli_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type adoptAnswer struct {
	DriveID         string `json:"DriveId"`
	Backups, Copies int
	Files           []struct {
		Key                       string
		BackupID                  *string `json:"BackupId"`
		New, FromManifest, Sealed bool
		Problem                   string
	}
}

type listAnswer struct {
	Results []struct {
		ID, Status, Label    string
		DumpPath             *string
		CreatedAt, UpdatedAt *string
		DriveFiles           []struct {
			ID, BackupID, Provider, Label, Status string
			Path, CreatedAt, UpdatedAt            *string
		}
	}
}

// lose removes everything that an installation remembers.
func lose(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
}

func TestAdoptBringsALostInstallationBack(t *testing.T) {
	base, dir := newDemo(t)
	if code, out, said := backupman(t, append(base, "run", "shop-hourly", "--wait")...); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	var before, after listAnswer
	answer(t, &before, 0, append(base, "list")...)
	lose(t, dir)
	code, out, said := backupman(t, append(base, "adopt", "backups")...)
	if code != 0 || said != "" || strings.Count(out, "adopted      shop-hourly/shop-hourly-") != 2 || !strings.Contains(out, "new: 2 backups, 2 copies; known before: 0 copies\nNone of the new ones is proven") {
		t.Fatalf("adopt: status %d, %q, said %q", code, out, said)
	}
	answer(t, &after, 0, append(base, "list")...)
	if len(after.Results) != 2 {
		t.Fatalf("the list is %+v", after)
	}
	for i, was := range before.Results {
		is := after.Results[i]
		if is.ID != was.ID || is.Label != was.Label || is.Status != "finished" || *is.CreatedAt != *was.CreatedAt || *is.DumpPath != *was.DumpPath ||
			len(is.DriveFiles) != 1 || *is.DriveFiles[0].Path != *was.DriveFiles[0].Path {
			t.Errorf("adopted as %+v, and was %+v", is, was)
		}
	}
	for _, args := range [][]string{{"verify", "latest"}, {"show", "latest"}, {"run", "shop-hourly", "--wait"}, {"adopt", "backups"}, {"adopt", "backups", "--read-all"}} {
		if code, out, said := backupman(t, append(base, args...)...); code != 0 || said != "" {
			t.Errorf("%v: status %d, %q, said %q", args, code, out, said)
		}
	}
	var again adoptAnswer
	answer(t, &again, 0, append(base, "adopt", "backups")...)
	if again.Backups+again.Copies != 0 || len(again.Files) != 3 || again.DriveID == "" {
		t.Errorf("once more: %+v", again)
	}
	for _, f := range again.Files {
		if f.New || !f.FromManifest || f.BackupID == nil || f.Problem != "" {
			t.Errorf("once more: %+v", f)
		}
	}
}

func TestAdoptTellsWhatItLeavesOut(t *testing.T) {
	base, dir := newDemo(t)
	damaged := onlyFile(t, filepath.Join(dir, "backups"))
	if err := os.Truncate(damaged, 100); err != nil {
		t.Fatal(err)
	}
	lose(t, dir)
	code, out, said := backupman(t, append(base, "adopt", "backups")...)
	if code != 1 || said != "" || !strings.Contains(out, "NOT ADOPTED  shop-hourly/"+filepath.Base(damaged)+": it is 100 bytes long") || !strings.Contains(out, "; left out: 1 files") {
		t.Errorf("status %d, %q, said %q", code, out, said)
	}
	var told adoptAnswer
	answer(t, &told, 1, append(base, "adopt", "backups")...)
	if len(told.Files) != 1 || told.Files[0].BackupID != nil || !strings.Contains(told.Files[0].Problem, "100 bytes") {
		t.Errorf("in JSON: %+v", told)
	}
}

func TestAdoptNamesTheThing(t *testing.T) {
	base, dir := newDemo(t)
	if code, _, said := backupman(t, append(base, "adopt", "nas")...); code != 1 || !strings.Contains(said, `there is no drive "nas": there are "backups"`) {
		t.Errorf("an unknown drive: status %d, %q", code, said)
	}
	if err := os.RemoveAll(filepath.Join(dir, "backups")); err != nil {
		t.Fatal(err)
	}
	lose(t, dir)
	if code, out, said := backupman(t, append(base, "adopt", "backups")...); code != 1 || out != "" || !strings.Contains(said, `nothing on the drive "backups" looks like a backup`) {
		t.Errorf("an empty drive: status %d, %q, %q", code, out, said)
	}
}

// A file's name may hold what a terminal carries out.
func TestAdoptShowsNamesAsTheyAre(t *testing.T) {
	base, dir := newDemo(t)
	folder := filepath.Join(dir, "backups", "a\x1b[2Jb")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(onlyFile(t, filepath.Join(dir, "backups")), filepath.Join(folder, "shop-20250702100000-0197c9a45b1e.sqlite.zst")); err != nil {
		t.Fatal(err)
	}
	_, out, said := backupman(t, append(base, "adopt", "backups")...)
	if strings.Contains(out+said, "\x1b") || !strings.Contains(out, `"a\x1b[2Jb/shop-`) {
		t.Errorf("got %q, %q", out, said)
	}
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 3 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "the file that it describes is not there") }) {
		t.Errorf("got %q", out)
	}
}
