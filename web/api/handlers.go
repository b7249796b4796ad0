package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
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

// Handlers answer the API. Each returns its error to the one door.
type Handlers struct {
	Store    Store
	Backups  Backups
	Restores Restores
	Catalog  Catalog
	Upkeep   Upkeep
	Links    *Links
	// AppURL is the address that links begin with; empty for the request's own.
	AppURL string
	Now    func() time.Time
	// Ping tells whether the metadata database answers.
	Ping func(ctx context.Context) error
	// CheckKey returns models.ErrUnauthorized unless the request shows an API key where one is needed.
	CheckKey func(r *http.Request) error
}

// pathID returns the id in the path, or models.ErrInvalid.
func pathID(c *gin.Context) (string, error) {
	id := c.Param("id")
	return id, models.CheckID(id)
}
