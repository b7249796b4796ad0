package models

import "time"

// Cursor marks a place in a list of backups, newest first: the page after it
// starts with the next older backup. The zero Cursor is the start.
type Cursor struct {
	CreatedAt time.Time
	ID        string
}

// IsZero reports whether the cursor is the start of the list.
func (c Cursor) IsZero() bool { return c.ID == "" }

// BackupFilter narrows a list of backups. Zero fields do not narrow.
type BackupFilter struct {
	JobID string
	// JobIDs narrows to the jobs that whoever asks has to do with.
	JobIDs []string
	Label  string
	Status Status
	// SourceID narrows to backups of one source, DriveID to those with a copy, of whatever
	// status, on one drive.
	SourceID string
	DriveID  string
	Proof    Proof
	// Cancelled tells those that somebody cancelled from the others.
	Cancelled CancelFilter
	// Pinned narrows to those that are pinned now.
	Pinned bool
	// Since and Until bound CreatedAt: from Since on, before Until.
	Since time.Time
	Until time.Time
}

// Proof is what drills have found of a backup.
type Proof string

// The proofs that a list is narrowed to.
const (
	ProofProven    Proof = "proven"
	ProofUnproven  Proof = "unproven"
	ProofDisproven Proof = "disproven"
)

// CancelFilter says what becomes of backups that somebody cancelled, see Backup.Cancelled.
type CancelFilter string

// The ways to look at cancelled backups: they alone, or all others.
const (
	CancelOnly CancelFilter = "only"
	CancelNot  CancelFilter = "not"
)

// DrillFilter narrows a list of drills. Zero fields do not narrow.
type DrillFilter struct {
	JobID string
	// JobIDs narrows to the jobs that whoever asks has to do with.
	JobIDs  []string
	Outcome DrillOutcome
}

// RestoreFilter narrows a list of restores. Zero fields do not narrow.
type RestoreFilter struct {
	BackupID string
	// JobIDs narrows to restores of backups that are there and of these jobs.
	JobIDs []string
	Status Status
}

// Progress is what the owner of a lease reports with each heartbeat.
type Progress struct {
	Phase   Phase
	RawSize int64
	Size    int64
	// TablesDone and TablesTotal are as in Backup.
	TablesDone  int
	TablesTotal int
}

// DumpFacts is what is recorded when a dump has proven itself, before any copy
// is published.
type DumpFacts struct {
	RawSize  int64
	Size     int64
	SHA256   string
	CRC64    string
	DumpPath string
	// SpoolNode is the node on whose disk DumpPath is.
	SpoolNode string
	Warnings  string
	DumpedAt  time.Time
}

// DriveFileChange is the whole changeable part of a drive file.
type DriveFileChange struct {
	Status     Status
	Error      string
	Path       *string
	Size       int64
	VerifiedAt *time.Time
	// LockedUntil, HealAt and Heals are as in DriveFile.
	LockedUntil *time.Time
	HealAt      *time.Time
	Heals       int
}

// Settlement is how a backup ends.
type Settlement struct {
	Status Status
	// Error is a sentence; empty when finished.
	Error string
	// DumpPath is where the dump is now; nil when it is nowhere on this machine.
	DumpPath *string
	// SpoolNode is the node on whose disk the spool stays; empty when it goes.
	SpoolNode string
	At        time.Time
}

// JobSummary is what the landing page tells of one job.
type JobSummary struct {
	Job Job
	// SourceLabel and SourceProvider are empty when the source is gone.
	SourceLabel    string
	SourceProvider string
	// Newest is the newest backup, NewestFinished the newest finished one,
	// NewestProven the newest whose restore was found equal; nil when there is none.
	Newest         *Backup
	NewestFinished *Backup
	NewestProven   *Backup
	// Finished counts the job's finished backups.
	Finished int64
	// LastDrill is the newest drill of NewestFinished, also one that runs; nil when there
	// is none.
	LastDrill *Drill
	// Alarms counts those of the job that nobody has looked at.
	Alarms int64
}

// Plan is everything a configuration file asks for. Jobs refer to sources and
// drives by label here, because ids belong to the metadata database.
type Plan struct {
	Sources []Source
	Drives  []Drive
	Jobs    []PlannedJob
	// Notifiers are kept in memory only.
	Notifiers []Notifier
	// Keep says that rows which the plan lacks stay as they are: a command beside
	// a server must not remove what the server's own file names.
	Keep bool
	// Revision, when it is set, is the PlanRevision of what people set up that the plan was
	// made from: a plan that others have outdated since is not applied.
	Revision string
}

// PlannedJob is a job as a configuration file names it.
type PlannedJob struct {
	Job    Job
	Source string
	Drives []string
	// DriveRetention is Job.DriveRetention by the drive's label.
	DriveRetention map[string]Retention
	// Passphrase encrypts and opens the dumps when Job.Encryption says so.
	Passphrase Secret `json:"-"`
	// Identity is an age identity file, with which drills and restores on this server
	// open the dumps; empty when the server has no private key.
	Identity Secret `json:"-"`
	// Former are references to the stored secrets that were the passphrase before, the
	// newest last; they open earlier backups.
	Former []Secret `json:"-"`
}
