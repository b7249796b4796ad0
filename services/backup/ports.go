package backup

import (
	"context"
	"time"

	"github.com/backupman/backupman/models"
)

// Store is what this package asks of the metadata database. Methods that name a
// runner change nothing and return models.ErrConflict when that runner no
// longer holds the backup's lease.
type Store interface {
	// InsertBackup records a pending backup with its drive files, in one
	// transaction. It returns models.ErrBusy when the job has a backup that still dumps,
	// and models.ErrConflict when the slot was started or given up.
	InsertBackup(ctx context.Context, b models.Backup) error
	// Backup returns one backup with its drive files, or models.ErrNotFound.
	Backup(ctx context.Context, id string) (models.Backup, error)

	// Claim gives a pending backup's lease to a runner for so long. It returns
	// models.ErrConflict when the backup has an owner other than from or is settled;
	// from is empty for a backup that nobody holds.
	Claim(ctx context.Context, id, from, runner string, lease time.Duration) error
	// ClaimNextDump gives the oldest pending backup that nobody holds, that has no
	// proven dump and that fits the limits to a runner, or returns models.ErrNotFound.
	ClaimNextDump(ctx context.Context, runner string, lease time.Duration, limits models.Limits) (models.Backup, error)
	// NextOverdue returns a queued backup that should have been started by now, and how
	// many others wait before it or are dumped, or models.ErrNotFound.
	NextOverdue(ctx context.Context) (b models.Backup, before int, err error)
	// NextToCopy returns the oldest pending backup that nobody holds and whose dump is
	// proven, or models.ErrNotFound. What lies on another node is left to that one.
	NextToCopy(ctx context.Context, here models.Place) (models.Backup, error)
	// Held returns the pending backups that a runner holds.
	Held(ctx context.Context) ([]models.HeldBackup, error)
	// Begin records that a new attempt starts: StartedAt, and a clean slate of sizes.
	Begin(ctx context.Context, id, runner string, at time.Time) error
	// Renew makes the lease last so long from now and records progress. It reports whether
	// somebody wants the backup to end.
	Renew(ctx context.Context, id, runner string, lease time.Duration, p models.Progress) (cancelAsked bool, err error)
	// AskBackupCancel notes that somebody wants a pending backup to end. It returns
	// models.ErrConflict when the backup has settled.
	AskBackupCancel(ctx context.Context, id string) error
	// NextCancelled returns a pending backup that nobody holds and that somebody wants to
	// end, or models.ErrNotFound.
	NextCancelled(ctx context.Context) (models.Backup, error)
	// RecordDump records a proven dump and its manifest, in one transaction.
	RecordDump(ctx context.Context, id, runner string, f models.DumpFacts, m models.Manifest) error
	// ChangeDriveFile records how one copy stands.
	ChangeDriveFile(ctx context.Context, backupID, driveFileID, runner string, c models.DriveFileChange) error
	// SaveCopySize records how many bytes a drive has taken of a copy that is
	// still pending. It changes nothing of one that has settled.
	SaveCopySize(ctx context.Context, backupID, driveFileID, runner string, size int64) error
	// SetSpoolNode records on which node the spool of a held backup is now.
	SetSpoolNode(ctx context.Context, id, runner, node string) error
	// HandOver gives the lease of a backup whose dump is proven back, so that its copies
	// are made by others. For so long it is left to the node of its spool.
	HandOver(ctx context.Context, id, runner string, reserve time.Duration) error
	// PutBack puts a backup whose dump is not proven back into the queue.
	PutBack(ctx context.Context, id, runner string) error
	// ForgetSpool records that a node removes the spool of a failed backup. It returns
	// models.ErrConflict when the backup has not failed.
	ForgetSpool(ctx context.Context, id, node string) error
	// Settle ends the backup and gives the lease back.
	Settle(ctx context.Context, id, runner string, s models.Settlement) error
	// Requeue makes a failed backup pending again: its attempt grows, its failed
	// drive files become pending, and their heals are forgotten. With redump the
	// dump's facts are forgotten and every drive file becomes pending. It returns
	// models.ErrConflict when the backup has not failed, or when redump is asked for
	// and its job may not dump now.
	Requeue(ctx context.Context, id string, redump bool) error
	// TakeFailed is as Requeue without redump, but keeps the heals and gives the
	// lease to a runner at once.
	TakeFailed(ctx context.Context, id, runner string, lease time.Duration) error

	// HealDue returns the ids of failed backups, at most limit, whose dump is proven
	// and of which a copy is due to be made again by itself, the longest due first. What
	// lies on another node is left to that one.
	HealDue(ctx context.Context, here models.Place, now time.Time, limit int) ([]string, error)
	// PostponeHeal puts the healing of a backup's due copies off; with a zero time it
	// is given up.
	PostponeHeal(ctx context.Context, backupID string, until time.Time) error
	// FailedCopies returns the failed copies of settled backups on a drive, or on all with
	// an empty id, that were made since a moment, at most limit, newest first.
	FailedCopies(ctx context.Context, driveID string, since time.Time, limit int) ([]models.DriveFile, error)
	// VerifyCopy records that a finished copy was read back and found identical.
	VerifyCopy(ctx context.Context, driveFileID string, at time.Time) error
	// UnreadCopy records that a finished copy could not be read at a moment, and why.
	UnreadCopy(ctx context.Context, driveFileID string, at time.Time, why string) error
	// LoseCopy records that a finished copy is missing, damaged or unreadable; its backup has
	// failed then. It returns models.ErrConflict when the backup is pending, or was
	// tried again since the copy was looked at.
	LoseCopy(ctx context.Context, lost models.LostCopy) error

	// Manifest returns the manifest of a backup, or models.ErrNotFound.
	Manifest(ctx context.Context, id string) (models.Manifest, error)
	// SaveLog replaces the log of a backup.
	SaveLog(ctx context.Context, id, text string) error
	// LogText returns the log of a backup, empty when there is none.
	LogText(ctx context.Context, id string) (string, error)
	// LastFinished returns the job's newest finished backup, or models.ErrNotFound.
	LastFinished(ctx context.Context, jobID string) (models.Backup, error)

	// Beat records that a runner is alive now.
	Beat(ctx context.Context, r models.Runner) error
	// RemoveRunner forgets a runner that has ended.
	RemoveRunner(ctx context.Context, id string) error
	// ForgetRunners forgets those that were not seen for so long.
	ForgetRunners(ctx context.Context, unseen time.Duration) error
	// ServerSeenWithin tells whether a runner that serves the queue was alive within a
	// while, NodeSeenWithin whether one of a node was.
	ServerSeenWithin(ctx context.Context, within time.Duration) (bool, error)
	NodeSeenWithin(ctx context.Context, node string, within time.Duration) (bool, error)
}
