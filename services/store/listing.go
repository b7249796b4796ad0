package store

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// chunk is how many backups are read, or named in one query, at a time. Both
// engines refuse a query that names a hundred thousand.
const chunk = 500

// Backups returns at most limit backups with their drive files, newest first,
// starting after the cursor.
func (s *Store) Backups(ctx context.Context, f models.BackupFilter, after models.Cursor, limit int) ([]models.Backup, error) {
	if limit < 1 {
		return nil, models.Invalidf("a page of %d backups is not possible: ask for at least one", limit)
	}
	return s.part(ctx, f, after, older, limit)
}

// BackupsBefore returns at most limit backups with their drive files, newest first, that
// stand right before the cursor: the part of the list that Backups goes on from it with.
func (s *Store) BackupsBefore(ctx context.Context, f models.BackupFilter, before models.Cursor, limit int) ([]models.Backup, error) {
	if limit < 1 || before.IsZero() {
		return nil, models.Invalidf("a page of %d backups before none is not possible: ask for at least one, and say before which", limit)
	}
	page, err := s.part(ctx, f, before, newer, limit)
	slices.Reverse(page)
	return page, err
}

// direction is how a list goes on from a cursor.
type direction struct{ sign, order string }

var (
	older = direction{"<", " DESC"}
	newer = direction{">", ""}
)

// part reads a part of the list, in its direction.
func (s *Store) part(ctx context.Context, f models.BackupFilter, from models.Cursor, way direction, limit int) ([]models.Backup, error) {
	if indexFor(only(f)) == copiesByAge {
		return s.backupsOnDrive(ctx, f, from, way, limit)
	}
	if f.DriveID != "" {
		return s.backupsAlsoOnDrive(ctx, f, from, way, limit)
	}
	page := []models.Backup{}
	query := way.sorted(way.from(filtered(s.read(ctx), f), "created_at", "id", from), "created_at", "id")
	if err := query.Limit(limit).Find(&page).Error; err != nil {
		return nil, s.fault("list backups", err)
	}
	return page, s.attachFiles(ctx, page)
}

// from goes on from a cursor. The first condition repeats what the second implies, because
// an index can be entered by it on both engines.
func (d direction) from(query *gorm.DB, made, id string, c models.Cursor) *gorm.DB {
	if c.IsZero() {
		return query
	}
	at := utc(c.CreatedAt)
	return query.Where(made+" "+d.sign+"= ? AND ("+made+" "+d.sign+" ? OR "+id+" "+d.sign+" ?)", at, at, c.ID)
}

func (d direction) sorted(query *gorm.DB, made, id string) *gorm.DB {
	return query.Order(made + d.order + ", " + id + d.order)
}

// EachBackup calls fn with every backup that passes the filter, newest first,
// with its drive files. It holds a few hundred at a time, however many there
// are, and no transaction. An error of fn ends the walk and is returned as it is.
func (s *Store) EachBackup(ctx context.Context, f models.BackupFilter, fn func(models.Backup) error) error {
	var after models.Cursor
	for {
		page, err := s.Backups(ctx, f, after, chunk)
		if err != nil {
			return err
		}
		for _, b := range page {
			if err := fn(b); err != nil {
				return err
			}
		}
		if len(page) == 0 { // a short page may have lost some that were removed while it was read
			return nil
		}
		last := page[len(page)-1]
		after = models.Cursor{CreatedAt: last.CreatedAt, ID: last.ID}
	}
}

// only names the one job that a filter is narrowed to, which has an index.
func only(f models.BackupFilter) models.BackupFilter {
	if len(f.JobIDs) == 1 && f.JobID == "" {
		f.JobID = f.JobIDs[0]
	}
	return f
}

func filtered(query *gorm.DB, f models.BackupFilter) *gorm.DB {
	f = only(f)
	return narrowed(query.Clauses(indexFor(f)), f)
}

// narrowed adds the conditions of a filter.
func narrowed(query *gorm.DB, f models.BackupFilter) *gorm.DB {
	query = ofJobs(query, f.JobIDs)
	for _, column := range [][2]string{{"job_id", f.JobID}, {"label", f.Label}, {"status", string(f.Status)}, {"source_id", f.SourceID}} {
		if column[1] != "" {
			query = query.Where("backups."+column[0]+" = ?", column[1])
		}
	}
	if f.DriveID != "" {
		query = query.Where("EXISTS "+copyOn(query.Name(), "backups"), f.DriveID)
	}
	if f.Proof != "" {
		query = query.Where("backups.proof_mark = ?", proofMarks[f.Proof])
	}
	if f.JobID != "" && (f.Proof == models.ProofProven || f.Proof == models.ProofUnproven) { // which an index knows
		query = query.Where("backups.proven = ?", f.Proof == models.ProofProven)
	}
	switch f.Cancelled {
	case models.CancelOnly:
		query = query.Where("backups.status = ? AND backups.cancel_asked_at IS NOT NULL", models.StatusFailed)
	case models.CancelNot:
		query = query.Where("(backups.status <> ? OR backups.cancel_asked_at IS NULL)", models.StatusFailed)
	}
	if f.Pinned {
		query = query.Where("backups.pinned = ? AND (backups.pinned_until IS NULL OR backups.pinned_until > ?)", true, utc(models.Now()))
	}
	if !f.Since.IsZero() {
		query = query.Where("backups.created_at >= ?", f.Since.UTC())
	}
	if !f.Until.IsZero() {
		query = query.Where("backups.created_at < ?", f.Until.UTC())
	}
	return query
}

// ofJobs narrows to jobs; none narrows nothing.
func ofJobs(query *gorm.DB, jobIDs []string) *gorm.DB {
	if len(jobIDs) == 0 {
		return query
	}
	return query.Where("job_id IN ?", jobIDs)
}

// olderThan goes on after the cursor.
func olderThan(query *gorm.DB, c models.Cursor) *gorm.DB {
	return older.from(query, "created_at", "id", c)
}

func newestFirst(query *gorm.DB) *gorm.DB { return older.sorted(query, "created_at", "id") }

// attachFiles reads the drive files of the backups, in the order of their ids.
func (s *Store) attachFiles(ctx context.Context, backups []models.Backup) error {
	return s.fault("read backups", filesOf(s.read(ctx), backups))
}

func filesOf(tx *gorm.DB, backups []models.Backup) error {
	for part := range slices.Chunk(backups, chunk) {
		ids := make([]string, len(part))
		place := make(map[string]int, len(part))
		for i, b := range part {
			ids[i], place[b.ID] = b.ID, i
		}
		var files []models.DriveFile
		query := tx.Clauses(filesByBackup).Where("backup_id IN ?", ids).Order("backup_id, id")
		if err := query.Find(&files).Error; err != nil {
			return fmt.Errorf("read the drive files of backups: %w", err)
		}
		for _, f := range files {
			owner := &part[place[f.BackupID]]
			owner.DriveFiles = append(owner.DriveFiles, f)
		}
	}
	return nil
}

// backupsByID reads the named backups with their drive files.
func (s *Store) backupsByID(ctx context.Context, ids []string) (map[string]models.Backup, error) {
	found := make(map[string]models.Backup, len(ids))
	for part := range slices.Chunk(ids, chunk) {
		var backups []models.Backup
		if err := s.read(ctx).Where("id IN ?", part).Find(&backups).Error; err != nil {
			return nil, s.fault("read backups", err)
		}
		if err := s.attachFiles(ctx, backups); err != nil {
			return nil, err
		}
		for _, b := range backups {
			found[b.ID] = b
		}
	}
	return found, nil
}
