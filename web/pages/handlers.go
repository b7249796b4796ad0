package pages

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/web/cookies"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/origin"
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
	// Cancel ends a pending backup; models.ErrConflict when it has settled.
	Cancel(ctx context.Context, id string) (models.Backup, error)
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
	// NextRuns returns the next n slots of a job; none while it is paused.
	NextRuns(job models.Job, n int) []time.Time
	// NextDrill returns when a drill of a job is made next; false when none is planned.
	NextDrill(jobID string) (time.Time, bool)
}

// Slots is what pages ask about the slots of jobs.
type Slots interface {
	// MissedSlots returns those that were given up, newest first.
	MissedSlots(ctx context.Context, jobID string, limit int) ([]models.Missed, error)
	// NewestMissed returns the newest of each job, by the job's id, and MissedSince those
	// of all jobs since a moment, newest first.
	NewestMissed(ctx context.Context) (map[string]models.Missed, error)
	MissedSince(ctx context.Context, since time.Time) ([]models.Missed, error)
	// PauseJob and ResumeJob return models.ErrConflict when there is nothing to change.
	PauseJob(ctx context.Context, jobID string, at time.Time) error
	ResumeJob(ctx context.Context, jobID string, at time.Time) error
}

// Retention is what pages ask of the service that removes what the rules do not keep.
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

// Removals is what pages ask about copies that were removed, or are being removed.
type Removals interface {
	// Removals returns those of a job, newest first.
	Removals(ctx context.Context, jobID string, limit int) ([]models.Removal, error)
}

// Plans is what pages ask about jobs, sources and drives.
type Plans interface {
	JobSummaries(ctx context.Context) ([]models.JobSummary, error)
	// JobStandings is as JobSummaries, but counts no more than two finished backups of a job.
	JobStandings(ctx context.Context) ([]models.JobSummary, error)
	Job(ctx context.Context, id string) (models.Job, error)
	Jobs(ctx context.Context) ([]models.Job, error)
	Sources(ctx context.Context) ([]models.Source, error)
	Drives(ctx context.Context) ([]models.Drive, error)
}

// History is what pages ask about backups.
type History interface {
	Backups(ctx context.Context, f models.BackupFilter, after models.Cursor, limit int) ([]models.Backup, error)
	// BackupsBefore are those right before a place in the list, newest first.
	BackupsBefore(ctx context.Context, f models.BackupFilter, before models.Cursor, limit int) ([]models.Backup, error)
	Backup(ctx context.Context, id string) (models.Backup, error)
	Manifest(ctx context.Context, id string) (models.Manifest, error)
	LogText(ctx context.Context, id string) (string, error)
	// LogFrom is what a log has behind so many bytes, and how long it is.
	LogFrom(ctx context.Context, id string, offset int) (text string, length int, err error)
	Drills(ctx context.Context, backupID string) ([]models.Drill, error)
	// RunPoints returns what pictures need of the backups since a moment, oldest first, and
	// JobRunPoints of those of one job.
	RunPoints(ctx context.Context, since time.Time) ([]models.RunPoint, error)
	JobRunPoints(ctx context.Context, jobID string, since time.Time) ([]models.RunPoint, error)
	// NewestWithCopy returns, by the ids of jobs, the newest of the last failed backups of each,
	// of which it looks at so many, that has a finished copy all the same.
	NewestWithCopy(ctx context.Context, jobIDs []string, look int) (map[string]models.Backup, error)
}

// Drives is what pages ask about what drives hold and how their checks went.
type Drives interface {
	DriveChecks(ctx context.Context) (map[string]models.DriveCheck, error)
	DriveTotals(ctx context.Context) (map[string]models.DriveTotals, error)
	// DriveUsages returns what a drive, or all with an empty id, held each day since one.
	DriveUsages(ctx context.Context, driveID, since string) ([]models.DriveUsage, error)
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
	Plans     Plans
	History   History
	Drives    Drives
	Proof     Proof
	Backups   Backups
	Restores  Restores
	Catalog   Catalog
	Upkeep    Upkeep
	Schedule  Schedule
	Slots     Slots
	Retention Retention
	Removals  Removals
	Find      Finder
	// Accounts are nil where they are switched off, Secrets and Kits where there are none.
	Accounts identity.Accounts
	Secrets  identity.Secrets
	Kits     Kits
	// Notify is nil where nobody is told of anything.
	Notify Notify
	// Planner is nil where nothing can be set up here.
	Planner Planner
	// Cookies are what browsers show.
	Cookies cookies.Jar
	// SignIns are those that were begun; Comparisons, by the backup's id, Checks, by the
	// drive's, and Trials, by the source's, are those that were asked for on a page. Typed
	// are secrets of forms that are shown again.
	SignIns     *SignIns
	Typed       *Typed
	Trials      *tasks.Group[models.Trial]
	Comparisons *tasks.Group[[]models.CopyVerdict]
	Checks      *tasks.Group[models.DriveCheck]
	// AppURL is the address that people use; empty for the request's own.
	AppURL string
	// Proxies are believed when they say how a request came to them.
	Proxies origin.Proxies
	Version string
	Log     *slog.Logger
	Now     func() time.Time
	// Shared is how old what many look at at once may be; 0 reads it anew for each.
	Shared time.Duration
	// standings is how everything stands, and past what became of it before.
	standings shared[*standing]
	past      past
	// jobListings are what the list of jobs shows, and choices what lists are narrowed to.
	jobListings shared[*jobListing]
	choices     shared[backups.Choices]

	// lately is what was known lately beside backups that people watch.
	lately lately
	// watched are the backups whose runs are followed.
	watched watched
}

func (h *Handlers) page(title, section string) layout.Page {
	return layout.Page{Title: title, Section: section, Version: h.Version}
}

// pathID returns the id in the path, or models.ErrInvalid.
func pathID(c *gin.Context) (string, error) {
	id := c.Param("id")
	return id, models.CheckID(id)
}
