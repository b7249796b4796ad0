package adopt_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/archive"
)

// stocked is a drive with one backup, and an installation that does not know it.
func stocked(t *testing.T) (after *installation, dump string) {
	t.Helper()
	db, folder := shop(t), t.TempDir()
	install(t, planOf(db, folder)).run(t)
	return install(t, planOf(db, folder)), dumps(t, folder)[0]
}

func manifestOf(t *testing.T, dump string) models.Manifest {
	t.Helper()
	text, err := os.ReadFile(dump + ".json")
	if err != nil {
		t.Fatal(err)
	}
	m, err := archive.DecodeManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func describe(t *testing.T, dump string, m models.Manifest) {
	t.Helper()
	text, err := archive.EncodeManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dump+".json", string(text))
}

// leftOut wants nothing to be adopted, and one file to be told with a sentence.
func leftOut(t *testing.T, i *installation, o adopt.Options, says string) {
	t.Helper()
	report := i.takeWith(t, "drive 1", o)
	if len(report.Files) != 1 || report.Files[0].New || report.Files[0].BackupID != "" || !strings.Contains(report.Files[0].Problem, says) {
		t.Errorf("got %+v, want %q", report.Files, says)
	}
	if n := len(i.list(t)); n != 0 || report.Backups+report.Copies != 0 {
		t.Errorf("%d backups were adopted: %+v", n, report)
	}
	if jobs, err := i.store.Jobs(t.Context()); err != nil || len(jobs) != 1 {
		t.Errorf("the jobs are %+v, %v", jobs, err)
	}
}

func TestAManifestThatDoesNotFitIsNotBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(m *models.Manifest)
		says  string
	}{
		"another file":                         {func(m *models.Manifest) { m.File.Name = "x.sqlite.zst" }, `a file called "x.sqlite.zst"`},
		"another size":                         {func(m *models.Manifest) { m.File.Size++ }, "bytes long and its manifest says"},
		"no id":                                {func(m *models.Manifest) { m.BackupID = "../../etc" }, "BackupId is not an id"},
		"another id":                           {func(m *models.Manifest) { m.BackupID = models.NewID() }, "makes the name"},
		"another job":                          {func(m *models.Manifest) { m.Job = "other" }, "makes the name"},
		"another time":                         {func(m *models.Manifest) { m.CreatedAt = m.CreatedAt.Add(time.Minute) }, "makes the name"},
		"another compression":                  {func(m *models.Manifest) { m.File.Compression = models.CompressionGzip }, "makes the name"},
		"another kind":                         {func(m *models.Manifest) { m.Provider = "mysql" }, "makes the name"},
		"a kind nobody knows":                  {func(m *models.Manifest) { m.Provider = "oracle" }, `"oracle", which this version does not know`},
		"a label in two lines":                 {func(m *models.Manifest) { m.Source = "a\nb" }, "labels"},
		"a label without end":                  {func(m *models.Manifest) { m.Source = strings.Repeat("x", 256) }, "labels"},
		"no label":                             {func(m *models.Manifest) { m.Source = "" }, "labels"},
		"no digest":                            {func(m *models.Manifest) { m.File.SHA256 = "" }, "SHA256"},
		"a digest with a quote":                {func(m *models.Manifest) { m.File.SHA256 = strings.Repeat("'", 64) }, "SHA256"},
		"a dump of no length":                  {func(m *models.Manifest) { m.File.RawSize = -1 }, "sizes"},
		"a dump of the future":                 {func(m *models.Manifest) { m.DumpedAt = time.Now().AddDate(1, 0, 0) }, "cannot be"},
		"less than no rows":                    {func(m *models.Manifest) { m.Inventory.Tables[0].Rows = -1 }, "cannot be"},
		"a table without a name":               {func(m *models.Manifest) { m.Inventory.Tables[0].Name = "" }, "cannot be"},
		"an unknown encryption":                {func(m *models.Manifest) { m.File.Encryption = "rot13" }, "does not know"},
		"recipients of a file that is open":    {func(m *models.Manifest) { m.File.Recipients = []string{"age1"} }, "does not fit together"},
		"a sealed part of a file that is open": {func(m *models.Manifest) { m.Sealed = "x" }, "does not fit together"},
		"of a newer version":                   {func(m *models.Manifest) { m.Version = 99 }, "makes the name"},
	} {
		t.Run(name, func(t *testing.T) {
			after, dump := stocked(t)
			m := manifestOf(t, dump)
			if c.spoil(&m); m.Version == 99 {
				text, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				write(t, dump+".json", string(text))
				c.says = "use a newer Backupman"
			} else {
				describe(t, dump, m)
			}
			leftOut(t, after, adopt.Options{}, c.says)
		})
	}
}

func TestAManifestOfTheFuture(t *testing.T) {
	after, dump := stocked(t)
	m := manifestOf(t, dump)
	m.CreatedAt = m.CreatedAt.AddDate(3, 0, 0)
	m.File.Name = archive.FileName(m.Job, m.CreatedAt, m.BackupID, "sqlite", m.File.Compression, m.File.Encryption)
	moved := filepath.Join(filepath.Dir(dump), m.File.Name)
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	remove(t, dump, dump+".json")
	write(t, moved, string(text))
	describe(t, moved, m)
	leftOut(t, after, adopt.Options{}, "its time, ")
}

func TestDamagedFilesAreLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dump string)
		all   bool
		says  string
	}{
		"truncated": {func(t *testing.T, dump string) { truncate(t, dump) }, false, "bytes long and its manifest says"},
		"empty":     {func(t *testing.T, dump string) { write(t, dump, "") }, false, "it is 0 bytes long"},
		"one bit":   {func(t *testing.T, dump string) { flip(t, dump) }, true, "the copy is damaged: its SHA-256"},
		"gone":      {func(t *testing.T, dump string) { remove(t, dump) }, false, "the file that it describes is not there"},
		"truncated, without a manifest": {func(t *testing.T, dump string) {
			truncate(t, dump)
			remove(t, dump+".json")
		}, false, "is not a whole dump"},
		"empty, without a manifest": {func(t *testing.T, dump string) {
			write(t, dump, "")
			remove(t, dump+".json")
		}, false, "it has no manifest, and "},
		"one bit, without a manifest": {func(t *testing.T, dump string) {
			flip(t, dump)
			remove(t, dump+".json")
		}, false, "is not a whole dump"},
		"something behind it, without a manifest": {func(t *testing.T, dump string) {
			text, err := os.ReadFile(dump)
			if err != nil {
				t.Fatal(err)
			}
			write(t, dump, string(text)+"and more")
			remove(t, dump+".json")
		}, false, "is not a whole dump"},
		"a manifest that is cut off":      {func(t *testing.T, dump string) { truncate(t, dump+".json") }, false, "remove it, and the file is read instead"},
		"a manifest that is another file": {func(t *testing.T, dump string) { write(t, dump+".json", `{"Format": "else"}`) }, false, "its manifest cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			after, dump := stocked(t)
			c.spoil(t, dump)
			leftOut(t, after, adopt.Options{ReadAll: c.all}, c.says)
		})
	}
}

func truncate(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()*2/3); err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	write(t, path, string(text))
}

func TestWhatIsNoBackupIsPassedOver(t *testing.T) {
	after, dump := stocked(t)
	folder := filepath.Dir(filepath.Dir(dump))
	for name, text := range map[string]string{
		"readme.txt": "x", "photo.jpg": "x", "photo.jpg.json": `{"title": "photo.jpg"}`, "settings.json": "{}",
		"shop-nightly/" + filepath.Base(dump) + ".partial": "x", "shop-nightly/notes": "x", "deep/er/still/file.zst": "x",
	} {
		write(t, filepath.Join(folder, name), text)
	}
	report := after.take(t, "drive 1")
	if len(report.Files) != 1 || report.Backups != 1 || report.Copies != 1 {
		t.Errorf("got %+v", report)
	}
	after.verify(t, 1)
}

func TestARenamedDumpIsTold(t *testing.T) {
	after, dump := stocked(t)
	for _, end := range []string{"", ".json"} {
		if err := os.Rename(dump+end, filepath.Join(filepath.Dir(dump), "the good one.zst"+end)); err != nil {
			t.Fatal(err)
		}
	}
	leftOut(t, after, adopt.Options{}, "give the file and the manifest the name they had")
}

func TestFilesInAnotherFolder(t *testing.T) {
	for where, adopted := range map[string]bool{".": true, "rescued/shop-nightly": true, "rescued": false} {
		t.Run(where, func(t *testing.T) {
			after, dump := stocked(t)
			folder := filepath.Dir(filepath.Dir(dump))
			if err := os.MkdirAll(filepath.Join(folder, where), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, end := range []string{"", ".json"} {
				if err := os.Rename(dump+end, filepath.Join(folder, where, filepath.Base(dump)+end)); err != nil {
					t.Fatal(err)
				}
			}
			if !adopted {
				leftOut(t, after, adopt.Options{}, "move both into a folder called shop-nightly")
				return
			}
			if report := after.take(t, "drive 1"); report.Copies != 1 {
				t.Errorf("got %+v", report)
			}
			after.verify(t, 1)
		})
	}
}

// An id that is known with another dump, and a source that is known as another kind,
// are told, and do not keep the other files from being adopted.
func TestWhatTheCatalogueKnowsOtherwise(t *testing.T) {
	after, dump := stocked(t)
	if report := after.take(t, "drive 1"); report.Backups != 1 {
		t.Fatalf("got %+v", report)
	}
	m := manifestOf(t, dump)
	m.File.SHA256 = strings.Repeat("0", 64)
	copied := filepath.Join(filepath.Dir(filepath.Dir(dump)), "other", "shop-nightly", filepath.Base(dump))
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	write(t, copied, string(text))
	describe(t, copied, m)
	report := after.take(t, "drive 1")
	if told := problems(report); len(report.Files) != 2 || len(told) != 1 || !strings.Contains(told[filepath.Base(dump)], "is known with another dump") {
		t.Errorf("got %+v", report)
	}
	plan := planOf("/x", filepath.Dir(filepath.Dir(dump)))
	plan.Jobs, plan.Sources[0].Provider, plan.Sources[0].Settings = nil, "mysql", models.Settings{"host": "h"}
	third := install(t, plan)
	if report := third.take(t, "drive 1"); report.Backups != 0 || len(problems(report)) != 1 || !strings.Contains(report.Files[0].Problem, "give the data source another label") {
		t.Errorf("got %+v", report)
	}
}
