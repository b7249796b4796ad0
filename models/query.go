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
	JobID  string
	Label  string
	Status Status
	// Since and Until bound CreatedAt: from Since on, before Until.
	Since time.Time
	Until time.Time
}

// DrillFilter narrows a list of drills. Zero fields do not narrow.
type DrillFilter struct {
	JobID   string
	Outcome DrillOutcome
}

// RestoreFilter narrows a list of restores. Zero fields do not narrow.
type RestoreFilter struct {
	BackupID string
	Status   Status
}

// Progress is what the owner of a lease reports with each heartbeat.
type Progress struct {
	Phase   Phase
	RawSize int64
	Size    int64
}

// DumpFacts is what is recorded when a dump has proven itself, before any copy
// is published.
type DumpFacts struct {
	RawSize  int64
	Size     int64
	SHA256   string
	CRC64    string
	DumpPath string
	Warnings string
	DumpedAt time.Time
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
	At       time.Time
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
	// Keep says that rows which the plan lacks stay as they are: a command beside
	// a server must not remove what the server's own file names.
	Keep bool
}

// PlannedJob is a job as a configuration file names it.
type PlannedJob struct {
	Job    Job
	Source string
	Drives []string
}
