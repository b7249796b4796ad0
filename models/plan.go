package models

import "time"

// Source is a database to back up.
type Source struct {
	ID       string `gorm:"primaryKey;size:36"`
	Label    string `gorm:"size:255;not null;uniqueIndex:idx_sources_label"`
	Provider string `gorm:"size:32;not null"`
	// Settings are what the provider declares, without its secrets when they
	// come from the store, with them when they come from the catalog.
	Settings  Settings   `gorm:"serializer:json;type:text"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6;autoUpdateTime:false"`
	// RemovedAt is when the source left the configuration; its backups stay.
	RemovedAt *time.Time `gorm:"precision:6"`
}

// Drive is a place that keeps copies.
type Drive struct {
	ID        string     `gorm:"primaryKey;size:36"`
	Label     string     `gorm:"size:255;not null;uniqueIndex:idx_drives_label"`
	Provider  string     `gorm:"size:32;not null"`
	Settings  Settings   `gorm:"serializer:json;type:text"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6;autoUpdateTime:false"`
	RemovedAt *time.Time `gorm:"precision:6"`
}

// Compression is how a dump is packed.
type Compression string

// The compressions.
const (
	CompressionZstd Compression = "zstd"
	CompressionGzip Compression = "gzip"
	CompressionNone Compression = "none"
)

// Job is the plan: which source, which drives, when, how packed.
type Job struct {
	ID       string `gorm:"primaryKey;size:36"`
	Label    string `gorm:"size:255;not null;uniqueIndex:idx_jobs_label"`
	SourceID string `gorm:"size:36;not null"`
	// DriveIDs are the drives in the order they were named.
	DriveIDs []string `gorm:"serializer:json;type:text"`
	// Cron has five fields, or six with seconds first; empty means that the job
	// runs only when asked.
	Cron string `gorm:"size:255;not null"`
	// Timezone is an IANA name; empty means UTC.
	Timezone    string      `gorm:"size:64;not null"`
	Compression Compression `gorm:"size:16;not null"`
	// Encryption says how the dumps are encrypted; the zero value does not.
	Encryption Encryption `gorm:"serializer:json;type:text"`
	// KitAt is when somebody took the recovery kit, and KitFor the fingerprint of the
	// encryption that it was for. Nothing is encrypted for which no kit was taken.
	KitAt  *time.Time `gorm:"precision:6"`
	KitFor string     `gorm:"size:64;not null"`
	// DrillAfter asks for a drill of each finished backup.
	DrillAfter bool `gorm:"not null"`
	// DrillCron says when the newest finished backup is drilled, in the form and the
	// zone of Cron; empty means that no drill is scheduled.
	DrillCron string `gorm:"size:255;not null"`
	// DrillScratch is ScratchTemporary, or the label of the data source on whose server
	// scratch databases are made; empty stands for ScratchTemporary.
	DrillScratch string `gorm:"size:255;not null"`
	// Window is the part of the day in which scheduled runs may start, as "22:00-06:00"
	// in the job's zone; empty means all day.
	Window string `gorm:"column:start_window;size:16;not null"`
	// Spread is over how long after their slots the runs of several jobs are spread,
	// so that they do not start together. Each job has its own place in it, always the same.
	Spread time.Duration `gorm:"not null"`
	// Timeout is how long one run may take; 0 means that only a dump is bounded.
	Timeout time.Duration `gorm:"not null"`
	// Retention says which backups are kept; the zero Retention keeps all.
	Retention Retention `gorm:"serializer:json;type:text"`
	// DriveRetention has, by the drive's id, the rules of drives that keep others.
	DriveRetention map[string]Retention `gorm:"serializer:json;type:text"`
	// RetentionAt is when the rules, or what they go by, changed last: the zone of their
	// calendar, the source, and that the job is there at all. Nil when they never did.
	RetentionAt *time.Time `gorm:"precision:6"`
	// PausedAt is when somebody paused the job's schedule; nil when it is not paused.
	PausedAt *time.Time `gorm:"precision:6"`
	// SlotsFrom is since when the schedule counts: when the job was made, its timing
	// changed, or it was resumed. Slots up to it are owed by nobody.
	SlotsFrom *time.Time `gorm:"precision:6"`
	// LastSlot is the newest slot that was started or given up; nil before the first.
	LastSlot  *time.Time `gorm:"precision:6"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6;autoUpdateTime:false"`
	RemovedAt *time.Time `gorm:"precision:6"`
}

// RetentionOn returns the rules that hold for the job's copies on a drive.
func (j Job) RetentionOn(driveID string) Retention {
	if r, ok := j.DriveRetention[driveID]; ok {
		return r
	}
	return j.Retention
}

// Keeps reports whether the job has rules of retention on any drive.
func (j Job) Keeps() bool { return !j.Retention.IsZero() || len(j.DriveRetention) > 0 }

// HasKit reports whether the recovery kit was taken for the present encryption.
func (j Job) HasKit() bool { return j.KitAt != nil && j.KitFor == j.Encryption.Fingerprint() }

// LacksKit reports whether the job makes no backup because it encrypts and its recovery
// kit was not taken.
func (j Job) LacksKit() bool { return j.Encryption.On() && !j.HasKit() }

// Location returns the zone the job's cron is read in.
func (j Job) Location() (*time.Location, error) {
	if j.Timezone == "" {
		return time.UTC, nil
	}
	return time.LoadLocation(j.Timezone)
}
