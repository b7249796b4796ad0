package restore

import (
	"context"
	"errors"
	"fmt"

	"github.com/backupman/backupman/models"
)

// needsSafety reports whether a restore may overwrite something that is to be backed up
// first. Which tables are in the way is not asked: servers take names for one that differ
// in case, and a view may have the name of a table.
func needsSafety(req models.RestoreRequest, p models.RestorePlan) bool {
	return req.Replace && !req.WithoutSafety && !p.Target.Empty() && req.Target.Kind == models.TargetSource
}

// planSafety finds the job that backs the target up, or says why there is none.
func (s *Service) planSafety(ctx context.Context, sub subject, to target, p *models.RestorePlan) error {
	if to.kind != models.TargetSource {
		p.NoSafety = "nothing is overwritten there"
		return nil
	}
	job, err := s.safetyJob(ctx, sub, to)
	switch {
	case errors.Is(err, models.ErrNotFound):
		p.NoSafety = sentence(err)
	case err != nil:
		return err
	default:
		p.SafetyJob = job.Label
	}
	return nil
}

// safetyJob returns the job that backs up the source which is overwritten: the one that
// made the backup, or the first of those that do.
func (s *Service) safetyJob(ctx context.Context, sub subject, to target) (models.Job, error) {
	jobs, err := s.Catalog.Jobs(ctx)
	if err != nil {
		return models.Job{}, err
	}
	var found, lacksKit *models.Job
	for _, job := range jobs {
		switch {
		case job.SourceID != to.row.ID:
		case job.LacksKit():
			lacksKit = &job
		case found == nil || job.ID == sub.backup.JobID:
			found = &job
		}
	}
	if found == nil && lacksKit != nil {
		return models.Job{}, models.NotFoundf("job %q can't make a safety backup before its recovery kit was taken, with backupman kit %q", lacksKit.Label, lacksKit.Label)
	}
	if found == nil {
		return models.Job{}, models.NotFoundf("no job backs up data source %q, so no safety backup of it can be made", to.row.Label)
	}
	return *found, nil
}

// makeSafe backs up what is about to be overwritten, and returns nil only when that
// backup is finished.
func (r *restoreRun) makeSafe(ctx context.Context) error {
	r.enter(models.RestoreSafety, 0)
	job, err := r.service.safetyJob(ctx, r.subject, r.to)
	if err != nil {
		return err
	}
	b, err := r.service.Backups.Start(ctx, job.ID, r.row.Trigger)
	if err != nil {
		return fmt.Errorf("the safety backup can't be started: %w", err)
	}
	r.change(func(p *models.RunProgress) { p.SafetyBackupID = b.ID })
	r.row.SafetyBackupID = b.ID
	r.log.Say("backing up what is there now with job %q: backup %s", job.Label, b.ID)
	if b, err = r.service.Backups.Finish(ctx, b.ID); err != nil {
		return fmt.Errorf("wait for the safety backup: %w", err)
	}
	if b.Status != models.StatusFinished {
		return models.Conflictf("the safety backup %s has failed (%s): mend that, or restore without one", b.ID, b.Error)
	}
	r.log.Say("the safety backup has finished")
	return nil
}
