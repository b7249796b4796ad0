package pages

import (
	"context"
	"io"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
)

// Backups is what pages ask of the service that makes backups.
type Backups interface {
	// Start asks for a run of a job; models.ErrConflict when one is pending.
	Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error)
	// Retry asks for another attempt at a failed backup.
	Retry(ctx context.Context, id string) (models.Backup, error)
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

// Handlers answer the pages.
type Handlers struct {
	Plans    Plans
	History  History
	Backups  Backups
	Schedule Schedule
	Version  string
	Now      func() time.Time
}

func (h *Handlers) page(title, section string) layout.Page {
	return layout.Page{Title: title, Section: section, Version: h.Version}
}

// pathID returns the id in the path, or models.ErrInvalid.
func pathID(c *gin.Context) (string, error) {
	id := c.Param("id")
	return id, models.CheckID(id)
}
