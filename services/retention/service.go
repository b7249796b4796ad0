package retention

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// Store is what this package asks of the metadata database.
type Store interface {
	Backup(ctx context.Context, id string) (models.Backup, error)
	// RetentionSnapshot returns what the rules of a job look at, or models.ErrNotFound.
	RetentionSnapshot(ctx context.Context, jobID string) (models.RetentionSnapshot, error)
	// PruneJob asks decide, in one transaction that nothing else about the job's backups
	// runs beside, and records as removals what it returns.
	PruneJob(ctx context.Context, jobID string, decide func(models.RetentionSnapshot) []models.Removal) ([]models.Removal, error)

	// RemovalDrives returns the ids of the drives that have a copy to remove now.
	RemovalDrives(ctx context.Context, now time.Time) ([]string, error)
	// ClaimRemoval gives the caller one of them, or returns models.ErrNotFound.
	ClaimRemoval(ctx context.Context, driveID string, now time.Time, lease time.Duration) (models.Removal, error)
	// ConfirmRemoval and PostponeRemoval record how it went.
	ConfirmRemoval(ctx context.Context, id string, at time.Time) error
	PostponeRemoval(ctx context.Context, id, sentence string, until time.Time) error

	// PinBackup keeps a backup until a moment, or for ever; UnpinBackup undoes that.
	PinBackup(ctx context.Context, id string, at time.Time, until *time.Time) error
	UnpinBackup(ctx context.Context, id string) error
}

// Catalog knows what this process is configured with.
type Catalog interface {
	Jobs(ctx context.Context) ([]models.Job, error)
	Drives(ctx context.Context) ([]models.Drive, error)
	OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error)
}

// Options are what a Service is made of.
type Options struct {
	Store   Store
	Catalog Catalog
	Log     *slog.Logger
	// Now is the clock; nil stands for the machine's.
	Now func() time.Time
}

// Service carries the rules of retention out. It is safe for concurrent use.
type Service struct {
	store   Store
	catalog Catalog
	log     *slog.Logger
	now     func() time.Time

	looks looks

	// soon is what runs after backups; stop ends it.
	soon sync.WaitGroup
	stop chan struct{}
	once sync.Once
}

// New returns a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = models.Now
	}
	return &Service{store: o.Store, catalog: o.Catalog, log: o.Log, now: o.Now, stop: make(chan struct{})}
}

// Preview returns what the rules of a job would keep and remove now, and changes nothing.
// rules, when set, take the place of the job's own on all drives. It returns
// models.ErrNotFound when there is no such job.
func (s *Service) Preview(ctx context.Context, jobID string, rules *models.Retention) (models.RetentionPlan, error) {
	now, err := s.store.RetentionSnapshot(ctx, jobID)
	if err != nil {
		return models.RetentionPlan{}, err
	}
	return Plan(now, PlanOptions{Now: s.now(), Rules: rules}), nil
}

// Prune removes what the rules of a job keep no longer, because a person asks for it now.
// The copies are off their backups when it returns; the drives are asked by RemoveDue. It
// returns the plan that was carried out. Where that rests nothing was removed.
func (s *Service) Prune(ctx context.Context, jobID string) (models.RetentionPlan, error) {
	return s.prune(ctx, jobID, cause{byHand: true})
}

// cause is why something is to be removed: a person asks for it, or it is due, and then
// no backup may have settled within a while.
type cause struct {
	byHand bool
	settle time.Duration
}

func (s *Service) prune(ctx context.Context, jobID string, why cause) (models.RetentionPlan, error) {
	var plan models.RetentionPlan
	removed, err := s.store.PruneJob(ctx, jobID, func(found models.RetentionSnapshot) []models.Removal {
		now := s.now()
		plan = Plan(found, PlanOptions{Now: now, ByHand: why.byHand})
		if !settling(found, now, why.settle).IsZero() {
			return nil
		}
		return s.removals(plan)
	})
	for _, r := range removed {
		s.log.Info("copy taken off its backup, and due to be removed", "job", plan.Job.Label, "backup_id", r.BackupID, "drive_id", r.DriveID, "reason", r.Reason)
	}
	return plan, err
}

// removals are the records of what a plan removes now.
func (s *Service) removals(p models.RetentionPlan) []models.Removal {
	now := s.now()
	made := map[string]time.Time{}
	for _, b := range p.Backups {
		made[b.Backup.ID] = b.Backup.CreatedAt
	}
	var all []models.Removal
	for _, c := range Due(p) {
		f := c.DriveFile
		all = append(all, models.Removal{ID: f.ID, JobID: p.Job.ID, BackupID: f.BackupID, BackupMade: made[f.BackupID], DriveID: f.DriveID,
			FileName: f.Label, Key: f.Key, Size: f.Size, Reason: strings.Join(c.Reasons, "; "), TryAt: &now, CreatedAt: now})
	}
	return all
}

// PruneSoon carries the rules of a job out beside the caller, who has just looked at a
// backup of it that finished, and asks the drives.
func (s *Service) PruneSoon(job models.Job) {
	if !job.Keeps() {
		return
	}
	s.soon.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-s.stop:
				cancel()
			case <-ctx.Done():
			}
		}()
		_, err := s.pruneDue(ctx, job, 0)
		if err == nil {
			err = s.RemoveHere(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("retention not carried out after a backup", "job", job.Label, "error", err)
		}
	})
}

// Close waits for what PruneSoon began, as long as that takes within a grace period, and
// then breaks it off. What is left undone is done by whoever asks the drives next.
func (s *Service) Close(grace time.Duration) {
	timer := time.AfterFunc(grace, func() { s.once.Do(func() { close(s.stop) }) })
	defer timer.Stop()
	s.soon.Wait()
}
