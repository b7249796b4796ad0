package restore

import (
	"context"
	"io"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// Store is what this package asks of the metadata database.
type Store interface {
	History
	Drills
	Restores
}

// History tells what there is to restore, and keeps logs. What is not there is
// models.ErrNotFound.
type History interface {
	Backup(ctx context.Context, id string) (models.Backup, error)
	Manifest(ctx context.Context, id string) (models.Manifest, error)
	// OpenManifest records what a dump holds whose manifest was sealed.
	OpenManifest(ctx context.Context, id string, inv models.Inventory) error
	// LastFinished returns the job's newest finished backup.
	LastFinished(ctx context.Context, jobID string) (models.Backup, error)
	SourceByLabel(ctx context.Context, label string) (models.Source, error)
	// DriveChecks returns the newest check of each drive, by the drive's id.
	DriveChecks(ctx context.Context) (map[string]models.DriveCheck, error)
	// SaveLog replaces the log of a restore or a drill.
	SaveLog(ctx context.Context, id, text string) error
}

// Drills keeps drills. Methods return models.ErrConflict for a drill that has ended,
// or that is another runner's.
type Drills interface {
	// InsertDrill records a drill that begins. It returns models.ErrConflict when another
	// of the same backup has not ended.
	InsertDrill(ctx context.Context, d models.Drill) error
	// SettleDrill ends a drill, and records on its backup what it found.
	SettleDrill(ctx context.Context, d models.Drill) error
	// SaveDrillProgress records a heartbeat, and reports whether somebody wants the
	// drill to stop.
	SaveDrillProgress(ctx context.Context, id, runnerID string, p models.RunProgress) (cancelAsked bool, err error)
	AskDrillCancel(ctx context.Context, id string) error
	// SilentDrills returns the drills that have not ended and whose runner gave no sign
	// of life for so long; those are all when that is nothing.
	SilentDrills(ctx context.Context, within time.Duration) ([]models.Drill, error)
}

// Restores keeps restores, as Drills keeps drills.
type Restores interface {
	// InsertRestore records a restore that begins. It returns models.ErrConflict when
	// another into the same target has not ended.
	InsertRestore(ctx context.Context, r models.Restore) error
	SettleRestore(ctx context.Context, id string, status models.Status, sentence, warnings string, took time.Duration, at time.Time) error
	SaveRestoreProgress(ctx context.Context, id, runnerID string, p models.RunProgress) (cancelAsked bool, err error)
	AskRestoreCancel(ctx context.Context, id string) error
	SilentRestores(ctx context.Context, within time.Duration) ([]models.Restore, error)
}

// Copies opens stored copies and looks after those that are damaged.
type Copies interface {
	// Open reads one finished copy.
	Open(ctx context.Context, backupID, driveFileID string) (io.ReadCloser, models.DriveFile, error)
	// Verify reads a copy back; one that is missing or damaged is marked as lost and
	// made again from another.
	Verify(ctx context.Context, backupID, driveFileID string) ([]models.CopyVerdict, error)
}

// Catalog knows what is configured and opens it.
type Catalog interface {
	Job(ctx context.Context, id string) (models.Job, error)
	// Jobs returns the jobs that are configured, by label.
	Jobs(ctx context.Context) ([]models.Job, error)
	// Unlock returns what the configuration has to open the dumps of a job.
	Unlock(ctx context.Context, jobID string) (models.Unlock, error)
	// OpenSource returns the settings of a source, too, secrets included.
	OpenSource(ctx context.Context, id string) (source.Source, source.Kind, models.Source, error)
	OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error)
}

// Backups makes backups of what is about to be overwritten.
type Backups interface {
	Start(ctx context.Context, jobID string, by models.Trigger) (models.Backup, error)
	// Finish brings a backup that was started to its end, and returns it.
	Finish(ctx context.Context, id string) (models.Backup, error)
}
