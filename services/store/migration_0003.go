package store

import (
	"time"

	"gorm.io/gorm"
)

// restoreTables adds restores, alarms, what drills tell while they run, and what the
// newest drill says about a backup. The structs are frozen, as those of the first
// version are.
func restoreTables(tx *gorm.DB) error {
	if err := createTables(tx, &restore0003{}, &alarm0003{}); err != nil {
		return err
	}
	if err := addColumns(tx, &backup0003{}, "DisprovenAt", "ProofLevel", "DrilledAt", "RestoreTook"); err != nil {
		return err
	}
	if err := addColumns(tx, &job0003{}, "DrillCron", "DrillScratch"); err != nil {
		return err
	}
	err := addColumns(tx, &drill0003{}, "JobID", "Trigger", "Scratch", "Server", "Phase", "Level", "RestoreTook", "Done", "Total",
		"RunnerID", "SeenAt", "CancelAsked", "SettledAt")
	if err != nil {
		return err
	}
	if err := addIndexes(tx, &drill0003{}, "idx_drills_created", "idx_drills_job", "idx_drills_outcome"); err != nil {
		return err
	}
	return settleEarlierDrills(tx)
}

// settleEarlierDrills fills in what earlier versions did not write down: their drills
// were recorded when they had ended, and were made in a folder of their own. What a
// drill found of a dump that was made again later says nothing about the backup.
func settleEarlierDrills(tx *gorm.DB) error {
	for _, statement := range []string{
		"UPDATE drills SET settled_at = created_at WHERE settled_at IS NULL AND outcome <> ''",
		"UPDATE drills SET level = 'equals' WHERE level = '' AND outcome = 'proven'",
		"UPDATE drills SET scratch = 'temporary' WHERE scratch = ''",
		"UPDATE drills SET job_id = COALESCE((SELECT b.job_id FROM backups b WHERE b.id = drills.backup_id), '') WHERE job_id = ''",
		"UPDATE backups SET proof_level = 'equals' WHERE proven_at IS NOT NULL AND proof_level = ''",
		"UPDATE backups SET drilled_at = (" + newestDrill + ") WHERE drilled_at IS NULL",
		"UPDATE backups SET disproven_at = (" + newestDrill + " AND d.outcome = 'disproven') WHERE proven_at IS NULL AND disproven_at IS NULL",
		alarmsOfDisproven,
	} {
		if err := tx.Exec(statement).Error; err != nil {
			return err
		}
	}
	return nil
}

const newestDrill = "SELECT MAX(d.created_at) FROM drills d WHERE d.backup_id = backups.id AND d.created_at >= backups.dumped_at"

// alarmsOfDisproven raises the alarm that earlier versions did not know, under the
// backup's own id, which no other alarm has.
const alarmsOfDisproven = `INSERT INTO alarms (id, job_id, backup_id, kind, sentence, created_at)
SELECT b.id, b.job_id, b.id, 'disproven', COALESCE((SELECT MAX(d.reason) FROM drills d
	WHERE d.backup_id = b.id AND d.outcome = 'disproven' AND d.created_at = b.disproven_at), ''), b.disproven_at
FROM backups b WHERE b.disproven_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM alarms a WHERE a.backup_id = b.id)`

type backup0003 struct {
	DisprovenAt *time.Time `gorm:"precision:6"`
	ProofLevel  string     `gorm:"size:16;not null;default:''"`
	DrilledAt   *time.Time `gorm:"precision:6"`
	RestoreTook int64      `gorm:"not null;default:0"`
}

func (backup0003) TableName() string { return "backups" }

type job0003 struct {
	DrillCron    string `gorm:"size:255;not null;default:''"`
	DrillScratch string `gorm:"size:255;not null;default:''"`
}

func (job0003) TableName() string { return "jobs" }

// drill0003 is indexed for the lists of drills: all, of a job, and of an outcome, which
// those that run have in common.
type drill0003 struct {
	ID          string     `gorm:"primaryKey;size:36;index:idx_drills_created,priority:2;index:idx_drills_job,priority:3;index:idx_drills_outcome,priority:3"`
	JobID       string     `gorm:"size:36;not null;default:'';index:idx_drills_job,priority:1"`
	Trigger     string     `gorm:"size:16;not null;default:''"`
	Scratch     string     `gorm:"size:255;not null;default:''"`
	Server      string     `gorm:"size:255;not null;default:''"`
	Phase       string     `gorm:"size:16;not null;default:''"`
	Outcome     string     `gorm:"size:16;not null;index:idx_drills_outcome,priority:1"`
	Level       string     `gorm:"size:16;not null;default:''"`
	RestoreTook int64      `gorm:"not null;default:0"`
	Done        int64      `gorm:"not null;default:0"`
	Total       int64      `gorm:"not null;default:0"`
	RunnerID    string     `gorm:"size:36;not null;default:''"`
	SeenAt      *time.Time `gorm:"precision:6"`
	CancelAsked bool       `gorm:"not null;default:false"`
	CreatedAt   time.Time  `gorm:"precision:6;not null;index:idx_drills_created,priority:1;index:idx_drills_job,priority:2;index:idx_drills_outcome,priority:2"`
	SettledAt   *time.Time `gorm:"precision:6"`
}

func (drill0003) TableName() string { return "drills" }

type restore0003 struct {
	ID             string     `gorm:"primaryKey;size:36;index:idx_restores_created,priority:2"`
	BackupID       string     `gorm:"size:36;not null;index:idx_restores_backup"`
	DriveFileID    string     `gorm:"size:36;not null"`
	FileName       string     `gorm:"size:255;not null"`
	Label          string     `gorm:"size:255;not null"`
	Provider       string     `gorm:"size:32;not null"`
	TargetKind     string     `gorm:"size:16;not null"`
	TargetSourceID string     `gorm:"size:36;not null"`
	TargetLabel    string     `gorm:"size:255;not null"`
	TargetName     string     `gorm:"size:4096;not null"`
	Tables         string     `gorm:"type:mediumtext"`
	Replace        bool       `gorm:"not null"`
	SafetyBackupID string     `gorm:"size:36;not null"`
	Trigger        string     `gorm:"size:16;not null"`
	Status         string     `gorm:"size:16;not null;index:idx_restores_status"`
	Phase          string     `gorm:"size:16;not null"`
	Error          string     `gorm:"type:mediumtext"`
	Warnings       string     `gorm:"type:mediumtext"`
	Done           int64      `gorm:"not null"`
	Total          int64      `gorm:"not null"`
	RestoreTook    int64      `gorm:"not null"`
	RunnerID       string     `gorm:"size:36;not null"`
	SeenAt         *time.Time `gorm:"precision:6"`
	CancelAsked    bool       `gorm:"not null"`
	CreatedAt      time.Time  `gorm:"precision:6;not null;index:idx_restores_created,priority:1"`
	SettledAt      *time.Time `gorm:"precision:6"`
}

func (restore0003) TableName() string { return "restores" }

// alarm0003 is indexed for the alarms of a job that nobody has looked at.
type alarm0003 struct {
	ID        string     `gorm:"primaryKey;size:36"`
	JobID     string     `gorm:"size:36;not null;index:idx_alarms_job,priority:1"`
	BackupID  string     `gorm:"size:36;not null"`
	Kind      string     `gorm:"size:16;not null"`
	Sentence  string     `gorm:"type:mediumtext"`
	CreatedAt time.Time  `gorm:"precision:6;not null;index:idx_alarms_created"`
	SeenAt    *time.Time `gorm:"precision:6;index:idx_alarms_job,priority:2"`
}

func (alarm0003) TableName() string { return "alarms" }
