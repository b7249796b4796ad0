package store

import (
	"time"

	"gorm.io/gorm"
)

// firstTables creates the tables of the first version. The structs below are
// frozen copies: they tell what the tables were, not what the models are.
//
// There are no foreign keys on purpose. Changing a table on SQLite means to
// build it anew and drop the old one, and with cascading keys that drop would
// take the rows of every table that refers to it along.
func firstTables(tx *gorm.DB) error {
	return createTables(tx,
		&source0001{}, &drive0001{}, &job0001{}, &backup0001{}, &driveFile0001{},
		&manifest0001{}, &log0001{}, &drill0001{}, &runner0001{})
}

type source0001 struct {
	ID        string     `gorm:"primaryKey;size:36"`
	Label     string     `gorm:"size:255;not null;uniqueIndex:idx_sources_label"`
	Provider  string     `gorm:"size:32;not null"`
	Settings  string     `gorm:"type:mediumtext"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6"`
	RemovedAt *time.Time `gorm:"precision:6"`
}

func (source0001) TableName() string { return "sources" }

type drive0001 struct {
	ID        string     `gorm:"primaryKey;size:36"`
	Label     string     `gorm:"size:255;not null;uniqueIndex:idx_drives_label"`
	Provider  string     `gorm:"size:32;not null"`
	Settings  string     `gorm:"type:mediumtext"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6"`
	RemovedAt *time.Time `gorm:"precision:6"`
}

func (drive0001) TableName() string { return "drives" }

type job0001 struct {
	ID          string     `gorm:"primaryKey;size:36"`
	Label       string     `gorm:"size:255;not null;uniqueIndex:idx_jobs_label"`
	SourceID    string     `gorm:"size:36;not null"`
	DriveIDs    string     `gorm:"column:drive_ids;type:mediumtext"`
	Cron        string     `gorm:"size:255;not null"`
	Timezone    string     `gorm:"size:64;not null"`
	Compression string     `gorm:"size:16;not null"`
	DrillAfter  bool       `gorm:"not null"`
	CreatedAt   time.Time  `gorm:"precision:6;not null"`
	UpdatedAt   *time.Time `gorm:"precision:6"`
	RemovedAt   *time.Time `gorm:"precision:6"`
}

func (job0001) TableName() string { return "jobs" }

// backup0001 is indexed for every list there is: all, of a label, of a job, of
// a status, of both, and the proven ones, each by creation.
type backup0001 struct {
	ID          string     `gorm:"primaryKey;size:36;index:idx_backups_created,priority:2;index:idx_backups_label,priority:3;index:idx_backups_job,priority:3;index:idx_backups_status,priority:3;index:idx_backups_job_status,priority:4;index:idx_backups_job_proven,priority:4"`
	JobID       string     `gorm:"size:36;not null;uniqueIndex:idx_backups_slot,priority:1;index:idx_backups_job,priority:1;index:idx_backups_job_status,priority:1;index:idx_backups_job_proven,priority:1"`
	Label       string     `gorm:"size:255;not null;index:idx_backups_label,priority:1"`
	SourceID    string     `gorm:"size:36;not null"`
	Slot        string     `gorm:"size:64;not null;uniqueIndex:idx_backups_slot,priority:2"`
	Trigger     string     `gorm:"size:16;not null"`
	Compression string     `gorm:"size:16;not null"`
	Attempt     int        `gorm:"not null"`
	Status      string     `gorm:"size:16;not null;index:idx_backups_status,priority:1;index:idx_backups_job_status,priority:2"`
	Phase       string     `gorm:"size:16;not null"`
	FileName    string     `gorm:"size:255;not null"`
	DumpPath    *string    `gorm:"size:4096"`
	Error       string     `gorm:"type:mediumtext"`
	Warnings    string     `gorm:"type:mediumtext"`
	RawSize     int64      `gorm:"not null"`
	Size        int64      `gorm:"not null"`
	SHA256      string     `gorm:"column:sha256;size:64;not null"`
	LeaseOwner  string     `gorm:"size:36;not null"`
	LeaseUntil  *time.Time `gorm:"precision:6"`
	StartedAt   *time.Time `gorm:"precision:6"`
	DumpedAt    *time.Time `gorm:"precision:6"`
	SettledAt   *time.Time `gorm:"precision:6"`
	ProvenAt    *time.Time `gorm:"precision:6"`
	// Proven is computed from ProvenAt, because an index can find the newest
	// backup that has a value but not the newest that is not null.
	Proven    bool       `gorm:"type:tinyint GENERATED ALWAYS AS (proven_at IS NOT NULL) VIRTUAL;index:idx_backups_job_proven,priority:2"`
	CreatedAt time.Time  `gorm:"precision:6;not null;index:idx_backups_created,priority:1;index:idx_backups_label,priority:2;index:idx_backups_job,priority:2;index:idx_backups_status,priority:2;index:idx_backups_job_status,priority:3;index:idx_backups_job_proven,priority:3"`
	UpdatedAt *time.Time `gorm:"precision:6"`
}

func (backup0001) TableName() string { return "backups" }

type driveFile0001 struct {
	ID         string     `gorm:"primaryKey;size:36;index:idx_drive_files_backup,priority:2"`
	BackupID   string     `gorm:"size:36;not null;index:idx_drive_files_backup,priority:1"`
	DriveID    string     `gorm:"size:36;not null"`
	Provider   string     `gorm:"size:32;not null"`
	Label      string     `gorm:"size:255;not null"`
	Key        string     `gorm:"size:1024;not null"`
	Path       *string    `gorm:"size:4096"`
	Status     string     `gorm:"size:16;not null"`
	Error      string     `gorm:"type:mediumtext"`
	Size       int64      `gorm:"not null"`
	VerifiedAt *time.Time `gorm:"precision:6"`
	CreatedAt  time.Time  `gorm:"precision:6;not null"`
	UpdatedAt  *time.Time `gorm:"precision:6"`
}

func (driveFile0001) TableName() string { return "drive_files" }

type manifest0001 struct {
	BackupID string `gorm:"primaryKey;size:36"`
	Body     string `gorm:"type:longtext;not null"`
}

func (manifest0001) TableName() string { return "manifests" }

type log0001 struct {
	BackupID  string    `gorm:"primaryKey;size:36"`
	Text      string    `gorm:"type:mediumtext"`
	UpdatedAt time.Time `gorm:"precision:6"`
}

func (log0001) TableName() string { return "logs" }

type drill0001 struct {
	ID          string    `gorm:"primaryKey;size:36;index:idx_drills_backup,priority:3"`
	BackupID    string    `gorm:"size:36;not null;index:idx_drills_backup,priority:1"`
	DriveFileID string    `gorm:"size:36;not null"`
	Outcome     string    `gorm:"size:16;not null"`
	Reason      string    `gorm:"type:mediumtext"`
	Duration    int64     `gorm:"not null"`
	CreatedAt   time.Time `gorm:"precision:6;not null;index:idx_drills_backup,priority:2"`
}

func (drill0001) TableName() string { return "drills" }

type runner0001 struct {
	ID        string    `gorm:"primaryKey;size:36"`
	Host      string    `gorm:"size:255;not null"`
	PID       int       `gorm:"column:pid;not null"`
	Serves    bool      `gorm:"not null"`
	StartedAt time.Time `gorm:"precision:6;not null"`
	SeenAt    time.Time `gorm:"precision:6;not null;index:idx_runners_seen"`
}

func (runner0001) TableName() string { return "runners" }
