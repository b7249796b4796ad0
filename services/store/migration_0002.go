package store

import (
	"fmt"
	"time"

	"gorm.io/gorm"
)

// drivesTables adds what copies on remote drives need: a second checksum, locks,
// when a copy is healed, and what the checks of drives found. The structs are
// frozen, as those of the first version are.
func drivesTables(tx *gorm.DB) error {
	if err := createTables(tx, &driveCheck0002{}, &fact0002{}); err != nil {
		return err
	}
	if err := addColumns(tx, &backup0002{}, "CRC64"); err != nil {
		return err
	}
	if err := addColumns(tx, &driveFile0002{}, "LockedUntil", "HealAt", "Heals"); err != nil {
		return err
	}
	return addIndexes(tx, &driveFile0002{}, "idx_drive_files_heal", "idx_drive_files_drive")
}

// addColumns adds the columns of the fields that the table lacks.
func addColumns(tx *gorm.DB, table any, fields ...string) error {
	for _, field := range fields {
		if tx.Migrator().HasColumn(table, field) {
			continue
		}
		if err := tx.Migrator().AddColumn(table, field); err != nil {
			return fmt.Errorf("add the column %s of %T: %w", field, table, err)
		}
	}
	return nil
}

func addIndexes(tx *gorm.DB, table any, names ...string) error {
	for _, name := range names {
		if tx.Migrator().HasIndex(table, name) {
			continue
		}
		if err := tx.Migrator().CreateIndex(table, name); err != nil {
			return fmt.Errorf("add the index %s: %w", name, err)
		}
	}
	return nil
}

type backup0002 struct {
	CRC64 string `gorm:"column:crc64;size:16;not null;default:''"`
}

func (backup0002) TableName() string { return "backups" }

// driveFile0002 is indexed for the copies that are due to be healed, and for those
// of a drive, the one that was read back longest ago first; with their sizes, so that
// adding those up reads nothing else.
type driveFile0002 struct {
	ID          string     `gorm:"primaryKey;size:36"`
	DriveID     string     `gorm:"size:36;not null;index:idx_drive_files_drive,priority:1"`
	Status      string     `gorm:"size:16;not null;index:idx_drive_files_drive,priority:2"`
	VerifiedAt  *time.Time `gorm:"precision:6;index:idx_drive_files_drive,priority:3"`
	Size        int64      `gorm:"not null;index:idx_drive_files_drive,priority:4"`
	LockedUntil *time.Time `gorm:"precision:6"`
	HealAt      *time.Time `gorm:"precision:6;index:idx_drive_files_heal"`
	Heals       int        `gorm:"not null;default:0"`
}

func (driveFile0002) TableName() string { return "drive_files" }

type driveCheck0002 struct {
	DriveID     string     `gorm:"primaryKey;size:36"`
	CheckedAt   time.Time  `gorm:"precision:6;not null"`
	GoodAt      *time.Time `gorm:"precision:6"`
	Error       string     `gorm:"type:mediumtext"`
	NeedsSignIn bool       `gorm:"not null"`
	Free        int64      `gorm:"not null"`
	Total       int64      `gorm:"not null"`
	SampledAt   *time.Time `gorm:"precision:6"`
}

func (driveCheck0002) TableName() string { return "drive_checks" }

type fact0002 struct {
	Name  string `gorm:"primaryKey;size:64"`
	Value string `gorm:"size:255;not null"`
}

func (fact0002) TableName() string { return "facts" }
