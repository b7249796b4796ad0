package models

import "time"

// Status is how a backup or a drive file stands, as the API tells it.
type Status string

// The three statuses of the outside contract.
const (
	StatusPending  Status = "pending"
	StatusFinished Status = "finished"
	StatusFailed   Status = "failed"
)

// Settled reports whether the status is final until somebody asks for a retry.
func (s Status) Settled() bool { return s == StatusFinished || s == StatusFailed }

// Phase is what happens inside a pending backup.
type Phase string

// The phases in the order a backup goes through them. A settled backup keeps
// the last phase it reached, which tells where a failed one stopped.
const (
	PhaseQueued    Phase = "queued"
	PhaseDumping   Phase = "dumping"
	PhaseUploading Phase = "uploading"
	PhaseVerifying Phase = "verifying"
)

// Trigger is what started a backup.
type Trigger string

// The triggers.
const (
	TriggerSchedule Trigger = "schedule"
	TriggerPage     Trigger = "page"
	TriggerAPI      Trigger = "api"
	TriggerCLI      Trigger = "cli"
	// TriggerAdopt says that the backup was found on a drive. What made it is not known.
	TriggerAdopt Trigger = "adopt"
)

// Backup is one run of a job.
type Backup struct {
	ID    string `gorm:"primaryKey;size:36"`
	JobID string `gorm:"size:36;not null"`
	// Label is the job's label when the backup was made; renaming a job does not rename its past.
	Label    string `gorm:"size:255;not null"`
	SourceID string `gorm:"size:36;not null"`
	// Slot is what the run is for: the scheduled second in RFC 3339 UTC, or
	// "manual:" and the backup's id; "adopted:" and the id for one that was found on a
	// drive. It is unique within the job.
	Slot    string  `gorm:"size:64;not null"`
	Trigger Trigger `gorm:"size:16;not null"`
	// Attempt counts from 1 and grows with each retry.
	Attempt int    `gorm:"not null"`
	Status  Status `gorm:"size:16;not null"`
	Phase   Phase  `gorm:"size:16;not null"`
	// Compression is how the dump file is packed. It is the job's when the backup
	// was made: a retry packs as the file's name says, whatever the job says now.
	Compression Compression `gorm:"size:16;not null"`
	// Encryption is EncryptionAge when the dump file is encrypted, else empty. Like
	// Compression it is the job's when the backup was made.
	Encryption string `gorm:"size:16;not null"`
	// FileName is the name of the dump file, without a folder.
	FileName string `gorm:"size:255;not null"`
	// DumpPath is the local path where the dump is: the spool while it exists,
	// then the copy on a local drive; nil when there is none.
	DumpPath *string `gorm:"size:4096"`
	// Error is the sentence that says why the backup failed; empty otherwise.
	Error string `gorm:"type:text"`
	// Warnings are sentences, one a line, about what the backup does not hold
	// or promise although it finished.
	Warnings string `gorm:"type:text"`
	// RawSize is the length of the dump before compression, so far while dumping.
	RawSize int64 `gorm:"not null"`
	// Size is the length of the dump file, so far while dumping.
	Size int64 `gorm:"not null"`
	// SHA256 is the digest of the dump file; empty until the dump is proven.
	SHA256 string `gorm:"column:sha256;size:64;not null"`
	// CRC64 is the CRC-64/NVME of the dump file, as sixteen hexadecimal digits,
	// which some providers compute over what they store; empty until the dump is
	// proven, and for backups of older versions.
	CRC64 string `gorm:"column:crc64;size:16;not null"`
	// LeaseOwner is the id of the runner that works on the backup; empty when none does.
	LeaseOwner string `gorm:"size:36;not null"`
	// LeaseUntil is when the lease runs out unless its owner renews it.
	LeaseUntil *time.Time `gorm:"precision:6"`
	// StartedAt is when the newest attempt began, DumpedAt when its dump proved
	// itself, SettledAt when the backup finished or failed.
	StartedAt *time.Time `gorm:"precision:6"`
	DumpedAt  *time.Time `gorm:"precision:6"`
	SettledAt *time.Time `gorm:"precision:6"`
	// ProvenAt is when a restore of this backup was last found equal to its manifest.
	ProvenAt *time.Time `gorm:"precision:6"`
	// DisprovenAt is when a drill found that this backup does not hold what was
	// dumped; nil when none has, or when a later drill found it equal. A disproven
	// backup is not good, whatever its status.
	DisprovenAt *time.Time `gorm:"precision:6"`
	// ProofLevel is the furthest that the newest drill came.
	ProofLevel ProofLevel `gorm:"size:16;not null"`
	// DrilledAt is when the newest drill ended, whatever it found.
	DrilledAt *time.Time `gorm:"precision:6"`
	// RestoreTook is how long the newest restore of this backup took, in a drill or
	// into a target; 0 while it is not known.
	RestoreTook time.Duration `gorm:"not null"`
	// SourceHost is the machine that is dumped, so that few dumps burden one at a time;
	// empty for a file of the server itself.
	SourceHost string `gorm:"size:255;not null"`
	// StartBy is when a backup that is still queued is given up, because the window of
	// its job has closed; nil when it may start at any time.
	StartBy *time.Time `gorm:"precision:6"`
	// SpoolNode is the node on whose disk the spool is; empty when there is none.
	SpoolNode string `gorm:"size:36;not null"`
	// PinnedAt is when somebody asked for the backup to be kept, whatever the rules of
	// retention say; nil when nobody has. PinnedUntil ends that; nil is for ever.
	PinnedAt    *time.Time `gorm:"precision:6"`
	PinnedUntil *time.Time `gorm:"precision:6"`
	// TablesDone counts the tables that the dump has gone through so far, and TablesTotal
	// those that it has to; 0 while that is not known.
	TablesDone  int `gorm:"not null"`
	TablesTotal int `gorm:"not null"`
	// CancelAskedAt is when somebody asked for the end of the run; nil when nobody has.
	CancelAskedAt *time.Time `gorm:"precision:6"`
	CreatedAt     time.Time  `gorm:"precision:6;not null"`
	// UpdatedAt is nil until the first change after the insert.
	UpdatedAt  *time.Time  `gorm:"precision:6;autoUpdateTime:false"`
	DriveFiles []DriveFile `gorm:"foreignKey:BackupID"`
}

// Good reports whether the backup may be counted on: it finished, and no drill has
// found it wrong.
func (b Backup) Good() bool { return b.Status == StatusFinished && b.DisprovenAt == nil }

// Cancelled reports whether the backup ended because somebody asked for that. Its status is
// failed, but nothing went wrong.
func (b Backup) Cancelled() bool { return b.Status == StatusFailed && b.CancelAskedAt != nil }

// Pinned reports whether the backup is kept at a moment whatever the rules say.
func (b Backup) Pinned(now time.Time) bool {
	return b.PinnedAt != nil && (b.PinnedUntil == nil || now.Before(*b.PinnedUntil))
}

// MaxHeals bounds how often a failed copy is made again by itself.
const MaxHeals = 32

// DriveFile is one copy of a backup on one drive.
type DriveFile struct {
	ID       string `gorm:"primaryKey;size:36"`
	BackupID string `gorm:"size:36;not null"`
	DriveID  string `gorm:"size:36;not null"`
	// Provider is the drive's kind, such as "local" or "s3".
	Provider string `gorm:"size:32;not null"`
	// Label is the name of the file on the drive, without a folder.
	Label string `gorm:"size:255;not null"`
	// Key is where the drive keeps the file, relative to the drive's own root.
	Key string `gorm:"size:1024;not null"`
	// Path is the full path or identifier on the provider; nil until the copy is there.
	Path   *string `gorm:"size:4096"`
	Status Status  `gorm:"size:16;not null"`
	// Error is the sentence that says why the copy failed; empty otherwise.
	Error string `gorm:"type:text"`
	// Size is how many bytes the drive has taken so far; the file's length once finished.
	Size int64 `gorm:"not null"`
	// VerifiedAt is when the copy was last read back and found identical.
	VerifiedAt *time.Time `gorm:"precision:6"`
	// LockedUntil is when the provider lets the copy be deleted; nil when it does now.
	LockedUntil *time.Time `gorm:"precision:6"`
	// HealAt is when a failed copy is made again by itself; nil when a person has
	// to mend something first, and for copies that did not fail.
	HealAt *time.Time `gorm:"precision:6"`
	// Heals counts how often that has been tried since the copy was last good, or
	// since a person asked for it. From MaxHeals on it is not tried by itself.
	Heals int `gorm:"not null"`
	// UnreadSince is when a finished copy that is there could not be read for the first time
	// since it was last read whole, UnreadAt when that was last tried; nil for those that can
	// be read. Unreads counts the readings that failed, and UnreadError is the sentence of the
	// last one. A reading only counts while the drive works.
	UnreadSince *time.Time `gorm:"precision:6"`
	UnreadAt    *time.Time `gorm:"precision:6"`
	Unreads     int        `gorm:"not null"`
	UnreadError string     `gorm:"type:text"`
	// CreatedAt is the backup's.
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6;autoUpdateTime:false"`
}

// Unread reports whether the copy could not be read when that was last tried, though its
// drive works.
func (f DriveFile) Unread() bool { return f.Status == StatusFinished && f.UnreadSince != nil }

// Log is what a run wrote down, oldest line first: the program's own steps and
// the tools' stderr, without secrets. BackupID is the id of a backup, of a restore or
// of a drill.
type Log struct {
	BackupID  string    `gorm:"primaryKey;size:36"`
	Text      string    `gorm:"type:mediumtext"`
	UpdatedAt time.Time `gorm:"precision:6;autoUpdateTime:false"`
}

// Runner is one process that works on backups: a server, or a command.
type Runner struct {
	ID   string `gorm:"primaryKey;size:36"`
	Host string `gorm:"size:255;not null"`
	PID  int    `gorm:"column:pid;not null"`
	// Node is the id of the data folder that the runner works in, which it may share
	// with commands on the same machine, and with those that ran there before.
	Node string `gorm:"size:36;not null"`
	// Serves says that the runner takes backups from the queue, as servers do.
	Serves    bool      `gorm:"not null"`
	StartedAt time.Time `gorm:"precision:6;not null"`
	// SeenAt is the runner's newest heartbeat.
	SeenAt time.Time `gorm:"precision:6;not null;index"`
}
