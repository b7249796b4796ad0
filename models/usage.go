package models

import "time"

// DriveUsage is what a drive held at the end of a day, or holds so far today.
type DriveUsage struct {
	DriveID string `gorm:"primaryKey;size:36"`
	// Day is in UTC, as 2006-01-02.
	Day string `gorm:"primaryKey;size:10"`
	// Copies and Bytes count the finished copies that this server made there.
	Copies int64 `gorm:"not null"`
	Bytes  int64 `gorm:"not null"`
	// Free and Total are bytes of the whole place; -1 where the provider does not tell.
	Free  int64 `gorm:"not null"`
	Total int64 `gorm:"not null"`
}

// RunPoint is what a picture of a job's past needs to know of one backup.
type RunPoint struct {
	ID, JobID   string
	Status      Status
	CreatedAt   time.Time
	StartedAt   *time.Time
	SettledAt   *time.Time
	ProvenAt    *time.Time
	DisprovenAt *time.Time
	// CancelAskedAt is as in Backup.
	CancelAskedAt *time.Time
	// RawSize and Size are bytes before and after packing.
	RawSize, Size int64
	Error         string
}

// Cancelled is as Backup.Cancelled.
func (p RunPoint) Cancelled() bool { return p.Status == StatusFailed && p.CancelAskedAt != nil }

// Took is how long the run took; 0 while that is not known.
func (p RunPoint) Took() time.Duration {
	if p.StartedAt == nil || p.SettledAt == nil {
		return 0
	}
	return p.SettledAt.Sub(*p.StartedAt)
}
