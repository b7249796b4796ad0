package store

import (
	"time"

	"gorm.io/gorm"
)

// timeTables adds what schedules, retention and replicas need. The structs are frozen,
// as those of the first version are.
func timeTables(tx *gorm.DB) error {
	if err := createTables(tx, &removal0004{}, &missed0004{}); err != nil {
		return err
	}
	err := addColumns(tx, &job0004{}, "Window", "Spread", "Timeout", "Retention", "DriveRetention", "RetentionAt",
		"PausedAt", "SlotsFrom", "LastSlot")
	if err != nil {
		return err
	}
	if err := addColumns(tx, &backup0004{}, "SourceHost", "StartBy", "SpoolNode", "PinnedAt", "PinnedUntil"); err != nil {
		return err
	}
	if err := addColumns(tx, &runner0004{}, "Node"); err != nil {
		return err
	}
	// What came due before this version knew of missed slots is nobody's any more.
	return tx.Exec("UPDATE jobs SET slots_from = ? WHERE slots_from IS NULL", utc(time.Now())).Error
}

type job0004 struct {
	Window         string     `gorm:"column:start_window;size:16;not null;default:''"`
	Spread         int64      `gorm:"not null;default:0"`
	Timeout        int64      `gorm:"not null;default:0"`
	Retention      string     `gorm:"type:text"`
	DriveRetention string     `gorm:"type:text"`
	RetentionAt    *time.Time `gorm:"precision:6"`
	PausedAt       *time.Time `gorm:"precision:6"`
	SlotsFrom      *time.Time `gorm:"precision:6"`
	LastSlot       *time.Time `gorm:"precision:6"`
}

func (job0004) TableName() string { return "jobs" }

type backup0004 struct {
	SourceHost  string     `gorm:"size:255;not null;default:''"`
	StartBy     *time.Time `gorm:"precision:6"`
	SpoolNode   string     `gorm:"size:36;not null;default:''"`
	PinnedAt    *time.Time `gorm:"precision:6"`
	PinnedUntil *time.Time `gorm:"precision:6"`
}

func (backup0004) TableName() string { return "backups" }

type runner0004 struct {
	Node string `gorm:"size:36;not null;default:''"`
}

func (runner0004) TableName() string { return "runners" }

// removal0004 is indexed for the removals that are due, for those of a job, newest
// first, and for those of a backup.
type removal0004 struct {
	ID         string     `gorm:"primaryKey;size:36;index:idx_removals_job,priority:3"`
	JobID      string     `gorm:"size:36;not null;index:idx_removals_job,priority:1"`
	BackupID   string     `gorm:"size:36;not null;index:idx_removals_backup"`
	BackupMade time.Time  `gorm:"precision:6;not null"`
	DriveID    string     `gorm:"size:36;not null"`
	FileName   string     `gorm:"size:255;not null"`
	Key        string     `gorm:"size:1024;not null"`
	Size       int64      `gorm:"not null"`
	Reason     string     `gorm:"type:mediumtext"`
	Tries      int        `gorm:"not null"`
	Error      string     `gorm:"type:mediumtext"`
	TryAt      *time.Time `gorm:"precision:6;index:idx_removals_try"`
	DoneAt     *time.Time `gorm:"precision:6"`
	CreatedAt  time.Time  `gorm:"precision:6;not null;index:idx_removals_job,priority:2"`
}

func (removal0004) TableName() string { return "removals" }

// missed0004 is indexed for those of a job, newest first.
type missed0004 struct {
	ID        string    `gorm:"primaryKey;size:36;index:idx_missed_job,priority:3"`
	JobID     string    `gorm:"size:36;not null;index:idx_missed_job,priority:1"`
	First     time.Time `gorm:"precision:6;not null"`
	Last      time.Time `gorm:"precision:6;not null"`
	Slots     int       `gorm:"not null"`
	Reason    string    `gorm:"type:mediumtext"`
	CreatedAt time.Time `gorm:"precision:6;not null;index:idx_missed_job,priority:2"`
}

func (missed0004) TableName() string { return "missed_slots" }
