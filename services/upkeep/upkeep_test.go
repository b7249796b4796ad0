package upkeep_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/store"
	"github.com/backupman/backupman/services/upkeep"
)

// place is an installation with one drive, a real store and a clock that tests turn.
type place struct {
	t     *testing.T
	store *store.Store
	row   models.Drive

	mu       sync.Mutex
	now      time.Time
	checkErr error
	checks   int
	onCheck  func()
	swept    int
	sweepErr error
	verified []string
	// unreadable are the backups whose copies cannot be read.
	unreadable []string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "meta.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	plan := models.Plan{
		Sources: []models.Source{{Label: "shop", Provider: "fake"}}, Drives: []models.Drive{{Label: "nas", Provider: "local"}},
		Jobs: []models.PlannedJob{{Job: models.Job{Label: "nightly", Compression: models.CompressionZstd}, Source: "shop", Drives: []string{"nas"}}},
	}
	if err := s.ApplyPlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	row, err := s.DriveByLabel(t.Context(), "nas")
	if err != nil {
		t.Fatal(err)
	}
	return &place{t: t, store: s, row: row, now: models.Now()}
}

func (p *place) service() *upkeep.Service {
	return upkeep.New(p.store, p, p, slog.New(slog.DiscardHandler), p.clock)
}

func (p *place) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *place) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func (p *place) Drives(context.Context) ([]models.Drive, error) { return []models.Drive{p.row}, nil }

func (p *place) OpenDrive(_ context.Context, id string) (drive.Drive, models.Drive, error) {
	if id != p.row.ID {
		return nil, models.Drive{}, models.NotFoundf("there is no drive %s", id)
	}
	return checkedDrive{place: p}, p.row, nil
}

func (p *place) SweepDrive(ctx context.Context, _ string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swept++
	if _, bounded := ctx.Deadline(); !bounded {
		p.t.Error("a sweep may take for ever")
	}
	return p.sweepErr
}

func (p *place) Verify(_ context.Context, backupID, driveFileID string) ([]models.CopyVerdict, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.verified = append(p.verified, backupID)
	if slices.Contains(p.unreadable, backupID) {
		return []models.CopyVerdict{{DriveFileID: driveFileID, Error: "input/output error"}}, p.store.UnreadCopy(context.Background(), driveFileID, p.now, "input/output error")
	}
	return []models.CopyVerdict{{DriveFileID: driveFileID, Identical: true}}, p.store.VerifyCopy(context.Background(), driveFileID, p.now)
}

// checkedDrive is a drive that is only ever checked.
type checkedDrive struct {
	drive.Drive
	place *place
}

func (d checkedDrive) Check(context.Context) (drive.Report, error) {
	d.place.mu.Lock()
	defer d.place.mu.Unlock()
	d.place.checks++
	if d.place.onCheck != nil {
		d.place.onCheck()
	}
	return drive.Report{Free: 7, Total: 9}, d.place.checkErr
}

func (p *place) checked() models.DriveCheck {
	p.t.Helper()
	checks, err := p.store.DriveChecks(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return checks[p.row.ID]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestADriveIsCheckedOnceADayAndSoonerWhileItFails(t *testing.T) {
	p := newPlace(t)
	s, replica := p.service(), p.service()
	due := func(after time.Duration, want int) {
		t.Helper()
		p.pass(after)
		must(t, errors.Join(s.CheckDue(t.Context()), replica.CheckDue(t.Context())))
		if p.checks != want {
			t.Fatalf("checked %d times, want %d", p.checks, want)
		}
	}
	due(0, 1)
	due(23*time.Hour, 1)
	p.checkErr = &models.Fault{Kind: models.ErrUnauthorized, Sentence: "sign in again"}
	due(2*time.Hour, 2)
	if c := p.checked(); c.Good() || !c.NeedsSignIn || c.Error != "sign in again" || c.GoodAt == nil || c.Free != -1 {
		t.Errorf("the failed check is %+v", c)
	}
	due(30*time.Minute, 2)
	p.checkErr = nil
	due(time.Hour, 3)
	if c := p.checked(); !c.Good() || c.NeedsSignIn || c.Free != 7 || c.Total != 9 {
		t.Errorf("the good check is %+v", c)
	}
	due(2*time.Hour, 3)
}

// A check that ended with its process is made again soon, not tomorrow.
func TestACheckThatWasCutShortIsMadeAgainSoon(t *testing.T) {
	for _, passedBefore := range []bool{false, true} {
		p := newPlace(t)
		s := p.service()
		if passedBefore {
			must(t, s.CheckDue(t.Context()))
			p.pass(25 * time.Hour)
		}
		ctx, stop := context.WithCancel(t.Context())
		p.onCheck = stop
		must(t, s.CheckDue(ctx))
		p.onCheck = nil
		before := p.checks
		p.pass(61 * time.Minute)
		must(t, s.CheckDue(t.Context()))
		if p.checks != before+1 || !p.checked().Good() || p.checked().GoodAt == nil {
			t.Errorf("passed before: %v; checked %d times more", passedBefore, p.checks-before)
		}
	}
}

// backup inserts a backup whose copy ended as status.
func (p *place) backup(status models.Status, verified time.Time) models.Backup {
	p.t.Helper()
	ctx, id := p.t.Context(), models.NewID()
	job, err := p.store.JobByLabel(ctx, "nightly")
	must(p.t, err)
	file := models.DriveFile{ID: models.NewID(), BackupID: id, DriveID: p.row.ID, Provider: "local", Label: "f", Key: "k/f"}
	must(p.t, p.store.InsertBackup(ctx, models.Backup{ID: id, JobID: job.ID, Label: "nightly", Slot: id, Compression: models.CompressionZstd,
		FileName: "f", CreatedAt: models.Now(), DriveFiles: []models.DriveFile{file}}))
	must(p.t, p.store.Claim(ctx, id, "", "r", time.Minute))
	must(p.t, p.store.RecordDump(ctx, id, "r", models.DumpFacts{Size: 1, SHA256: "d", DumpedAt: models.Now()}, models.Manifest{BackupID: id}))
	change := models.DriveFileChange{Status: status}
	if status == models.StatusFinished {
		change.VerifiedAt = &verified
	}
	must(p.t, p.store.ChangeDriveFile(ctx, id, file.ID, "r", change))
	must(p.t, p.store.Settle(ctx, id, "r", models.Settlement{Status: status, At: models.Now()}))
	b, err := p.store.Backup(ctx, id)
	must(p.t, err)
	return b
}

func TestAGoodCheckMakesFailedCopiesDueAndSweeps(t *testing.T) {
	p := newPlace(t)
	p.backup(models.StatusFailed, time.Time{})
	s := p.service()
	p.checkErr = models.Invalidf("the password is wrong")
	if c, err := s.Check(t.Context(), p.row.ID); err != nil || c.Error != "the password is wrong" || c.NeedsSignIn {
		t.Fatalf("check %+v, %v", c, err)
	}
	dueNow := func() int {
		ids, err := p.store.HealDue(t.Context(), models.Place{}, p.clock(), 5)
		must(t, err)
		return len(ids)
	}
	if n := dueNow(); n != 0 || p.swept != 0 {
		t.Errorf("after a failed check %d are due, swept %d times", n, p.swept)
	}
	p.checkErr, p.sweepErr = nil, context.DeadlineExceeded // which healing does not wait for
	if _, err := s.Check(t.Context(), p.row.ID); err != nil {
		t.Fatal(err)
	}
	if n := dueNow(); n != 1 || p.swept != 1 {
		t.Errorf("after a good check %d are due, swept %d times", n, p.swept)
	}
}

func TestASampleIsReadBackOnceAWeek(t *testing.T) {
	p := newPlace(t)
	s := p.service()
	start := p.now
	var old []string
	for i := range 4 {
		old = append(old, p.backup(models.StatusFinished, start.Add(time.Duration(i-10)*24*time.Hour)).ID)
	}
	newest := p.backup(models.StatusFinished, start).ID
	due := func(want ...string) {
		t.Helper()
		p.verified = nil
		must(t, errors.Join(s.CheckDue(t.Context()), s.SampleDue(t.Context()), s.SampleDue(t.Context())))
		slices.Sort(p.verified)
		slices.Sort(want)
		if !slices.Equal(p.verified, want) {
			t.Errorf("read back %v, want %v", strings.Join(p.verified, " "), strings.Join(want, " "))
		}
	}
	due(old[0], old[1], newest)
	p.pass(6 * 24 * time.Hour)
	due()
	p.pass(25 * time.Hour)
	due(old[2], old[3], newest)
}

func TestHowOftenIsASetting(t *testing.T) {
	for setting, want := range map[string][2]int{drive.SampleWeekly: {1, 2}, drive.SampleMonthly: {1, 1}, drive.SampleNever: {0, 0}} {
		p := newPlace(t)
		p.row.Settings = models.Settings{drive.SettingSample: setting}
		p.backup(models.StatusFinished, p.now.Add(-60*24*time.Hour))
		s := p.service()
		for i, after := range []time.Duration{0, 8 * 24 * time.Hour} {
			p.pass(after)
			must(t, errors.Join(s.CheckDue(t.Context()), s.SampleDue(t.Context())))
			if len(p.verified) != want[i] {
				t.Errorf("%s: %d copies were read back in look %d", setting, len(p.verified), i)
			}
		}
	}
}

func TestADriveThatFailsIsNotSampled(t *testing.T) {
	p := newPlace(t)
	p.backup(models.StatusFinished, p.now.Add(-30*24*time.Hour))
	p.checkErr = errors.New("no route to host")
	s := p.service()
	must(t, errors.Join(s.CheckDue(t.Context()), s.SampleDue(t.Context())))
	if len(p.verified) != 0 {
		t.Errorf("read back %v", p.verified)
	}
}

func TestCheckOfADriveThatIsNotKnown(t *testing.T) {
	if _, err := newPlace(t).service().Check(t.Context(), models.NewID()); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
