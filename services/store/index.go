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
)

// filesByBackup is the index of drive files; it ends with their id.
const filesByBackup index = "idx_drive_files_backup"

// indexFor returns the index that a filter narrows best.
func indexFor(f models.BackupFilter) index {
	switch {
	case f.JobID != "" && f.Status != "":
		return byJobAndStatus
	case f.JobID != "":
		return byJob
	case f.Label != "":
		return byLabel
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
