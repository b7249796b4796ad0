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
	// DrillAfter asks for a drill of each finished backup.
	DrillAfter bool `gorm:"not null"`
	// DrillCron says when the newest finished backup is drilled, in the form and the
	// zone of Cron; empty means that no drill is scheduled.
	DrillCron string `gorm:"size:255;not null"`
	// DrillScratch is ScratchTemporary, or the label of the data source on whose server
	// scratch databases are made; empty stands for ScratchTemporary.
	DrillScratch string     `gorm:"size:255;not null"`
	CreatedAt    time.Time  `gorm:"precision:6;not null"`
	UpdatedAt    *time.Time `gorm:"precision:6;autoUpdateTime:false"`
	RemovedAt    *time.Time `gorm:"precision:6"`
}

// Location returns the zone the job's cron is read in.
func (j Job) Location() (*time.Location, error) {
	if j.Timezone == "" {
		return time.UTC, nil
	}
	return time.LoadLocation(j.Timezone)
}
