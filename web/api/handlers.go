package api

import (
	"context"
	"io"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/origin"
)

// Store is what the API asks of the metadata database.
type Store interface {
	// Backups returns up to limit backups behind a cursor, newest first.
	Backups(ctx context.Context, f models.BackupFilter, after models.Cursor, limit int) ([]models.Backup, error)
	// EachBackup calls fn for every backup, newest first, and stops at its error.
	EachBackup(ctx context.Context, f models.BackupFilter, fn func(models.Backup) error) error
	// Backup returns one backup with its drive files, or models.ErrNotFound.
	Backup(ctx context.Context, id string) (models.Backup, error)
	// Jobs returns every job.
	Jobs(ctx context.Context) ([]models.Job, error)
	// DriveChecks returns the newest check of each drive, by the drive's id.
	DriveChecks(ctx context.Context) (map[string]models.DriveCheck, error)
	// DriveTotals counts the copies on each drive, by the drive's id.
	DriveTotals(ctx context.Context) (map[string]models.DriveTotals, error)
	// JobByLabel returns the job of a label, or models.ErrNotFound.
	JobByLabel(ctx context.Context, label string) (models.Job, error)
	// Sources returns every data source.
	Sources(ctx context.Context) ([]models.Source, error)
	// Manifest returns the manifest of a backup, or models.ErrNotFound.
	Manifest(ctx context.Context, id string) (models.Manifest, error)
	Proofs
	Slots
}

// Slots is what the API asks about the schedules of jobs, and about what was removed.
type Slots interface {
	// Job returns one job, also one that has left the configuration, or models.ErrNotFound.
	Job(ctx context.Context, id string) (models.Job, error)
	// Drives returns every drive, also those that have left the configuration.
	Drives(ctx context.Context) ([]models.Drive, error)
	// MissedSlots returns those that were given up, newest first.
	MissedSlots(ctx context.Context, jobID string, limit int) ([]models.Missed, error)
	// PauseJob and ResumeJob return models.ErrConflict when there is nothing to change.
	PauseJob(ctx context.Context, jobID string, at time.Time) error
	ResumeJob(ctx context.Context, jobID string, at time.Time) error
	// Removals returns those of a job, newest first.
	Removals(ctx context.Context, jobID string, limit int) ([]models.Removal, error)
}

// Schedule is what the API asks of the schedule.
type Schedule interface {
	// NextRuns returns the next n slots of a job; none while it is paused.
	NextRuns(job models.Job, n int) []time.Time
	// NextDrill returns when a drill of a job is made next; false when none is planned.
	NextDrill(jobID string) (time.Time, bool)
}

// Retention is what the API asks of the service that removes what rules do not keep.
type Retention interface {
	// Preview tells what would be removed: by the job's own rules, or by the given ones on
	// all of its drives. It changes nothing.
	Preview(ctx context.Context, jobID string, rules *models.Retention) (models.RetentionPlan, error)
	// Prune removes it; a plan that rests says that it removed nothing, and why.
	Prune(ctx context.Context, jobID string) (models.RetentionPlan, error)
	// Pin keeps a backup until a time, or for ever; Unpin ends that.
	Pin(ctx context.Context, backupID string, until *time.Time) (models.Backup, error)
	Unpin(ctx context.Context, backupID string) (models.Backup, error)
	// PreviewDelete tells what deleting a backup would do. Delete deletes it: what would be
	// missed only when that is meant.
	PreviewDelete(ctx context.Context, backupID string) (models.Deletion, error)
	Delete(ctx context.Context, backupID string, meant bool) (models.Deletion, error)
}

// Proofs is what the API asks about restores, drills and alarms.
type Proofs interface {
	Restore(ctx context.Context, id string) (models.Restore, error)
	Restores(ctx context.Context, f models.RestoreFilter, after models.Cursor, limit int) ([]models.Restore, error)
	Drill(ctx context.Context, id string) (models.Drill, error)
	// Drills returns those of one backup, newest first.
	Drills(ctx context.Context, backupID string) ([]models.Drill, error)
	RecentDrills(ctx context.Context, f models.DrillFilter, after models.Cursor, limit int) ([]models.Drill, error)
	// Alarms returns all, newest first, or those that nobody has looked at.
	Alarms(ctx context.Context, unseenOnly bool) ([]models.Alarm, error)
	SeeAlarm(ctx context.Context, id string, at time.Time) error
}

// Backups is what the API asks of the service that makes backups.
type Backups interface {
	// Start asks for a run of a job; models.ErrConflict when one is pending.
	Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error)
	// Retry asks for another attempt at a failed backup.
	Retry(ctx context.Context, id string) (models.Backup, error)
	// Heal asks for the missing copies of a failed backup whose dump is good.
	Heal(ctx context.Context, id string) (models.Backup, error)
	// Cancel ends a pending backup; models.ErrConflict when it has settled.
	Cancel(ctx context.Context, id string) (models.Backup, error)
	// Verify reads finished copies back, all or the one named.
	Verify(ctx context.Context, backupID, driveFileID string) ([]models.CopyVerdict, error)
	// Wait returns the backup once it is settled, or when ctx ends.
	Wait(ctx context.Context, id string) (models.Backup, error)
	// Open reads a copy; an empty driveFileID is the best finished one.
	Open(ctx context.Context, backupID, driveFileID string) (io.ReadCloser, models.DriveFile, error)
}

// Catalog is what the API asks of the configured drives.
type Catalog interface {
	// Drives returns every configured drive, by label, without secrets.
	Drives(ctx context.Context) ([]models.Drive, error)
	// OpenDrive opens one, or returns models.ErrNotFound.
	OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error)
	// SignIn prepares a sign-in; models.ErrInvalid for a drive that nobody signs in to.
	SignIn(ctx context.Context, id string) (drive.SignIn, models.Drive, error)
}

// Upkeep is what the API asks of the service that looks after drives.
type Upkeep interface {
	// Check checks a drive now; what is wrong with it is in the check.
	Check(ctx context.Context, driveID string) (models.DriveCheck, error)
}

// Kits makes recovery kits of encrypted jobs.
type Kits interface {
	// Take returns the kit of a job, and notes that it was taken.
	Take(ctx context.Context, jobID string) (models.Kit, error)
}

// Handlers answer the API. Each returns its error to the one door.
type Handlers struct {
	Store     Store
	Backups   Backups
	Restores  Restores
	Catalog   Catalog
	Upkeep    Upkeep
	Schedule  Schedule
	Retention Retention
	// Accounts are nil where they are switched off, Secrets and Kits where there are none.
	Accounts identity.Accounts
	Secrets  identity.Secrets
	Kits     Kits
	// Planner is nil where nothing can be set up.
	Planner Planner
	// Notify is nil where nobody is told of anything.
	Notify Notify
	Links  *Links
	Used   UsedLinks
	// AppURL is the address that links begin with; empty for the request's own.
	AppURL string
	// Proxies are believed when they say how a request came to them.
	Proxies origin.Proxies
	Now     func() time.Time
	// Ping tells whether the metadata database answers.
	Ping func(ctx context.Context) error
}

// pathID returns the id in the path, or models.ErrInvalid.
func pathID(c *gin.Context) (string, error) {
	id := c.Param("id")
	return id, models.CheckID(id)
}
