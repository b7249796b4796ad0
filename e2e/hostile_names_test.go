package e2e

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

// hostileLabels are what a person may call a source, a drive or a job, and what means
// something else to a program, a shell or a file system. A name that is carried out makes
// the file.
func hostileLabels(file string) []string {
	return []string{"--result-file=" + file, "-rf", "../../../escaped", "/" + strings.Repeat("../", 9) + file, "; $(touch " + file + ") | sh", "'\"\\`touch " + file + "`",
		"%2e%2e/%2e%2e/x", ".hidden", ":local:" + file}
}

// TestHostileNames runs backups, restores and an adoption whose every name is one that
// somebody else could have chosen. A recorder in place of rclone sees only its own options,
// and each name as one argument; and no file is made outside of the drives and the data.
func TestHostileNames(t *testing.T) {
	base := t.TempDir()
	owned := "/tmp/owned-" + models.ShortID(models.NewID())
	rclone, calls := recordRclone(t, servers.Rclone(t))
	database := filepath.Join(base, "source", "shop.sqlite")
	if err := os.MkdirAll(filepath.Dir(database), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (n int); INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	copies, cloud := filepath.Join(base, "copies"), filepath.Join(base, "cloud")
	remotes := filepath.Join(base, "source", "rclone.conf")
	if err := os.WriteFile(remotes, []byte("[cloud]\ntype = alias\nremote = "+cloud+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	labels := hostileLabels(owned)
	var text strings.Builder
	text.WriteString("data_sources:\n")
	for _, label := range labels {
		fmt.Fprintf(&text, "  - {provider: sqlite, label: %q, db_path: %q}\n", label, database)
	}
	fmt.Fprintf(&text, "drives:\n  - {provider: local, label: %q, folder: %q}\n", labels[2], copies)
	fmt.Fprintf(&text, "  - {provider: rclone, label: %q, remote: \"cloud:--x/$(id)\", config_file: %q, rclone_path: %q}\njobs:\n", labels[0], remotes, rclone)
	for _, label := range labels {
		fmt.Fprintf(&text, "  - {label: %q, data_source: %q}\n", label, label)
	}
	before := entries(t, ".")
	i := &installation{t: t, dir: filepath.Join(base, "installation"), drives: []string{copies}}
	if err := os.MkdirAll(i.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	i.config = program.WriteConfig(t, i.dir, text.String())
	for _, label := range labels {
		if r := i.run("run", "--wait", "--", label); r.Code != 0 {
			t.Errorf("the job %q ended with %d: %s%s", label, r.Code, r.Out, r.Err)
		}
	}
	refuseHostileTargets(t, i, labels)
	again := &installation{t: t, dir: filepath.Join(base, "again"), drives: i.drives, config: i.config}
	if r := again.run("adopt", "--", labels[2]); r.Code != 0 || strings.Contains(r.Out, "no backups") {
		t.Errorf("adopt ended with %d: %s%s", r.Code, r.Out, r.Err)
	}
	wantRcloneCalls(t, calls)
	wantOnlyCopies(t, base, labels)
	if found, _ := filepath.Glob(owned + "*"); len(found) > 0 {
		t.Errorf("a name made %v", found)
	}
	if after := entries(t, "."); !slices.Equal(before, after) {
		t.Errorf("the working folder holds %v", after)
	}
}

// refuseHostileTargets restores to places that are none.
func refuseHostileTargets(t *testing.T, i *installation, labels []string) {
	t.Helper()
	for _, name := range []string{"../../escaped", "/tmp/escaped", ".hidden", "a\x01b", "..", `..\x`} {
		to := labels[1] + "/" + name
		for _, rest := range []string{"--plan", "--yes=" + filepath.Base(name)} {
			if r := i.run("restore", "latest", "--to="+to, rest); r.Code == 0 || !strings.Contains(r.Err, "is no name for a file") {
				t.Errorf("restored to %q: %s%s", to, r.Out, r.Err)
			}
		}
	}
}

// recordRclone puts a recorder in place of rclone, which is rclone after that.
func recordRclone(t *testing.T, program string) (path, calls string) {
	t.Helper()
	path, calls = filepath.Join(t.TempDir(), "rclone"), t.TempDir()
	script := "#!/bin/sh\ncall=$(mktemp '" + calls + "/XXXXXXXX')\nprintf '%s\\0' \"$@\" > \"$call\"\nexec '" + program + "' \"$@\"\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return path, calls
}

func wantRcloneCalls(t *testing.T, folder string) {
	t.Helper()
	commands := map[string]bool{}
	for _, file := range entries(t, folder) {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
		commands[args[0]] = true
		end := slices.Index(args, "--")
		if end < 0 {
			if args[0] != "version" {
				t.Errorf("rclone was called with %q, without the end of its options", args)
			}
			continue
		}
		for _, name := range args[end+1:] {
			if !strings.HasPrefix(name, "cloud:--x/$(id)") || strings.Contains(name, "..") {
				t.Errorf("rclone was called with %q", args)
			}
		}
	}
	if !commands["lsjson"] || len(commands) < 3 {
		t.Errorf("rclone was called for %v", commands)
	}
}

// wantOnlyCopies wants every file below a folder to be the database, an installation's own
// or a copy of a job.
func wantOnlyCopies(t *testing.T, base string, labels []string) {
	t.Helper()
	counted := map[string]int{}
	err := filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(base, path)
		parts := strings.Split(name, "/")
		switch {
		case slices.Contains([]string{"source", "installation", "again"}, parts[0]):
		case name == "copies/.backupman-drive":
		case parts[0] == "copies" && len(parts) == 3:
			counted[parts[1]]++
		case strings.HasPrefix(name, "cloud/--x/$(id)/") && len(parts) == 5:
			counted[parts[3]]++
		default:
			t.Errorf("there is a file %s", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range labels {
		if counted[archive.Folder(label)] < 4 {
			t.Errorf("the job %q has %d files in folders %s", label, counted[archive.Folder(label)], archive.Folder(label))
		}
	}
	for _, folder := range []string{"source", "installation", "again"} {
		if got := entries(t, filepath.Join(base, folder)); len(got) > 2 {
			t.Errorf("%s holds %v", folder, got)
		}
	}
}

func entries(t *testing.T, folder string) (names []string) {
	t.Helper()
	found, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}
