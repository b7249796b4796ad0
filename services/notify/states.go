package notify

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
)

// settleIn is how long a process waits after its start before it calls jobs overdue: the
// schedule makes up first for what was missed while nothing ran.
const settleIn = 5 * time.Minute

// lookAtDrives tells of drives whose checks fail, once for each spell, and of their end.
func (s *Service) lookAtDrives(ctx context.Context, now time.Time, first bool) error {
	drives, err := s.catalog.Drives(ctx)
	if err != nil {
		return err
	}
	checks, err := s.store.DriveChecks(ctx)
	if err != nil {
		return err
	}
	jobs, err := s.catalog.Jobs(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, d := range drives {
		check, checked := checks[d.ID]
		switch {
		case !checked:
		case check.Good():
			failures = append(failures, s.tellGoodDrive(ctx, d, check, jobsOn(jobs, d.ID), now))
		default:
			failures = append(failures, s.tellFailingDrive(ctx, d, check, jobsOn(jobs, d.ID), first))
		}
	}
	return errors.Join(failures...)
}

// jobsOn returns the labels of the jobs that keep copies on a drive.
func jobsOn(jobs []models.Job, driveID string) []string {
	var labels []string
	for _, j := range jobs {
		if slices.Contains(j.DriveIDs, driveID) {
			labels = append(labels, j.Label)
		}
	}
	return labels
}

// tellFailingDrive tells that a drive fails. A spell is named by when the drive was good last.
func (s *Service) tellFailingDrive(ctx context.Context, d models.Drive, c models.DriveCheck, jobs []string, quiet bool) error {
	spell := d.ID + "/0"
	if c.GoodAt != nil {
		spell = d.ID + "/" + strconv.FormatInt(c.GoodAt.UnixMicro(), 10)
	}
	delete(s.wellDrives, d.ID)
	return s.tell(ctx, happening{kind: models.EventDriveFailing, about: spell, jobs: jobs, at: c.CheckedAt, quiet: quiet,
		title: "The drive " + d.Label + " does not work", text: failingDriveText(c, jobs)})
}

// tellGoodDrive tells that a drive works again whose failing was told.
func (s *Service) tellGoodDrive(ctx context.Context, d models.Drive, c models.DriveCheck, jobs []string, now time.Time) error {
	if s.wellDrives[d.ID] {
		return nil
	}
	spell, err := s.store.NewestAbout(ctx, models.EventDriveFailing, d.ID+"/")
	if err != nil {
		return err
	}
	if spell != "" {
		at := now
		if c.GoodAt != nil {
			at = *c.GoodAt
		}
		err = s.tell(ctx, happening{kind: models.EventDriveGood, about: spell, jobs: jobs, at: at,
			title: "The drive " + d.Label + " works again", text: goodDriveText()})
	}
	if err == nil {
		s.wellDrives[d.ID] = true
	}
	return err
}

// lookAtSchedules tells of jobs whose schedule passed without a good backup, once for each
// time that they have none.
func (s *Service) lookAtSchedules(ctx context.Context, schedule Schedule, now time.Time, first bool) error {
	if !first && now.Sub(s.begun) < settleIn {
		return nil
	}
	jobs, err := s.catalog.Jobs(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, j := range jobs {
		if due := dueSlot(schedule, j, now); due != nil {
			failures = append(failures, s.lookAtSchedule(ctx, j, *due, now, first))
		}
	}
	return errors.Join(failures...)
}

// dueSlot is the newest slot of a job that there should be a backup of by now. A run may
// come as late after its slot as the job's spread says.
func dueSlot(schedule Schedule, j models.Job, now time.Time) *time.Time {
	next, ok := schedule.NextRun(j.ID)
	if !ok || j.PausedAt != nil {
		return nil
	}
	previous := func(until time.Time) (time.Time, bool) { return schedule.PreviousRun(j.ID, until) }
	return models.DueSlot(previous, next, now.Add(-j.Spread))
}

func (s *Service) lookAtSchedule(ctx context.Context, j models.Job, due, now time.Time, quiet bool) error {
	if s.inTime[j.ID].Equal(due) {
		return nil
	}
	good, err := s.newestGood(ctx, j.ID)
	if err != nil {
		return err
	}
	if !j.Overdue(&due, good) {
		s.inTime[j.ID] = due
		return nil
	}
	newest, err := s.store.Backups(ctx, models.BackupFilter{JobID: j.ID}, models.Cursor{}, 1)
	if err != nil {
		return err
	}
	if len(newest) > 0 && speaksForItself(newest[0]) {
		return nil
	}
	return s.tell(ctx, happening{kind: models.EventOverdue, about: spellOf(j, good), jobID: j.ID, jobs: []string{j.Label}, at: now, quiet: quiet,
		title: "The backup of " + j.Label + " is overdue", text: overdueText(j, due, good)})
}

// speaksForItself reports whether a job's newest backup is why it is not called overdue: it
// is not over yet, or it failed, which people were told.
func speaksForItself(newest models.Backup) bool {
	return newest.Status == models.StatusPending || newest.Status == models.StatusFailed && newest.CancelAskedAt == nil
}

// spellOf names the time in which a job has had no newer backup than a good one, or none.
func spellOf(j models.Job, good *models.Backup) string {
	spell := j.ID + "/"
	if good != nil {
		spell += good.ID
	}
	if j.SlotsFrom != nil {
		spell += "/" + strconv.FormatInt(j.SlotsFrom.Unix(), 10)
	}
	return spell
}
