package store

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// history inserts n finished backups of a job, some of which share a moment,
// and returns their ids, newest first.
func history(t *testing.T, s *Store, f fixture, n int) []string {
	t.Helper()
	begin := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	var made []models.Backup
	var files []models.DriveFile
	for i := range n {
		b := f.backup(slot(i))
		b.Status, b.CreatedAt = models.StatusFinished, begin.Add(time.Duration(i/3)*500*time.Microsecond)
		b, copies := insertable(b)
		made, files = append(made, b), append(files, copies...)
	}
	must(t, s.db.CreateInBatches(&made, 200).Error)
	must(t, s.db.CreateInBatches(&files, 200).Error)
	slices.SortFunc(made, func(a, b models.Backup) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	return idsOf(made)
}

func idsOf(backups []models.Backup) []string {
	ids := []string{}
	for _, b := range backups {
		ids = append(ids, b.ID)
	}
	return ids
}

func sameIDs(t *testing.T, what string, got []models.Backup, want []string) {
	t.Helper()
	if !slices.Equal(idsOf(got), want) {
		t.Fatalf("%s are\n%v\nwant\n%v", what, idsOf(got), want)
	}
}

func testPages(t *testing.T, s *Store) {
	f := configure(t, s)
	want := history(t, s, f, 20)
	var got []models.Backup
	var after models.Cursor
	for {
		page := value(s.Backups(t.Context(), models.BackupFilter{}, after, 7))(t)
		got = append(got, page...)
		if len(page) < 7 {
			break
		}
		last := page[len(page)-1]
		after = models.Cursor{CreatedAt: last.CreatedAt, ID: last.ID}
	}
	sameIDs(t, "the pages", got, want)
	for _, b := range got {
		equal(t, "the number of drive files", len(b.DriveFiles), 2)
		if b.DriveFiles[0].ID > b.DriveFiles[1].ID {
			t.Fatal("the drive files are not in the order of their ids")
		}
	}
	for from := range want {
		at := models.Cursor{CreatedAt: got[from].CreatedAt, ID: got[from].ID}
		page := value(s.Backups(t.Context(), models.BackupFilter{DriveID: got[0].DriveFiles[0].DriveID}, at, 3))(t)
		sameIDs(t, "the pages of a drive", page, want[from+1:min(from+4, len(want))])
		for _, f := range []models.BackupFilter{{}, {DriveID: got[0].DriveFiles[0].DriveID}} {
			sameIDs(t, "the page before", value(s.BackupsBefore(t.Context(), f, at, 3))(t), want[max(from-3, 0):from])
		}
	}
	_, err := s.Backups(t.Context(), models.BackupFilter{}, models.Cursor{}, 0)
	wants(t, err, models.ErrInvalid)
	_, err = s.BackupsBefore(t.Context(), models.BackupFilter{}, models.Cursor{}, 1)
	wants(t, err, models.ErrInvalid)
}

func testFilters(t *testing.T, s *Store) {
	must(t, s.ApplyPlan(t.Context(), plan("a", "b")))
	drives := value(s.Drives(t.Context()))(t)
	a := fixture{job: value(s.JobByLabel(t.Context(), "a"))(t), drives: drives}
	b := fixture{job: value(s.JobByLabel(t.Context(), "b"))(t), drives: drives}
	first, second := a.backup(slot(1)), b.backup(slot(1))
	day := time.Date(2025, 7, 2, 0, 0, 0, 0, time.UTC)
	first.CreatedAt, first.Status = day, models.StatusFailed
	second.CreatedAt = day.Add(time.Second)
	second.DriveFiles = second.DriveFiles[:1]
	must(t, errors.Join(s.InsertBackup(t.Context(), first), s.InsertBackup(t.Context(), second)))
	must(t, s.PinBackup(t.Context(), first.ID, day, nil))
	must(t, s.PinBackup(t.Context(), second.ID, day, &day)) // which is over
	mark := func(id, column string) {
		must(t, s.db.Model(&models.Backup{}).Where("id = ?", id).Update(column, day).Error)
	}
	mark(first.ID, "proven_at")
	mark(first.ID, "disproven_at")
	sameIDs(t, "the disproven backups", everyBackup(t, s, models.BackupFilter{Proof: models.ProofDisproven, JobID: a.job.ID}), []string{first.ID})
	must(t, s.db.Model(&models.Backup{}).Where("id = ?", first.ID).Update("disproven_at", nil).Error)

	asked := a.backup(slot(3)) // which is not cancelled before it has ended
	asked.CreatedAt, asked.CancelAskedAt = day.Add(-time.Hour), &day
	cancelled := a.backup(slot(2))
	cancelled.CreatedAt, cancelled.Status, cancelled.CancelAskedAt = day.Add(-2*time.Hour), models.StatusFailed, &day
	must(t, errors.Join(s.InsertBackup(t.Context(), cancelled), s.InsertBackup(t.Context(), asked)))
	sameIDs(t, "the cancelled backups", everyBackup(t, s, models.BackupFilter{Cancelled: models.CancelOnly}), []string{cancelled.ID})
	sameIDs(t, "those of a job", everyBackup(t, s, models.BackupFilter{JobID: a.job.ID, Cancelled: models.CancelNot}), []string{first.ID, asked.ID})
	sameIDs(t, "those that failed", everyBackup(t, s, models.BackupFilter{Status: models.StatusFailed, Cancelled: models.CancelNot}), []string{first.ID})
	points := value(s.JobRunPoints(t.Context(), a.job.ID, cancelled.CreatedAt))(t)
	equal(t, "the run that was cancelled", [2]bool{points[0].Cancelled(), points[1].Cancelled()}, [2]bool{true, false})
	must(t, s.db.Where("id IN ?", []string{asked.ID, cancelled.ID}).Delete(&models.Backup{}).Error)
	must(t, s.db.Where("backup_id IN ?", []string{asked.ID, cancelled.ID}).Delete(&models.DriveFile{}).Error)

	elsewhere := time.FixedZone("", 5*3600)
	for name, check := range map[string]struct {
		filter models.BackupFilter
		want   []string
	}{
		"everything":   {models.BackupFilter{}, []string{second.ID, first.ID}},
		"job":          {models.BackupFilter{JobID: a.job.ID}, []string{first.ID}},
		"label":        {models.BackupFilter{Label: "b"}, []string{second.ID}},
		"status":       {models.BackupFilter{Status: models.StatusFailed}, []string{first.ID}},
		"job, status":  {models.BackupFilter{JobID: a.job.ID, Status: models.StatusPending}, []string{}},
		"since":        {models.BackupFilter{Since: day.Add(time.Second).In(elsewhere)}, []string{second.ID}},
		"until":        {models.BackupFilter{Until: day.Add(time.Second).In(elsewhere)}, []string{first.ID}},
		"source":       {models.BackupFilter{SourceID: b.job.SourceID, Label: "b"}, []string{second.ID}},
		"drive":        {models.BackupFilter{DriveID: first.DriveFiles[0].DriveID}, []string{second.ID, first.ID}},
		"another":      {models.BackupFilter{DriveID: first.DriveFiles[1].DriveID}, []string{first.ID}},
		"of no drive":  {models.BackupFilter{DriveID: models.NewID()}, []string{}},
		"drive, job":   {models.BackupFilter{DriveID: first.DriveFiles[1].DriveID, JobID: b.job.ID}, []string{}},
		"drive, proof": {models.BackupFilter{DriveID: first.DriveFiles[0].DriveID, Proof: models.ProofUnproven}, []string{second.ID}},
		"drive, days":  {models.BackupFilter{DriveID: first.DriveFiles[0].DriveID, Since: day, Until: day.Add(time.Second)}, []string{first.ID}},
		"proven":       {models.BackupFilter{Proof: models.ProofProven}, []string{first.ID}},
		"job, proven":  {models.BackupFilter{Proof: models.ProofProven, JobID: a.job.ID}, []string{first.ID}},
		"unproven":     {models.BackupFilter{Proof: models.ProofUnproven}, []string{second.ID}},
		"disproven":    {models.BackupFilter{Proof: models.ProofDisproven}, []string{}},
		"pinned":       {models.BackupFilter{Pinned: true}, []string{first.ID}},
		"both":         {models.BackupFilter{Since: day.Add(time.Microsecond), Until: day.Add(time.Second)}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			sameIDs(t, "the backups", everyBackup(t, s, check.filter), check.want)
		})
	}
}

func testWalk(t *testing.T, s *Store) {
	f := configure(t, s)
	want := history(t, s, f, 2*chunk+3)
	walked := everyBackup(t, s, models.BackupFilter{})
	sameIDs(t, "the walked backups", walked, want)
	for _, b := range walked {
		equal(t, "the number of drive files", len(b.DriveFiles), 2)
	}

	enough := errors.New("enough")
	seen := 0
	err := s.EachBackup(t.Context(), models.BackupFilter{}, func(models.Backup) error {
		if seen++; seen == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != 2 {
		t.Fatalf("the walk ended after %d with %v", seen, err)
	}
}

// testJobOnDrive reads the backups of a job that have a copy on a drive, where the drive holds few
// of the job and others of another job in between, in parts of every size and from both ends.
func testJobOnDrive(t *testing.T, s *Store) {
	ctx := t.Context()
	must(t, s.ApplyPlan(ctx, plan("a", "b")))
	drives := value(s.Drives(ctx))(t)
	a := fixture{job: value(s.JobByLabel(ctx, "a"))(t), drives: drives}
	b := fixture{job: value(s.JobByLabel(ctx, "b"))(t), drives: drives}
	begin := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	var made []models.Backup
	var files []models.DriveFile
	for i := range 400 {
		f := a
		if i%50 == 7 {
			f = b
		}
		one := f.backup(slot(i))
		one.Status, one.CreatedAt = models.StatusFinished, begin.Add(time.Duration(i/3)*500*time.Microsecond)
		dense := i > 60 && i < 100 || i > 200 && i < 280
		if f.job.ID == a.job.ID && !dense && i%90 != 3 {
			one.DriveFiles = one.DriveFiles[:1] // not on the second drive
		}
		one, copies := insertable(one)
		made, files = append(made, one), append(files, copies...)
	}
	must(t, s.db.CreateInBatches(&made, 200).Error)
	must(t, s.db.CreateInBatches(&files, 200).Error)
	all := value(s.Backups(ctx, models.BackupFilter{JobID: a.job.ID}, models.Cursor{}, 1000))(t)
	onDrive := slices.DeleteFunc(slices.Clone(all), func(b models.Backup) bool {
		return !slices.ContainsFunc(b.DriveFiles, func(c models.DriveFile) bool { return c.DriveID == drives[1].ID })
	})
	f, want := models.BackupFilter{JobID: a.job.ID, DriveID: drives[1].ID}, idsOf(onDrive)
	if len(want) < 100 || len(want) > 200 {
		t.Fatalf("%d backups are on the drive", len(want))
	}
	for _, limit := range []int{1, 7, 40, 500} {
		var got []models.Backup
		var after models.Cursor
		for {
			page := value(s.Backups(ctx, f, after, limit))(t)
			got = append(got, page...)
			if len(page) < limit {
				break
			}
			after = models.Cursor{CreatedAt: page[limit-1].CreatedAt, ID: page[limit-1].ID}
		}
		sameIDs(t, "the backups of the job on the drive", got, want)
	}
	for i, b := range onDrive {
		at := models.Cursor{CreatedAt: b.CreatedAt, ID: b.ID}
		sameIDs(t, "those before one", value(s.BackupsBefore(ctx, f, at, 5))(t), want[max(i-5, 0):i])
	}
	days := f
	days.Since, days.Until = begin.Add(11*time.Millisecond), begin.Add(15*time.Millisecond)
	within := slices.DeleteFunc(slices.Clone(onDrive), func(b models.Backup) bool {
		return b.CreatedAt.Before(days.Since) || !b.CreatedAt.Before(days.Until)
	})
	sameIDs(t, "those of some milliseconds", everyBackup(t, s, days), idsOf(within))
	if len(within) == 0 {
		t.Error("there are none of some milliseconds")
	}
}
