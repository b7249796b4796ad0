package models

import "time"

// AlarmKind is what an alarm is about.
type AlarmKind string

// The kinds of alarm.
const (
	// AlarmDisproven says that a drill found a backup wrong.
	AlarmDisproven AlarmKind = "disproven"
	// AlarmAnomaly says that a backup holds much less, or much more, than usual.
	AlarmAnomaly AlarmKind = "anomaly"
)

// Alarm is something about a job that a person must look at. Until somebody has, no
// backup of the job is deleted.
type Alarm struct {
	ID       string    `gorm:"primaryKey;size:36"`
	JobID    string    `gorm:"size:36;not null"`
	BackupID string    `gorm:"size:36;not null"`
	Kind     AlarmKind `gorm:"size:16;not null"`
	// Sentence says what is wrong. Several are one a line.
	Sentence  string    `gorm:"type:text"`
	CreatedAt time.Time `gorm:"precision:6;not null"`
	// SeenAt is when a person said that they had looked; nil while the alarm freezes
	// deletion.
	SeenAt *time.Time `gorm:"precision:6"`
}
