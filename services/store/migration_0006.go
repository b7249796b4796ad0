package store

import (
	"fmt"
	"time"

	"gorm.io/gorm"
)

// dashboardTables adds what people set up on pages, notifications on their way, what
// drives held day by day, and what a run tells of itself while it runs. The structs are
// frozen, as those of the first version are.
func dashboardTables(tx *gorm.DB) error {
	if err := createTables(tx, &planItem0006{}, &notification0006{}, &driveUsage0006{}); err != nil {
		return err
	}
	if err := addColumns(tx, &backup0006{}, "TablesDone", "TablesTotal", "CancelAskedAt", "Pinned", "ProofMark"); err != nil {
		return err
	}
	if err := addIndexes(tx, &backup0006{}, "idx_backups_settled", string(bySource), string(byPin), string(byProof)); err != nil {
		return err
	}
	if err := addIndexes(tx, &drill0006{}, "idx_drills_settled"); err != nil {
		return err
	}
	if err := tx.Exec(copiesAsOldAsBackups).Error; err != nil {
		return fmt.Errorf("give copies the age of their backups: %w", err)
	}
	return addIndexes(tx, &driveFile0006{}, string(copiesByAge))
}

// copiesAsOldAsBackups gives copies that were adopted by their name alone the moment of their
// backup, which may be a part of a second later: the list of a drive's backups goes by it.
const copiesAsOldAsBackups = `UPDATE drive_files SET created_at = (SELECT b.created_at FROM backups AS b WHERE b.id = drive_files.backup_id)
WHERE EXISTS (SELECT 1 FROM backups AS b WHERE b.id = drive_files.backup_id AND b.created_at <> drive_files.created_at)`

type planItem0006 struct {
	Kind      string     `gorm:"primaryKey;size:16"`
	Label     string     `gorm:"primaryKey;size:255"`
	Fields    string     `gorm:"type:mediumtext"`
	CreatedBy string     `gorm:"size:255;not null"`
	UpdatedBy string     `gorm:"size:255;not null"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6;autoUpdateTime:false"`
}

func (planItem0006) TableName() string { return "plan_items" }

// notification0006 is indexed for what is due, for the newest, of all, of a notifier and of
// a job, and so that one event goes to one notifier once.
type notification0006 struct {
	ID        string     `gorm:"primaryKey;size:36"`
	Notifier  string     `gorm:"size:255;not null;uniqueIndex:idx_notifications_once,priority:1;index:idx_notifications_notifier,priority:1"`
	Event     string     `gorm:"size:32;not null;uniqueIndex:idx_notifications_once,priority:2"`
	About     string     `gorm:"size:255;not null;uniqueIndex:idx_notifications_once,priority:3"`
	JobID     string     `gorm:"size:36;not null;index:idx_notifications_job,priority:1"`
	BackupID  string     `gorm:"size:36;not null"`
	Title     string     `gorm:"size:255;not null"`
	Body      string     `gorm:"type:text"`
	Status    string     `gorm:"size:16;not null"`
	Attempts  int        `gorm:"not null"`
	Error     string     `gorm:"type:text"`
	NextAt    *time.Time `gorm:"precision:6;index:idx_notifications_next"`
	CreatedAt time.Time  `gorm:"precision:6;not null;index:idx_notifications_created;index:idx_notifications_job,priority:2;index:idx_notifications_notifier,priority:2"`
	SettledAt *time.Time `gorm:"precision:6"`
}

func (notification0006) TableName() string { return "notifications" }

type driveUsage0006 struct {
	DriveID string `gorm:"primaryKey;size:36"`
	Day     string `gorm:"primaryKey;size:10"`
	Copies  int64  `gorm:"not null"`
	Bytes   int64  `gorm:"not null"`
	Free    int64  `gorm:"not null"`
	Total   int64  `gorm:"not null"`
}

func (driveUsage0006) TableName() string { return "drive_usages" }

type backup0006 struct {
	TablesDone    int        `gorm:"not null;default:0"`
	TablesTotal   int        `gorm:"not null;default:0"`
	CancelAskedAt *time.Time `gorm:"precision:6"`
	// Pinned and ProofMark are computed, because an index can find the newest backup that has
	// a value but not the newest that is not null. ProofMark is one of the marks in index.go.
	Pinned    bool `gorm:"type:tinyint GENERATED ALWAYS AS (pinned_at IS NOT NULL) VIRTUAL;index:idx_backups_pinned,priority:1"`
	ProofMark int  `gorm:"type:tinyint GENERATED ALWAYS AS (CASE WHEN disproven_at IS NOT NULL THEN 2 WHEN proven_at IS NOT NULL THEN 1 ELSE 0 END) VIRTUAL;index:idx_backups_proof,priority:1"`
	// The indexes are for the lists of a source, of what is pinned and of a proof.
	SourceID  string    `gorm:"size:36;not null;index:idx_backups_source,priority:1"`
	CreatedAt time.Time `gorm:"precision:6;not null;index:idx_backups_source,priority:2;index:idx_backups_pinned,priority:2;index:idx_backups_proof,priority:2"`
	ID        string    `gorm:"primaryKey;size:36;index:idx_backups_source,priority:3;index:idx_backups_pinned,priority:3;index:idx_backups_proof,priority:3"`
	// SettledAt is there before, and gets an index for what has settled lately.
	SettledAt *time.Time `gorm:"precision:6;index:idx_backups_settled"`
}

func (backup0006) TableName() string { return "backups" }

// driveFile0006 is indexed for the backups of a drive, newest first: a copy is as old as its
// backup.
type driveFile0006 struct {
	DriveID   string    `gorm:"size:36;not null;index:idx_drive_files_made,priority:1"`
	CreatedAt time.Time `gorm:"precision:6;not null;index:idx_drive_files_made,priority:2"`
	BackupID  string    `gorm:"size:36;not null;index:idx_drive_files_made,priority:3"`
}

func (driveFile0006) TableName() string { return "drive_files" }

// drill0006 gets an index for what has settled lately.
type drill0006 struct {
	SettledAt *time.Time `gorm:"precision:6;index:idx_drills_settled"`
}

func (drill0006) TableName() string { return "drills" }
