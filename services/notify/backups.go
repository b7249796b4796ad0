package notify

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
)

// lookAtBackups tells of backups that finished or failed, and of those that lost a copy.
func (s *Service) lookAtBackups(ctx context.Context, since time.Time) error {
	lost, err := s.store.LostBackups(ctx, since)
	if err != nil {
		return err
	}
	heals, losses := map[string]bool{}, map[string]int{}
	for _, b := range lost {
		heals[b.ID], losses[b.ID] = true, len(b.DriveFiles)
	}
	var after models.Cursor
	for {
		page, err := s.store.SettledBackups(ctx, since, after, pageSize)
		if err != nil {
			return err
		}
		for _, b := range page {
			after = models.Cursor{CreatedAt: *b.SettledAt, ID: b.ID}
			if losses[b.ID] > 0 {
				continue // that is the newer news
			}
			if err := s.tellBackup(ctx, b, *b.SettledAt, heals[b.ID]); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			break
		}
	}
	for _, b := range lost {
		if losses[b.ID] == 0 {
			continue
		}
		if err := s.tellLoss(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// tellLoss tells of a backup that lost copies after it had settled, also of one that had
// failed before: each loss is news.
func (s *Service) tellLoss(ctx context.Context, b models.Backup) error {
	at := s.now()
	if b.UpdatedAt != nil {
		at = *b.UpdatedAt
	}
	about := aboutOf(b) + "/lost " + strconv.Itoa(len(b.DriveFiles))
	return s.tellFailed(ctx, happening{about: about, jobID: b.JobID, backupID: b.ID, jobs: []string{b.Label}, at: at}, b, true)
}

// aboutOf names an attempt of a backup.
func aboutOf(b models.Backup) string { return b.ID + "/" + strconv.Itoa(b.Attempt) }

// tellBackup tells how a backup stands. One that was found on a drive is no news.
func (s *Service) tellBackup(ctx context.Context, b models.Backup, at time.Time, heals bool) error {
	if b.Trigger == models.TriggerAdopt {
		return nil
	}
	h := happening{about: aboutOf(b), jobID: b.JobID, backupID: b.ID, jobs: []string{b.Label}, at: at}
	if b.Status == models.StatusFailed {
		return s.tellFailed(ctx, h, b, heals)
	}
	if s.known(models.EventFinished, h.about) {
		return nil
	}
	before, err := s.store.NewestOf(ctx, b.JobID, []models.Event{models.EventFailed, models.EventOverdue, models.EventRecovered}, at)
	if err != nil {
		return err
	}
	if before == models.EventFailed || before == models.EventOverdue {
		h.kind, h.title, h.text = models.EventRecovered, "Backups of "+b.Label+" work again", recoveredText(b, before)
		if err := s.tell(ctx, h); err != nil {
			return err
		}
		h.but = []models.Event{models.EventRecovered}
	}
	h.kind, h.title, h.text = models.EventFinished, "The backup of "+b.Label+" finished", finishedText(b)
	return s.tell(ctx, h)
}

// tellFailed tells of a failure. A run that somebody cancelled is none: what follows it does
// not work again.
func (s *Service) tellFailed(ctx context.Context, h happening, b models.Backup, heals bool) error {
	if b.CancelAskedAt != nil || s.known(models.EventFailed, h.about) {
		return nil
	}
	var err error
	if h.quiet, err = s.expected(ctx, h, b, heals); err != nil {
		return err
	}
	last, err := s.newestGood(ctx, b.JobID)
	if err != nil {
		return err
	}
	h.kind, h.title, h.text = models.EventFailed, "The backup of "+b.Label+" failed", failedText(b, last, heals)
	return s.tell(ctx, h)
}

// expected reports whether a failure is no news: one of the many attempts to make missing
// copies again by itself, of which more will follow, failed like the one that people were
// told of.
func (s *Service) expected(ctx context.Context, h happening, b models.Backup, heals bool) (bool, error) {
	if !heals || b.SettledAt == nil || !h.at.Equal(*b.SettledAt) { // a copy of a good backup was lost
		return false, nil
	}
	earlier, err := s.store.NewestAbout(ctx, models.EventFailed, b.ID+"/")
	return earlier != "" && earlier != h.about, err
}

// newestGood is the newest finished backup of a job; nil when there is none.
func (s *Service) newestGood(ctx context.Context, jobID string) (*models.Backup, error) {
	b, err := s.store.LastFinished(ctx, jobID)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &b, nil
}

// lookAtDrills tells what drills found. One that could not be made found nothing.
func (s *Service) lookAtDrills(ctx context.Context, since time.Time) error {
	var after models.Cursor
	for {
		page, err := s.store.SettledDrills(ctx, since, after, pageSize)
		if err != nil {
			return err
		}
		for _, d := range page {
			after = models.Cursor{CreatedAt: *d.SettledAt, ID: d.ID}
			if err := s.tellDrill(ctx, d); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

func (s *Service) tellDrill(ctx context.Context, d models.Drill) error {
	kind := models.EventProven
	switch d.Outcome {
	case models.DrillDisproven:
		kind = models.EventDisproven
	case models.DrillProven:
	default:
		return nil
	}
	if s.known(kind, d.ID) {
		return nil
	}
	b, gone, err := s.backupOf(ctx, d.BackupID)
	if err != nil || gone {
		return err
	}
	h := happening{kind: kind, about: d.ID, jobID: b.JobID, backupID: b.ID, jobs: []string{b.Label}, at: *d.SettledAt}
	if kind == models.EventProven {
		h.title, h.text = "The backup of "+b.Label+" is proven", provenText(b, d)
	} else {
		h.title, h.text = "The backup of "+b.Label+" was found wrong", disprovenText(b, d)
	}
	return s.tell(ctx, h)
}

// backupOf returns a backup; gone is true when it was removed meanwhile.
func (s *Service) backupOf(ctx context.Context, id string) (b models.Backup, gone bool, err error) {
	b, err = s.store.Backup(ctx, id)
	if errors.Is(err, models.ErrNotFound) {
		return b, true, nil
	}
	return b, false, err
}

// lookAtAlarms tells of backups that hold far less or more than usual. An alarm about a
// drill says what the drill's own event does.
func (s *Service) lookAtAlarms(ctx context.Context, since time.Time) error {
	alarms, err := s.store.RaisedAlarms(ctx, since)
	if err != nil {
		return err
	}
	for _, a := range alarms {
		if a.Kind != models.AlarmAnomaly || s.known(models.EventAlarm, a.ID) {
			continue
		}
		b, gone, err := s.backupOf(ctx, a.BackupID)
		if err != nil {
			return err
		}
		if gone {
			continue
		}
		h := happening{kind: models.EventAlarm, about: a.ID, jobID: b.JobID, backupID: b.ID, jobs: []string{b.Label}, at: a.CreatedAt,
			title: "The backup of " + b.Label + " holds something unusual", text: alarmText(b, a)}
		if err := s.tell(ctx, h); err != nil {
			return err
		}
	}
	return nil
}
