package models

import "time"

// Missed are slots of a job, one or several in a row, whose runs were given up.
type Missed struct {
	ID    string `gorm:"primaryKey;size:36"`
	JobID string `gorm:"size:36;not null"`
	// First and Last are the oldest and the newest of the slots; Slots is how many there are.
	First time.Time `gorm:"precision:6;not null"`
	Last  time.Time `gorm:"precision:6;not null"`
	Slots int       `gorm:"not null"`
	// Reason is a sentence that says why.
	Reason    string    `gorm:"type:text"`
	CreatedAt time.Time `gorm:"precision:6;not null"`
}

// TableName names the table of missed slots.
func (Missed) TableName() string { return "missed_slots" }

// Limits bound how many databases are dumped at once by all servers together. Zero is
// no limit.
type Limits struct {
	// Overall bounds all dumps, PerHost those of databases on one machine.
	Overall int
	PerHost int
}
