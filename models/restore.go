package models

import (
	"strings"
	"time"
)

// RestorePhase is what happens inside a restore or a drill that runs.
type RestorePhase string

// The phases in the order they are gone through. Drills know no safety backup, and
// restores no comparison.
const (
	RestoreQueued RestorePhase = "queued"
	// RestoreFetching reads the copy from its drive and compares it with its digest.
	RestoreFetching RestorePhase = "fetching"
	// RestoreChecking unpacks the dump to its end and reads what it holds.
	RestoreChecking RestorePhase = "checking"
	// RestoreSafety backs up what is about to be overwritten.
	RestoreSafety RestorePhase = "safety"
	// RestoreRestoring writes into the target. Nothing was touched before.
	RestoreRestoring RestorePhase = "restoring"
	// RestoreComparing dumps a scratch database again and compares it.
	RestoreComparing RestorePhase = "comparing"
)

// TargetKind is what a backup is restored into.
type TargetKind string

// The kinds of target.
const (
	// TargetSource is the database of a data source: the one the backup is of, or another.
	TargetSource TargetKind = "source"
	// TargetNew is a new database on the server of a data source; for SQLite a new
	// file beside the source's own.
	TargetNew TargetKind = "new"
	// TargetFile is a new file that gets the unpacked dump.
	TargetFile TargetKind = "file"
)

// RestoreTarget says where a backup is restored to.
type RestoreTarget struct {
	Kind TargetKind
	// SourceID is the data source for TargetSource and TargetNew; empty stands for the
	// one that the backup is of.
	SourceID string
	// Name is the database of TargetNew, or the path of TargetFile.
	Name string
}

// TableName names one table.
type TableName struct {
	// Schema is empty where the engine has none below the database.
	Schema string `json:",omitempty"`
	Name   string
}

// String returns the name as people write it.
func (t TableName) String() string {
	if t.Schema == "" {
		return t.Name
	}
	return t.Schema + "." + t.Name
}

// RestoreRequest asks for a restore, or for a plan of one.
type RestoreRequest struct {
	// BackupID is what is restored, or UploadID of a file that was uploaded; one of both.
	BackupID string
	UploadID string
	// DriveFileID is the copy to read; empty takes the fastest good one.
	DriveFileID string
	Target      RestoreTarget
	// Tables are those to restore; empty is everything.
	Tables []TableName
	// Replace lets what is in the target be overwritten: the whole database, or the
	// named tables.
	Replace bool
	// WithoutSafety replaces without a backup of what is there.
	WithoutSafety bool
	// Confirm is the target's name, typed by a person (RestorePlan.Confirm).
	Confirm string
	// Unlock opens an encrypted dump; empty takes what the configuration has.
	Unlock  Unlock `json:"-"`
	Trigger Trigger
}

// Restore is one restore of a backup, or of some of its tables, into a real target.
type Restore struct {
	ID string `gorm:"primaryKey;size:36"`
	// BackupID is empty for an uploaded file.
	BackupID    string `gorm:"size:36;not null"`
	DriveFileID string `gorm:"size:36;not null"`
	// FileName is the name of the dump file.
	FileName string `gorm:"size:255;not null"`
	// Label is the label of the backup's job, or the name of the uploaded file.
	Label    string `gorm:"size:255;not null"`
	Provider string `gorm:"size:32;not null"`

	TargetKind     TargetKind `gorm:"size:16;not null"`
	TargetSourceID string     `gorm:"size:36;not null"`
	// TargetLabel is the label of the data source; empty for a file.
	TargetLabel string `gorm:"size:255;not null"`
	// TargetName is the database's name, or the path of a file.
	TargetName string `gorm:"size:4096;not null"`
	// Tables are those that were asked for; empty is everything.
	Tables  []TableName `gorm:"serializer:json;type:text"`
	Replace bool        `gorm:"not null"`
	// SafetyBackupID is the backup that was made of what was overwritten; empty when
	// there is none.
	SafetyBackupID string `gorm:"size:36;not null"`

	Trigger Trigger      `gorm:"size:16;not null"`
	Status  Status       `gorm:"size:16;not null"`
	Phase   RestorePhase `gorm:"size:16;not null"`
	// Error is the sentence that says why it failed, and what the target holds now.
	Error string `gorm:"type:text"`
	// Warnings are sentences, one a line, about what did not come back as it was.
	Warnings string `gorm:"type:text"`
	// Done and Total are bytes of the present phase: of the file while fetching, of the
	// unpacked dump while checking and restoring. Total is 0 while it is not known.
	Done  int64 `gorm:"not null"`
	Total int64 `gorm:"not null"`
	// RestoreTook is how long writing into the target took; 0 before.
	RestoreTook time.Duration `gorm:"not null"`
	// RunnerID is the process that makes it, SeenAt its newest heartbeat. One that is
	// silent for long has died, and what it ran is settled by whoever sees it.
	RunnerID string     `gorm:"size:36;not null"`
	SeenAt   *time.Time `gorm:"precision:6"`
	// CancelAsked says that somebody wants it to stop; its runner looks.
	CancelAsked bool       `gorm:"not null"`
	CreatedAt   time.Time  `gorm:"precision:6;not null"`
	SettledAt   *time.Time `gorm:"precision:6"`
}

// Whole reports whether everything in the backup is restored, and not some tables.
func (r Restore) Whole() bool { return len(r.Tables) == 0 }

// RunProgress is what the runner of a restore or a drill records with each heartbeat.
type RunProgress struct {
	Phase       RestorePhase
	DriveFileID string
	Done        int64
	Total       int64
	// SafetyBackupID and Server are written down once they are known; empty changes nothing.
	SafetyBackupID string
	Server         string
}

// TargetTable is one table that a target holds now.
type TargetTable struct {
	TableName
	// Rows is the engine's own estimate, -1 where it does not tell.
	Rows  int64
	Bytes int64
}

// TargetState is what a target holds before a restore touches it.
type TargetState struct {
	// Database is the database's name, or the file's path.
	Database string
	Exists   bool
	// Server is the version of the server.
	Server string
	Tables []TargetTable
	// Objects counts everything else, such as views and routines.
	Objects int
	// Size is the engine's estimate in bytes.
	Size int64
	// ChangedAt is when the newest change was made that the engine knows of; nil
	// where it does not tell.
	ChangedAt *time.Time
	// Problems keep a restore from being made; each says how to mend it.
	Problems []string
}

// Empty reports whether a restore would overwrite nothing.
func (t TargetState) Empty() bool { return !t.Exists || len(t.Tables) == 0 && t.Objects == 0 }

// RestoreCopy is one copy that could be read for a restore.
type RestoreCopy struct {
	DriveFileID string
	DriveID     string
	Drive       string
	Provider    string
	// Proposed says that it is the fastest good one.
	Proposed bool
	// Why says in a few words what speaks for or against it.
	Why string
}

// RestorePlan is what a restore would do. Making one touches nothing.
type RestorePlan struct {
	Request RestoreRequest
	// Label, Provider and Inventory tell what is restored.
	Label     string
	Provider  string
	Inventory Inventory
	// Size is the length of the dump file in bytes, RawSize that of the dump inside.
	Size    int64
	RawSize int64
	// Copies are the good ones, fastest first; empty for an uploaded file.
	Copies []RestoreCopy
	// Target is what is there now.
	Target TargetState
	// TargetLabel is the data source's label; empty for a file. TargetName is the
	// database or the path.
	TargetLabel string
	TargetName  string
	// Overwrites are the tables that exist and would be replaced.
	Overwrites []TargetTable
	// NeedsReplace says that the target is not empty, so that Replace must be asked for.
	NeedsReplace bool
	// Confirm is the word that a person must type.
	Confirm string
	// SafetyJob is the label of the job that makes the safety backup; empty when none
	// can be made, and NoSafety then says why in a sentence.
	SafetyJob string
	NoSafety  string
	// Problems keep the restore from being started; Warnings do not.
	Problems []string
	Warnings []string
	// LastTook is how long the newest restore of this backup took; 0 when none is known.
	LastTook time.Duration
	// File tells how the dump is packed and encrypted. Locked says in a sentence what is
	// missing to open it; empty where nothing is. Hidden says that what is in it is not
	// known, because its manifest is sealed and nobody has opened it.
	File   FileFacts
	Locked string
	Hidden bool
}

// Upload is a dump file that a person uploaded to restore from.
type Upload struct {
	ID   string
	Name string
	// Provider is the kind of database that the dump is of.
	Provider    string
	Compression Compression
	// Encryption is EncryptionAge when the file is encrypted. It stays so.
	Encryption string `json:",omitempty"`
	Size       int64
	RawSize    int64
	SHA256     string
	Inventory  Inventory
	CreatedAt  time.Time
}

// Code returns what a server runs of the dump by itself, once it is there or while it is
// restored, as the account that restores it; empty for nothing.
func (u Upload) Code() string {
	switch {
	case u.Provider == "mysql" && u.Inventory.Count(ObjectEvent) > 0:
		return "events"
	case u.Provider == "postgres" && u.Inventory.Count(ObjectRoutine)+u.Inventory.Count(ObjectExtension)+u.Inventory.Count("materialized view")+u.Inventory.Count("event trigger") > 0:
		return "functions, extensions or materialized views"
	}
	return ""
}

// ParseTableName reads SCHEMA.TABLE, or TABLE alone; names of which a part holds a dot
// cannot be written so. It returns ErrInvalid for an empty name.
func ParseTableName(text string) (TableName, error) {
	schema, name, ok := strings.Cut(text, ".")
	if !ok {
		schema, name = "", text
	}
	if name == "" {
		return TableName{}, Invalidf("%q is not the name of a table: write TABLE, or SCHEMA.TABLE", text)
	}
	return TableName{Schema: schema, Name: name}, nil
}
