package adopt_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/source"
)

// undescribed is two drives with the same two backups and no manifest, and an
// installation that knows nothing.
func undescribed(t *testing.T) (before, after *installation, first, second string) {
	t.Helper()
	db := shop(t)
	fill(t, db, "INSERT INTO orders (total) VALUES (1), (20)")
	first, second = t.TempDir(), t.TempDir()
	before = install(t, planOf(db, first, second))
	before.run(t)
	fill(t, db, "INSERT INTO orders (total) VALUES (3)")
	before.run(t)
	for _, folder := range []string{first, second} {
		for _, dump := range dumps(t, folder) {
			remove(t, dump+".json")
		}
	}
	return before, install(t, planOf(db, first, second)), first, second
}

func TestFilesWithoutManifestsAreRead(t *testing.T) {
	before, after, first, _ := undescribed(t)
	report := after.take(t, "drive 1")
	if report.Backups != 2 || report.Copies != 2 || len(problems(report)) != 0 || report.Files[0].FromManifest || !report.Files[0].New {
		t.Fatalf("the first drive: %+v", report)
	}
	if report := after.take(t, "drive 2"); report.Backups != 0 || report.Copies != 2 || len(problems(report)) != 0 {
		t.Fatalf("the second drive: %+v", report)
	}
	want, got := byFile(before.list(t)), byFile(after.list(t))
	if len(got) != 2 {
		t.Fatalf("got %+v", got)
	}
	for name, w := range want {
		g := got[name]
		if g.ID == w.ID || models.CheckID(g.ID) != nil || models.ShortID(g.ID) != models.ShortID(w.ID) || g.Label != "shop nightly" || !strings.Contains(g.Warnings, "without a manifest") ||
			g.SHA256 != w.SHA256 || g.CRC64 != w.CRC64 || g.Size != w.Size || g.RawSize != w.RawSize || w.CreatedAt.Sub(g.CreatedAt) >= 1e9 || len(g.DriveFiles) != 2 || g.ProvenAt != nil {
			t.Errorf("got %+v\nfrom %+v", g, w)
		}
		was, _ := before.store.Manifest(t.Context(), w.ID)
		is, err := after.store.Manifest(t.Context(), g.ID)
		if err != nil || is.Inventory.Rows() != was.Inventory.Rows() || len(is.Inventory.Objects) != len(was.Inventory.Objects) || is.Provider != "sqlite" || is.Inventory.Database != "" {
			t.Errorf("the manifest is %+v, %v", is, err)
		}
	}
	oldest := filepath.Base(dumps(t, first)[0])
	after.drill(t, got[oldest].ID)
	after.verify(t, 4) // which writes the manifests that are missing
	if described := manifestOf(t, dumps(t, first)[0]); described.BackupID != got[oldest].ID {
		t.Errorf("the new manifest is %+v", described)
	}
	third := install(t, planOf("/gone", first))
	if report := third.take(t, "drive 1"); report.Backups != 2 || !report.Files[0].FromManifest || len(problems(report)) != 0 {
		t.Errorf("from the new manifests: %+v", report)
	}
	for name, b := range byFile(third.list(t)) {
		if b.ID != got[name].ID || b.Warnings != got[name].Warnings {
			t.Errorf("from the new manifests: %+v", b)
		}
	}
}

// byFile orders backups by the names of their files: without manifests those of one
// second have no other order.
func byFile(all []models.Backup) map[string]models.Backup {
	named := map[string]models.Backup{}
	for _, b := range all {
		named[b.FileName] = b
	}
	return named
}

// The manifest may be lost on one drive only, whichever is adopted first.
func TestACopyWithAManifestAndOneWithout(t *testing.T) {
	for _, order := range [][]string{{"drive 1", "drive 2"}, {"drive 2", "drive 1"}} {
		t.Run(order[0], func(t *testing.T) {
			db, first, second := shop(t), t.TempDir(), t.TempDir()
			b := install(t, planOf(db, first, second)).run(t)
			remove(t, dumps(t, first)[0]+".json")
			after := install(t, planOf(db, first, second))
			for range 2 {
				for _, label := range order {
					if report := after.take(t, label); len(problems(report)) != 0 {
						t.Errorf("%s: %+v", label, report)
					}
				}
			}
			got := after.list(t)
			if len(got) != 1 || len(got[0].DriveFiles) != 2 || got[0].SHA256 != b.SHA256 {
				t.Errorf("got %+v", got)
			}
			if order[0] == "drive 2" && got[0].ID != b.ID {
				t.Errorf("the id is %s, and was %s", got[0].ID, b.ID)
			}
			after.verify(t, 2)
		})
	}
}

func TestAnotherFileOfAKnownName(t *testing.T) {
	_, after, first, second := undescribed(t)
	after.take(t, "drive 1")
	a, b := dumps(t, first), dumps(t, second)
	text, err := os.ReadFile(a[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, b[1], string(text))
	report := after.take(t, "drive 2")
	if told := problems(report); report.Copies != 1 || !strings.Contains(told[filepath.Base(b[1])], "it has the name of the file of the backup") {
		t.Errorf("got %+v", report)
	}
}

func TestWhatCannotBeReadWithoutAManifest(t *testing.T) {
	for name, says := range map[string]string{
		"x/x-20250702100000-7982c1fc5a35.sql":        "cannot read a dump of",
		"x/x-20250702100000-7982c1fc5a35.tar.gz":     "no kind of database has dumps that end in .tar",
		"x/x-20250702100000-7982c1fc5a35.sqlite":     "is not a whole dump",
		"other/x-20250702100000-7982c1fc5a35.sqlite": "is not a whole dump",
		"x/x-20250702100000-7982c1fc5a35.sqlite.zst": "is not a whole dump",
		"./x-20250702100000-7982c1fc5a35.sqlite.gz":  "is not a whole dump",
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, filepath.Join(folder, name), "not a dump at all")
			i := install(t, planOf("/x", folder))
			all := source.Kinds()
			for n := range all {
				if all[n].Provider == "mysql" {
					all[n].Read = nil
				}
			}
			i.adopt = adopt.New(i.store, i.catalog, all, i.dir, quiet())
			leftOut(t, i, adopt.Options{}, says)
		})
	}
}

func TestAFileInTheFolderOfAnotherJob(t *testing.T) {
	_, after, first, _ := undescribed(t)
	dump := dumps(t, first)[0]
	write(t, filepath.Join(first, "crm", "x"), "x")
	if err := os.Rename(dump, filepath.Join(first, "crm", filepath.Base(dump))); err != nil {
		t.Fatal(err)
	}
	report := after.take(t, "drive 1")
	if told := problems(report); report.Backups != 1 || !strings.Contains(told[filepath.Base(dump)], "move it into a folder called shop-nightly") {
		t.Errorf("got %+v", report)
	}
}

func TestAFullDiskHereIsNotTheFilesFault(t *testing.T) {
	_, after, _, _ := undescribed(t)
	write(t, filepath.Join(after.dir, "adopt"), "in the way")
	_, err := after.adopt.Adopt(t.Context(), after.driveID(t, "drive 1"), adopt.Options{})
	var fault *models.Fault
	if err == nil || errors.As(err, &fault) || !strings.Contains(err.Error(), "scratch folder") {
		t.Errorf("got %v", err)
	}
}

func TestWhatADeadAdoptionLeftIsSwept(t *testing.T) {
	i := install(t, planOf("/x", t.TempDir()))
	dead, alive := filepath.Join(i.dir, "adopt", "adopt-1"), filepath.Join(i.dir, "adopt", "adopt-2")
	write(t, filepath.Join(dead, "lock"), "")
	write(t, filepath.Join(dead, "dump", "scratch.sqlite"), "x")
	write(t, filepath.Join(i.dir, "adopt", "else", "lock"), "")
	if err := os.Mkdir(alive, 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := disk.Hold(filepath.Join(alive, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := i.adopt.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, there := range map[string]bool{"adopt-1": false, "adopt-2": true, "else": true} {
		if _, err := os.Stat(filepath.Join(i.dir, "adopt", name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func TestAMySQLDumpWithoutAManifest(t *testing.T) {
	server := servers.MariaDB(t)
	database, folder := server.Database(t), t.TempDir()
	server.Exec(t, database, "CREATE TABLE orders (id INT PRIMARY KEY, note TEXT)", "INSERT INTO orders VALUES (1, 'one'), (2, 'it''s')", "CREATE VIEW large AS SELECT * FROM orders WHERE id > 1")
	plan := planOf("", folder)
	plan.Sources[0].Provider, plan.Sources[0].Settings = "mysql", models.Settings{"host": server.Host, "port": fmt.Sprint(server.Port),
		"db_name": database, "user": server.User, "password": server.Password, "dump_tool": server.DumpTool}
	before := install(t, plan)
	b := before.run(t)
	remove(t, dumps(t, folder)[0]+".json")
	after := install(t, plan)
	if report := after.take(t, "drive 1"); report.Backups != 1 || len(problems(report)) != 0 {
		t.Fatalf("got %+v", report)
	}
	was, _ := before.store.Manifest(t.Context(), b.ID)
	is, err := after.store.Manifest(t.Context(), after.list(t)[0].ID)
	if err != nil || !reflect.DeepEqual(is.Inventory.Tables, was.Inventory.Tables) || len(is.Inventory.Objects) != len(was.Inventory.Objects) || is.Provider != "mysql" {
		t.Errorf("the manifest is\n%+v\nwant\n%+v, %v", is, was, err)
	}
	after.verify(t, 1)
}
