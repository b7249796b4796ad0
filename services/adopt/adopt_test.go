package adopt_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/source"
)

// sameBackups compares what the contract shows of two catalogues, and what restoring needs.
func sameBackups(t *testing.T, want, got []models.Backup) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d backups, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.ID != w.ID || g.Label != w.Label || g.Status != w.Status || !g.CreatedAt.Equal(w.CreatedAt) || !g.DumpedAt.Equal(*w.DumpedAt) ||
			g.FileName != w.FileName || g.Size != w.Size || g.RawSize != w.RawSize || g.SHA256 != w.SHA256 || g.Compression != w.Compression ||
			g.Warnings != w.Warnings || *g.DumpPath != *w.DumpPath {
			t.Errorf("got %+v\nwant %+v", g, w)
		}
		places := func(b models.Backup) map[string]string {
			all := map[string]string{}
			for _, f := range b.DriveFiles {
				if f.Status != models.StatusFinished || f.Size != b.Size || f.Label != b.FileName || f.Provider != "local" {
					t.Errorf("the copy %+v", f)
				}
				all[*f.Path] = f.Key
			}
			return all
		}
		if !maps.Equal(places(g), places(w)) {
			t.Errorf("the copies are %v, want %v", places(g), places(w))
		}
	}
}

func TestALostInstallationComesBack(t *testing.T) {
	db, first, second := shop(t), t.TempDir(), t.TempDir()
	fill(t, db, "INSERT INTO orders (total) VALUES (1), (20)")
	before := install(t, planOf(db, first, second))
	for range 3 {
		before.run(t)
		fill(t, db, "INSERT INTO orders (total) VALUES (3)")
	}
	want, content := before.list(t), map[string][]byte{}
	for _, b := range want {
		content[b.ID] = before.content(t.Context(), t, b)
	}
	disk := files(t, first)

	after := install(t, planOf(db, first, second))
	report := after.take(t, "drive 1")
	if report.Backups != 3 || report.Copies != 3 || len(report.Files) != 3 || len(problems(report)) != 0 {
		t.Errorf("the first drive: %+v", report)
	}
	for _, f := range report.Files {
		if !f.New || !f.FromManifest || f.BackupID == "" {
			t.Errorf("adopted %+v", f)
		}
	}
	if report := after.take(t, "drive 2"); report.Backups != 0 || report.Copies != 3 {
		t.Errorf("the second drive: %+v", report)
	}
	got := after.list(t)
	sameBackups(t, want, got)
	after.verify(t, 6)
	for _, b := range got {
		if b.Trigger != models.TriggerAdopt || b.ProvenAt != nil || b.ProofLevel != models.LevelNone || b.Slot != "adopted:"+b.ID {
			t.Errorf("adopted as %+v", b)
		}
		if !slices.Equal(after.content(t.Context(), t, b), content[b.ID]) {
			t.Errorf("the download of %s differs", b.ID)
		}
		was, _ := before.store.Manifest(t.Context(), b.ID)
		is, err := after.store.Manifest(t.Context(), b.ID)
		is.Format, is.Version = was.Format, was.Version
		if err != nil || !reflect.DeepEqual(was, is) {
			t.Errorf("the manifest is\n%+v\nwant\n%+v, %v", is, was, err)
		}
	}
	after.drill(t, got[0].ID)
	after.run(t) // the job goes on
	if now := files(t, first); len(now) != len(disk)+2 {
		t.Errorf("%d files on the drive, and there were %d", len(now), len(disk))
	}
}

func TestAdoptingTwiceChangesNothing(t *testing.T) {
	db, folder := shop(t), t.TempDir()
	before := install(t, planOf(db, folder))
	before.run(t)
	before.run(t)
	remove(t, dumps(t, folder)[0]+".json")
	disk := files(t, folder)
	after := install(t, planOf(db, folder))
	first := after.take(t, "drive 1")
	list := after.list(t)
	for _, o := range []adopt.Options{{}, {ReadAll: true}} {
		second := after.takeWith(t, "drive 1", o)
		if second.Backups != 0 || second.Copies != 0 || len(second.Files) != len(first.Files) || len(problems(second)) != 0 {
			t.Errorf("the second time: %+v", second)
		}
		for i, f := range second.Files {
			if f.New || f.BackupID != first.Files[i].BackupID {
				t.Errorf("the second time: %+v, the first %+v", f, first.Files[i])
			}
		}
	}
	if again := after.list(t); !reflect.DeepEqual(again, list) {
		t.Errorf("the list became\n%+v\nfrom\n%+v", again, list)
	}
	if !maps.Equal(files(t, folder), disk) {
		t.Error("the drive was changed")
	}
}

func TestARunningInstallationLearnsWhatItLacks(t *testing.T) {
	db, folder, other := shop(t), t.TempDir(), t.TempDir()
	here := install(t, planOf(db, folder))
	known, failed := here.run(t), here.run(t)
	loseCopy(t, here, failed)
	elsewhere := install(t, planOf(db, other))
	foreign := elsewhere.run(t)
	move(t, other, folder)
	before := here.list(t)
	report := here.take(t, "drive 1")
	if report.Backups != 1 || report.Copies != 1 || len(report.Files) != 3 || len(problems(report)) != 0 {
		t.Errorf("got %+v", report)
	}
	after := here.list(t)
	if len(after) != 3 || after[0].ID != foreign.ID || !reflect.DeepEqual(after[1:], before) {
		t.Errorf("the list is %+v", after)
	}
	if after[1].Status != models.StatusFailed || after[2].ID != known.ID {
		t.Errorf("what was known became %+v", after[1:])
	}
}

// loseCopy notes that a copy is missing, although it is there.
func loseCopy(t *testing.T, i *installation, b models.Backup) {
	t.Helper()
	err := i.store.LoseCopy(t.Context(), models.LostCopy{BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID, Attempt: b.Attempt, Error: "gone", BackupError: "gone", HealAt: models.Now()})
	if err != nil {
		t.Fatal(err)
	}
}

// move brings what is on one drive to another.
func move(t *testing.T, from, to string) {
	t.Helper()
	for name, text := range files(t, from) {
		write(t, filepath.Join(to, name), text)
	}
}

func TestACopyThatIsBeingMadeIsLeftAlone(t *testing.T) {
	db, folder := shop(t), t.TempDir()
	i := install(t, planOf(db, folder))
	i.run(t)
	remove(t, dumps(t, folder)[0]+".json") // as between the copy and its manifest
	before := i.list(t)
	if report := i.take(t, "drive 1"); report.Backups+report.Copies != 0 || len(problems(report)) != 0 {
		t.Errorf("got %+v", report)
	}
	if !reflect.DeepEqual(i.list(t), before) {
		t.Errorf("the list is %+v", i.list(t))
	}
}

func TestAJobThatIsNotConfiguredIsMade(t *testing.T) {
	db, folder := shop(t), t.TempDir()
	before := install(t, planOf(db, folder))
	b := before.run(t)
	plan := planOf(db, folder)
	plan.Sources, plan.Jobs = nil, nil
	after := install(t, plan)
	after.take(t, "drive 1")
	got := after.list(t)
	if len(got) != 1 || got[0].ID != b.ID || got[0].Label != "shop nightly" {
		t.Fatalf("got %+v", got)
	}
	src, err := after.store.Source(t.Context(), got[0].SourceID)
	if err != nil || src.Label != "shop db" || src.Provider != "sqlite" || src.RemovedAt == nil {
		t.Errorf("the source is %+v, %v", src, err)
	}
	after.verify(t, 1)
	// A configuration that names them takes both over.
	if err := after.catalog.Apply(t.Context(), planOf(db, folder)); err != nil {
		t.Fatal(err)
	}
	job, err := after.store.JobByLabel(t.Context(), "shop nightly")
	if err != nil || job.ID != got[0].JobID {
		t.Errorf("the job is %+v, %v", job, err)
	}
	after.run(t)
}

func TestAnS3BucketIsAdopted(t *testing.T) {
	server := servers.S3(t)
	db := shop(t)
	plan := planOf(db)
	plan.Drives = []models.Drive{{Label: "bucket", Provider: "s3", Settings: models.Settings{"bucket": server.Bucket, "region": server.Region,
		"endpoint": server.URL, "access_key": server.AccessKey, "secret_key": server.SecretKey, "prefix": "some/where", "force_path_style": "true"}}}
	plan.Jobs[0].Drives = []string{"bucket"}
	before := install(t, plan)
	b := before.run(t)
	before.run(t)
	after := install(t, plan)
	report := after.takeWith(t, "bucket", adopt.Options{ReadAll: true})
	if report.Backups != 2 || report.Copies != 2 || len(problems(report)) != 0 {
		t.Errorf("got %+v", report)
	}
	got, err := after.store.Backup(t.Context(), b.ID)
	if err != nil || got.DumpPath != nil || len(got.DriveFiles) != 1 || *got.DriveFiles[0].Path != *b.DriveFiles[0].Path || got.DriveFiles[0].VerifiedAt == nil {
		t.Errorf("got %+v, %v", got, err)
	}
	after.verify(t, 2)
	if report := after.take(t, "bucket"); report.Backups+report.Copies != 0 || len(report.Files) != 2 {
		t.Errorf("the second time: %+v", report)
	}
}

func TestADriveThatIsNotConfigured(t *testing.T) {
	i := install(t, planOf(shop(t), t.TempDir()))
	if _, err := i.adopt.Adopt(t.Context(), models.NewID(), adopt.Options{}); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if report := i.take(t, "drive 1"); len(report.Files) != 0 || report.DriveID == "" {
		t.Errorf("an empty drive: %+v", report)
	}
}

func TestAnAdoptionThatIsStopped(t *testing.T) {
	db, folder := shop(t), t.TempDir()
	before := install(t, planOf(db, folder))
	before.run(t)
	before.run(t)
	after := install(t, planOf(db, folder))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := after.adopt.Adopt(ctx, after.driveID(t, "drive 1"), adopt.Options{Tell: func(models.AdoptedFile) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := len(after.list(t)); n != 1 {
		t.Errorf("%d backups were adopted", n)
	}
	if report := after.take(t, "drive 1"); report.Backups != 1 {
		t.Errorf("and then %+v", report)
	}
}

func TestADriveThatGivesNothingEndsIt(t *testing.T) {
	db, folder := shop(t), t.TempDir()
	before := install(t, planOf(db, folder))
	for range 6 {
		before.run(t)
	}
	after := install(t, planOf(db, folder))
	after.adopt = adopt.New(after.store, broken{after.catalog}, source.Kinds(), after.dir, quiet())
	report, err := after.adopt.Adopt(t.Context(), after.driveID(t, "drive 1"), adopt.Options{})
	if err == nil || len(report.Files) != 4 || len(problems(report)) != 4 || len(after.list(t)) != 0 {
		t.Errorf("got %+v, %v", report, err)
	}
}

// TestThousandsOfBackups holds a few manifests at a time, however many there are.
func TestThousandsOfBackups(t *testing.T) {
	const backups, tables = 5000, 40
	i := install(t, planOf("/x", t.TempDir()))
	d := newLargeDrive(backups, tables)
	i.adopt = adopt.New(i.store, large{i.catalog, d}, source.Kinds(), i.dir, quiet())
	told, most, before := 0, uint64(0), heap()
	report, err := i.adopt.Adopt(t.Context(), i.driveID(t, "drive 1"), adopt.Options{Tell: func(models.AdoptedFile) {
		if told++; told%500 == 0 {
			most = max(most, heap())
		}
	}})
	if err != nil || report.Backups != backups || report.Copies != backups || told != backups || len(problems(report)) != 0 {
		t.Fatalf("%d backups, %d copies, %d told, %v, %v", report.Backups, report.Copies, told, problems(report), err)
	}
	if n := d.most.Load(); n < 2 || n > 8 {
		t.Errorf("%d manifests were read at once", n)
	}
	if all := uint64(len(d.text(d.keys[0]))) * backups; most > before+all/4 {
		t.Errorf("%d MB were held, and all manifests have %d MB", (most-before)>>20, all>>20)
	}
	if all := i.list(t); len(all) != backups || all[0].CreatedAt.Before(all[backups-1].CreatedAt) {
		t.Errorf("%d backups are listed", len(all))
	}
}

// heap is how many bytes are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
