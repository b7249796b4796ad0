package models

import (
	"slices"
	"time"
)

// DrillOutcome is what a drill found.
type DrillOutcome string

// The outcomes of a drill.
const (
	// DrillRunning says that the drill has not ended.
	DrillRunning DrillOutcome = ""
	// DrillProven says that the restored database equals the manifest.
	DrillProven DrillOutcome = "proven"
	// DrillDisproven says that it does not, or that every copy is damaged.
	DrillDisproven DrillOutcome = "disproven"
	// DrillUnverified says that the drill could not be made, and Reason why.
	DrillUnverified DrillOutcome = "unverified"
)

// ProofLevel is how far a drill came. Each level includes those before it.
type ProofLevel string

// The levels of proof, lowest first.
const (
	LevelNone ProofLevel = ""
	// LevelStored says that the copy was read whole and has the length and the
	// SHA-256 that its manifest says.
	LevelStored ProofLevel = "stored"
	// LevelDecodes says that it unpacks to its end, that the dump inside is whole, and
	// that the dump holds what the manifest says.
	LevelDecodes ProofLevel = "decodes"
	// LevelRestores says that the dump was restored without an error.
	LevelRestores ProofLevel = "restores"
	// LevelEquals says that what came out equals the manifest.
	LevelEquals ProofLevel = "equals"
)

var levels = []ProofLevel{LevelNone, LevelStored, LevelDecodes, LevelRestores, LevelEquals}

// Below reports whether a drill that came as far as l came less far than other.
func (l ProofLevel) Below(other ProofLevel) bool {
	return slices.Index(levels, l) < slices.Index(levels, other)
}

// ScratchTemporary is the word for a private server that a drill starts for itself.
const ScratchTemporary = "temporary"

// Drill is one restore into a scratch database, compared with the manifest.
type Drill struct {
	ID       string `gorm:"primaryKey;size:36"`
	BackupID string `gorm:"size:36;not null"`
	JobID    string `gorm:"size:36;not null"`
	// DriveFileID is the copy that was read; empty until one was chosen.
	DriveFileID string  `gorm:"size:36;not null"`
	Trigger     Trigger `gorm:"size:16;not null"`
	// Scratch is ScratchTemporary, or the label of the data source whose server the
	// scratch database was made on.
	Scratch string `gorm:"size:255;not null"`
	// Server is the version of the server that restored it; empty before.
	Server  string       `gorm:"size:255;not null"`
	Phase   RestorePhase `gorm:"size:16;not null"`
	Outcome DrillOutcome `gorm:"size:16;not null"`
	Level   ProofLevel   `gorm:"size:16;not null"`
	// Reason is a sentence: what was compared, or what differs, or why it could not be told.
	Reason string `gorm:"type:text"`
	// RestoreTook is how long the restore alone took; 0 when it did not end well.
	RestoreTook time.Duration `gorm:"not null"`
	// Duration is how long the whole drill took.
	Duration time.Duration `gorm:"not null"`
	// Progress is as in Restore.
	Done  int64 `gorm:"not null"`
	Total int64 `gorm:"not null"`
	// RunnerID, SeenAt and CancelAsked are as in Restore.
	RunnerID    string     `gorm:"size:36;not null"`
	SeenAt      *time.Time `gorm:"precision:6"`
	CancelAsked bool       `gorm:"not null"`
	CreatedAt   time.Time  `gorm:"precision:6;not null"`
	// SettledAt is when the drill ended; nil while it runs.
	SettledAt *time.Time `gorm:"precision:6"`
}

// Running reports whether the drill has not ended.
func (d Drill) Running() bool { return d.Outcome == DrillRunning }

// DrillRequest asks for a drill of a backup.
type DrillRequest struct {
	BackupID string
	// DriveFileID is the copy to read; empty takes the fastest good one.
	DriveFileID string
	// Scratch is as in Drill; empty takes what the backup's job says.
	Scratch string
	// Unlock opens an encrypted dump; empty takes what the configuration has.
	Unlock  Unlock `json:"-"`
	Trigger Trigger
}
