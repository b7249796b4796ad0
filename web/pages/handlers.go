package pages

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/web/tasks"
)

// Backups is what pages ask of the service that makes backups.
type Backups interface {
	// Start asks for a run of a job; models.ErrConflict when one is pending.
	Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error)
	// Retry asks for another attempt at a failed backup.
	Retry(ctx context.Context, id string) (models.Backup, error)
	// Heal asks for the missing copies of a failed backup whose dump is good.
	Heal(ctx context.Context, id string) (models.Backup, error)
	// Verify reads finished copies back, all or the one named.
	Verify(ctx context.Context, backupID, driveFileID string) ([]models.CopyVerdict, error)
	// Open reads a copy.
	Open(ctx context.Context, backupID, driveFileID string) (io.ReadCloser, models.DriveFile, error)
}

// Schedule is what pages ask of the schedule.
type Schedule interface {
	// NextRun returns when a job runs next; false when nothing is planned.
	NextRun(jobID string) (time.Time, bool)
	// PreviousRun returns the newest slot of a job that is not after a time;
	// false when there is none.
	PreviousRun(jobID string, until time.Time) (time.Time, bool)
}

// Plans is what pages ask about jobs, sources and drives.
type Plans interface {
	JobSummaries(ctx context.Context) ([]models.JobSummary, error)
	Job(ctx context.Context, id string) (models.Job, error)
	Jobs(ctx context.Context) ([]models.Job, error)
	Sources(ctx context.Context) ([]models.Source, error)
	Drives(ctx context.Context) ([]models.Drive, error)
}

// History is what pages ask about backups.
type History interface {
	Backups(ctx context.Context, f models.BackupFilter, after models.Cursor, limit int) ([]models.Backup, error)
	Backup(ctx context.Context, id string) (models.Backup, error)
	Manifest(ctx context.Context, id string) (models.Manifest, error)
	LogText(ctx context.Context, id string) (string, error)
	Drills(ctx context.Context, backupID string) ([]models.Drill, error)
}

// Drives is what pages ask about what drives hold and how their checks went.
type Drives interface {
	DriveChecks(ctx context.Context) (map[string]models.DriveCheck, error)
	DriveTotals(ctx context.Context) (map[string]models.DriveTotals, error)
}

// Catalog is what pages ask of the configured drives.
type Catalog interface {
	// Drives returns every configured drive, by label, without secrets.
	Drives(ctx context.Context) ([]models.Drive, error)
	// OpenDrive opens one, or returns models.ErrNotFound. It does not connect.
	OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error)
	// SignIn prepares a sign-in; models.ErrInvalid for a drive that nobody signs in to.
	SignIn(ctx context.Context, id string) (drive.SignIn, models.Drive, error)
	// Reopen lets the next use open a drive anew.
	Reopen(id string)
}

// Upkeep is what pages ask of the service that looks after drives.
type Upkeep interface {
	// Check checks a drive now and records what that found.
	Check(ctx context.Context, driveID string) (models.DriveCheck, error)
}

// Handlers answer the pages.
type Handlers struct {
	Plans    Plans
	History  History
	Drives   Drives
	Proof    Proof
	Backups  Backups
	Restores Restores
	Catalog  Catalog
	Upkeep   Upkeep
	Schedule Schedule
	// SignIns are those that were begun; Comparisons, by the backup's id, and Checks,
	// by the drive's, are those that were asked for on a page.
	SignIns     *SignIns
	Comparisons *tasks.Group[[]models.CopyVerdict]
	Checks      *tasks.Group[models.DriveCheck]
	// AppURL is the address that people use; empty for the request's own.
	AppURL  string
	Version string
	Log     *slog.Logger
	Now     func() time.Time
}

func (h *Handlers) page(title, section string) layout.Page {
	return layout.Page{Title: title, Section: section, Version: h.Version}
}

// pathID returns the id in the path, or models.ErrInvalid.
func pathID(c *gin.Context) (string, error) {
	id := c.Param("id")
	return id, models.CheckID(id)
}
