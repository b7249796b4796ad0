package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

// Start queues a backup of a job now. It returns models.ErrConflict when the
// job already has one that is pending, or encrypts and nobody has taken its recovery kit.
func (s *Service) Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error) {
	job, err := s.jobToRun(ctx, jobID)
	if err != nil {
		return models.Backup{}, err
	}
	if err := wantsKit(job); err != nil {
		return models.Backup{}, err
	}
	return s.start(ctx, job, by, "", nil)
}

// StartSlot queues the backup that a schedule owes for a moment; one that still waits for
// its turn at startBy is given up, unless that is nil. Of all replicas exactly one wins a
// slot; the others get models.ErrConflict. While the job still dumps it is models.ErrBusy.
// A job whose recovery kit is missing gets a backup that fails and says so: nobody is
// there to be refused.
func (s *Service) StartSlot(ctx context.Context, jobID string, slot time.Time, startBy *time.Time) (models.Backup, error) {
	job, err := s.jobToRun(ctx, jobID)
	if err != nil {
		return models.Backup{}, err
	}
	return s.start(ctx, job, models.TriggerSchedule, slot.UTC().Format(time.RFC3339), startBy)
}

// jobToRun returns a job that is configured.
func (s *Service) jobToRun(ctx context.Context, jobID string) (models.Job, error) {
	job, err := s.catalog.Job(ctx, jobID)
	if err == nil && job.RemovedAt != nil {
		return job, models.Conflictf("job %q is no longer in the configuration: add it again to run it", job.Label)
	}
	return job, err
}

func (s *Service) start(ctx context.Context, job models.Job, by models.Trigger, slot string, startBy *time.Time) (models.Backup, error) {
	b := s.newBackup(ctx, job, by, slot)
	b.StartBy = startBy
	if err := s.store.InsertBackup(ctx, b); err != nil {
		return models.Backup{}, fmt.Errorf("start job %q: %w", job.Label, err)
	}
	s.log.Info("backup queued", "backup_id", b.ID, "job", job.Label, "trigger", string(by))
	s.wake()
	return b, nil
}

// newBackup never fails: a source or drive that is gone fails the run, with its
// sentence, where people look for it.
func (s *Service) newBackup(ctx context.Context, job models.Job, by models.Trigger, slot string) models.Backup {
	b := models.Backup{ID: models.NewID(), JobID: job.ID, Label: job.Label, SourceID: job.SourceID, Slot: slot,
		Compression: job.Compression, Encryption: job.Encryption.Word(), Trigger: by, Attempt: 1, Status: models.StatusPending, Phase: models.PhaseQueued, CreatedAt: models.Now()}
	if slot == "" {
		b.Slot = "manual:" + b.ID
	}
	extension := "dump"
	if _, kind, row, err := s.catalog.OpenSource(ctx, job.SourceID); err == nil {
		extension, b.SourceHost = kind.Extension, hostOf(row)
	}
	b.FileName = archive.FileName(job.Label, b.CreatedAt, b.ID, extension, job.Compression, b.Encryption)
	for _, id := range job.DriveIDs {
		_, d, _ := s.catalog.OpenDrive(ctx, id)
		b.DriveFiles = append(b.DriveFiles, models.DriveFile{ID: models.NewID(), BackupID: b.ID, DriveID: id,
			Provider: d.Provider, Label: b.FileName, Key: archive.Key(job.Label, b.FileName),
			Status: models.StatusPending, CreatedAt: b.CreatedAt})
	}
	return b
}
