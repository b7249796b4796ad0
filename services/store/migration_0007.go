package store

import (
	"time"

	"gorm.io/gorm"
)

// unreadColumns adds what is known of copies that are there and cannot be read. The struct
// is frozen, as those of the first version are.
func unreadColumns(tx *gorm.DB) error {
	if err := addColumns(tx, &driveFile0007{}, "UnreadSince", "UnreadAt", "Unreads", "UnreadError"); err != nil {
		return err
	}
	return addIndexes(tx, &driveFile0007{}, string(filesUnread))
}

// driveFile0007 is indexed for the copies that are to be read once more.
type driveFile0007 struct {
	UnreadSince *time.Time `gorm:"precision:6"`
	UnreadAt    *time.Time `gorm:"precision:6;index:idx_drive_files_unread"`
	Unreads     int        `gorm:"not null;default:0"`
	UnreadError string     `gorm:"type:text"`
}

func (driveFile0007) TableName() string { return "drive_files" }
