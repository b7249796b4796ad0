package models

import "time"

// DriveCheck is what the newest check of a drive found.
type DriveCheck struct {
	DriveID   string    `gorm:"primaryKey;size:36"`
	CheckedAt time.Time `gorm:"precision:6;not null"`
	// GoodAt is when a check last passed; nil when none has.
	GoodAt *time.Time `gorm:"precision:6"`
	// Error is the sentence that says why the newest check failed; empty when it passed.
	Error string `gorm:"type:text"`
	// NeedsSignIn says that somebody has to sign in to the provider again.
	NeedsSignIn bool `gorm:"not null"`
	// Free and Total are bytes; -1 where the provider does not tell.
	Free  int64 `gorm:"not null"`
	Total int64 `gorm:"not null"`
	// SampledAt is when copies on the drive were last read back as a sample; nil before.
	SampledAt *time.Time `gorm:"precision:6"`
}

// Good reports whether the newest check passed.
func (c DriveCheck) Good() bool { return c.Error == "" }

// DriveTotals counts what a drive is known to hold.
type DriveTotals struct {
	DriveID string
	// Finished and Failed count copies; Bytes is the length of the finished ones.
	Finished int64
	Failed   int64
	Bytes    int64
}

// CopyVerdict is what reading one copy back found.
type CopyVerdict struct {
	DriveFileID string
	DriveID     string
	// Identical says that the copy is the dump that was proven, byte by byte.
	Identical bool
	// Lost says that the copy is missing or damaged, or could not be read several times
	// while its drive works. When it is neither identical nor lost, it could not be read.
	Lost bool
	// Error is a sentence; empty when identical.
	Error string
}

// LostCopy is a finished copy that was found missing, damaged or unreadable.
type LostCopy struct {
	BackupID    string
	DriveFileID string
	// Attempt is the backup's when the copy was looked at. A later attempt has seen
	// to the copy itself.
	Attempt int
	// Error says what is wrong with the copy, and BackupError what that means for
	// the backup; both are sentences.
	Error       string
	BackupError string
	// HealAt is when the copy is made again by itself.
	HealAt time.Time
}

// Fact is a single value that an installation keeps about itself.
type Fact struct {
	Name  string `gorm:"primaryKey;size:64"`
	Value string `gorm:"size:255;not null"`
}
