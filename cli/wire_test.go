package cli_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCommandsRemoveNothingThatAServerPlanned runs every command beside the
// metadata of another configuration, and with none.
func TestCommandsRemoveNothingThatAServerPlanned(t *testing.T) {
	dir := t.TempDir()
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	data := filepath.Join(dir, "data")
	other, _ := writeConfig(t, fmt.Sprintf("data_sources: [{provider: sqlite, label: other, db_path: %q}]\ndrives: [{provider: local, label: elsewhere, folder: %q}]\n",
		filepath.Join(dir, "shop.db"), t.TempDir()))
	planned := []string{"shop-hourly", "shop-nightly"}
	for _, file := range []string{other, ""} {
		for _, command := range [][]string{{"list"}, {"show", "latest"}, {"doctor"}, {"retry", "latest"}, {"run", "shop-hourly"}} {
			t.Run(strings.Join(append(command, "with", filepath.Base(file)), " "), func(t *testing.T) {
				t.Chdir(t.TempDir()) // no config.yaml is found here
				args := []string{"--data", data}
				if file != "" {
					args = append(args, "-c", file)
				}
				backupman(t, append(args, command...)...)
				present := jobsPresent(t, data)
				for _, label := range planned {
					if !slices.Contains(present, label) {
						t.Errorf("%s is no longer scheduled, only %v", label, present)
					}
				}
				if looks := command[0] == "list" || command[0] == "show"; looks && slices.Contains(present, "other") && file == other {
					t.Error("a command that only looks wrote its own plan")
				}
			})
		}
	}
}

// jobsPresent are the labels that a server finds in the metadata to schedule.
func jobsPresent(t *testing.T, data string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "backupman.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT label FROM jobs WHERE removed_at IS NULL")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var labels []string
	for rows.Next() {
		var label string
		if err := rows.Scan(&label); err != nil {
			t.Fatal(err)
		}
		labels = append(labels, label)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return labels
}
