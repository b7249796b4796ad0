package store

import (
	"context"
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
	page := []models.Backup{}
	query := newestFirst(olderThan(filtered(s.read(ctx), f), after)).Limit(limit)
	if err := query.Find(&page).Error; err != nil {
		return nil, s.fault("list backups", err)
	}
	return page, s.attachFiles(ctx, page)
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
		if len(page) < chunk {
			return nil
		}
		last := page[len(page)-1]
		after = models.Cursor{CreatedAt: last.CreatedAt, ID: last.ID}
	}
}

func filtered(query *gorm.DB, f models.BackupFilter) *gorm.DB {
	query = query.Clauses(indexFor(f))
	if f.JobID != "" {
		query = query.Where("job_id = ?", f.JobID)
	}
	if f.Label != "" {
		query = query.Where("label = ?", f.Label)
	}
	if f.Status != "" {
		query = query.Where("status = ?", f.Status)
	}
	if !f.Since.IsZero() {
		query = query.Where("created_at >= ?", f.Since.UTC())
	}
	if !f.Until.IsZero() {
		query = query.Where("created_at < ?", f.Until.UTC())
	}
	return query
}

// olderThan goes on after the cursor. The first condition repeats what the
// second implies, because an index can be entered by it on both engines.
func olderThan(query *gorm.DB, c models.Cursor) *gorm.DB {
	if c.IsZero() {
		return query
	}
	at := utc(c.CreatedAt)
	return query.Where("created_at <= ? AND (created_at < ? OR id < ?)", at, at, c.ID)
}

func newestFirst(query *gorm.DB) *gorm.DB { return query.Order("created_at DESC, id DESC") }

// attachFiles reads the drive files of the backups, in the order of their ids.
func (s *Store) attachFiles(ctx context.Context, backups []models.Backup) error {
	for part := range slices.Chunk(backups, chunk) {
		ids := make([]string, len(part))
		place := make(map[string]int, len(part))
		for i, b := range part {
			ids[i], place[b.ID] = b.ID, i
		}
		var files []models.DriveFile
		query := s.read(ctx).Clauses(filesByBackup).Where("backup_id IN ?", ids).Order("backup_id, id")
		if err := query.Find(&files).Error; err != nil {
			return s.fault("read the drive files of backups", err)
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
