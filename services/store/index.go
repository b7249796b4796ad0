package store

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// index is the name of an index that a query must go by. MariaDB left to
// itself enters a filtered list by the filter alone and reads past everything
// newer than the cursor, so that walking n backups reads n² of them.
type index string

// The indexes of backups; each ends with created_at and id.
const (
	byCreation     index = "idx_backups_created"
	byJob          index = "idx_backups_job"
	byJobAndStatus index = "idx_backups_job_status"
	byJobAndProof  index = "idx_backups_job_proven"
	byLabel        index = "idx_backups_label"
	byStatus       index = "idx_backups_status"
	bySource       index = "idx_backups_source"
	byPin          index = "idx_backups_pinned"
	byProof        index = "idx_backups_proof"
)

// filesByBackup is the index of the drive files of a backup; it ends with their id.
// copiesByAge is that of a drive; it ends with created_at, which is the backup's, and
// backup_id.
const (
	filesByBackup index = "idx_drive_files_backup"
	copiesByAge   index = "idx_drive_files_made"
)

// filesToHeal is the index of drive files that wait to be made again, filesUnread that of
// those that could not be read.
const (
	filesToHeal index = "idx_drive_files_heal"
	filesUnread index = "idx_drive_files_unread"
)

// The indexes of notifications: those that are to be sent, and those of a job by when their
// events happened.
const (
	notificationsDue   index = "idx_notifications_next"
	notificationsOfJob index = "idx_notifications_job"
)

// The marks of proof, as the database computes them.
var proofMarks = map[models.Proof]int{models.ProofUnproven: 0, models.ProofProven: 1, models.ProofDisproven: 2}

// indexFor returns the index that a filter narrows best: what few backups are comes before
// what many are. copiesByAge says that the list is read by the copies of the drive.
func indexFor(f models.BackupFilter) index {
	switch {
	case f.JobID != "" && f.Status != "":
		return byJobAndStatus
	case f.Pinned:
		return byPin
	case f.Proof == models.ProofDisproven:
		return byProof
	case f.JobID != "" && f.Proof != "":
		return byJobAndProof
	case f.JobID != "":
		return byJob
	case f.Label != "":
		return byLabel
	case f.Status != "" && f.Status != models.StatusFinished:
		return byStatus
	case f.SourceID != "":
		return bySource
	case f.DriveID != "":
		return copiesByAge
	case f.Proof != "":
		return byProof
	case f.Status != "":
		return byStatus
	}
	return byCreation
}

// after is what follows the table's name in the engine's SQL.
func (i index) after(engine string) string {
	if engine == ProviderSQLite {
		return "INDEXED BY " + string(i)
	}
	return "FORCE INDEX (" + string(i) + ")"
}

var _ gorm.StatementModifier = index("")

// ModifyStatement puts the index behind the table of a gorm query.
func (i index) ModifyStatement(stmt *gorm.Statement) {
	from := stmt.Clauses["FROM"]
	from.AfterExpression = clause.Expr{SQL: i.after(stmt.Name())}
	stmt.Clauses["FROM"] = from
}

// Build is there for gorm, which asks it of every clause.
func (i index) Build(clause.Builder) {}
