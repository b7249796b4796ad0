package models

import "time"

// Retention says which copies of a job's backups are kept on a drive. Its rules add up:
// a copy is kept when one of them keeps it. The counts are of good copies, and each of
// those by the calendar keeps the newest copy of that many hours, days, ISO weeks,
// months and years that have one, in the job's time zone. The zero Retention keeps all.
type Retention struct {
	// Last keeps the newest copies, whenever they were made.
	Last    int `json:",omitempty"`
	Hourly  int `json:",omitempty"`
	Daily   int `json:",omitempty"`
	Weekly  int `json:",omitempty"`
	Monthly int `json:",omitempty"`
	Yearly  int `json:",omitempty"`
	// Within keeps what is younger.
	Within time.Duration `json:",omitempty"`
	// MaxSize, in bytes, bounds what the other rules keep, or all where there are none:
	// the oldest go until the rest fits. 0 is no bound.
	MaxSize int64 `json:",omitempty"`
}

// IsZero reports whether there is no rule.
func (r Retention) IsZero() bool { return r == Retention{} }

// CopyDecision is what the rules of retention say of one copy.
type CopyDecision struct {
	DriveFile DriveFile
	// Remove says that the copy goes. Reasons are why it does, or why it stays, the
	// weightiest first, as parts of a sentence such as "newest of 25 November (day 1 of 7)".
	Remove  bool
	Reasons []string
}

// BackupDecision is what the rules say of the copies of one backup.
type BackupDecision struct {
	// Backup has all its drive files.
	Backup Backup
	Copies []CopyDecision
}

// Gone reports whether no copy of the backup stays.
func (d BackupDecision) Gone() bool {
	for _, c := range d.Copies {
		if !c.Remove {
			return false
		}
	}
	return true
}

// RetentionSnapshot is all that the rules of retention look at of one job, as it was at
// one moment.
type RetentionSnapshot struct {
	Job Job
	// Backups are all of the job, with all their drive files.
	Backups []Backup
	// Drives are the labels of drives by their ids, also of those that left the
	// configuration.
	Drives map[string]string
	// Gone has the ids of those that left the configuration.
	Gone map[string]bool
	// Reading says of each backup that is needed now what needs it, such as "a restore
	// reads it now".
	Reading map[string]string
	// Alarms counts those of the job that nobody has looked at.
	Alarms int64
}

// RetentionPlan is what the rules of retention say of all copies of a job, newest
// backup first.
type RetentionPlan struct {
	Job     Job
	Backups []BackupDecision
	// Rests is the sentence that says why nothing is removed now, whatever the plan
	// says; empty when nothing forbids it.
	Rests string
	// ByHand says that a person may have the plan carried out all the same, who needs no
	// time to look at it first.
	ByHand bool
}

// Removals returns the copies that go.
func (p RetentionPlan) Removals() []CopyDecision {
	var gone []CopyDecision
	for _, b := range p.Backups {
		for _, c := range b.Copies {
			if c.Remove {
				gone = append(gone, c)
			}
		}
	}
	return gone
}

// Removal is a copy that is being removed from a drive, or was. It is written down
// before the drive is asked, in the transaction that takes the copy off its backup,
// and tried until the drive has confirmed it.
type Removal struct {
	// ID is the id that the copy had as a drive file.
	ID       string `gorm:"primaryKey;size:36"`
	JobID    string `gorm:"size:36;not null"`
	BackupID string `gorm:"size:36;not null"`
	// BackupMade is when the backup was made.
	BackupMade time.Time `gorm:"precision:6;not null"`
	DriveID    string    `gorm:"size:36;not null"`
	// FileName is the name of the dump file, Key where the drive keeps it. The manifest
	// beside it goes, too.
	FileName string `gorm:"size:255;not null"`
	Key      string `gorm:"size:1024;not null"`
	Size     int64  `gorm:"not null"`
	// Reason is a sentence.
	Reason string `gorm:"type:text"`
	// Tries counts how often the drive was asked; Error is what it said last, TryAt when
	// it is asked again; nil once it has confirmed, at DoneAt.
	Tries     int        `gorm:"not null"`
	Error     string     `gorm:"type:text"`
	TryAt     *time.Time `gorm:"precision:6"`
	DoneAt    *time.Time `gorm:"precision:6"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
}

// Forecast is what rules of retention would keep on a drive of runs that are still to
// come, each of which makes a good copy.
type Forecast struct {
	// Runs is how many were looked at, the first at First and the last at Last.
	Runs        int
	First, Last time.Time
	// Kept are the moments of those whose copies stay, newest first.
	Kept []time.Time
	// Rules tell how many each rule keeps by itself; a copy may be kept by several.
	Rules []ForecastRule
}

// ForecastRule is what one rule keeps by itself.
type ForecastRule struct {
	// Rule is "last", "hour", "day", "week", "month", "year" or "within".
	Rule string
	// Kept is how many copies, of which the oldest was made at Oldest.
	Kept   int
	Oldest time.Time
}
