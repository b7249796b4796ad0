package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// backupsOnDrive is part where the copies on a drive narrow best.
func (s *Store) backupsOnDrive(ctx context.Context, f models.BackupFilter, from models.Cursor, way direction, limit int) ([]models.Backup, error) {
	var ids []string
	if err := onDrive(s.read(ctx), f, from, way).Limit(limit).Pluck("drive_files.backup_id", &ids).Error; err != nil {
		return nil, s.fault("list backups of a drive", err)
	}
	return s.inOrder(ctx, ids)
}

// inOrder reads backups with their drive files, in the order in which they are named.
func (s *Store) inOrder(ctx context.Context, ids []string) ([]models.Backup, error) {
	found, err := s.backupsByID(ctx, ids)
	page := make([]models.Backup, 0, len(ids))
	for _, id := range ids {
		if b, there := found[id]; there { // it may have been removed since
			page = append(page, b)
		}
	}
	return page, err
}

// onDrive lists the ids of backups by their copies on the drive of a filter.
func onDrive(tx *gorm.DB, f models.BackupFilter, from models.Cursor, way direction) *gorm.DB {
	drive := f.DriveID
	f.DriveID = ""
	// Neither engine may begin with the backups, which it then had to sort.
	join := " STRAIGHT_JOIN backups ON backups.id = drive_files.backup_id"
	if tx.Name() == ProviderSQLite {
		join = " CROSS JOIN backups ON backups.id = drive_files.backup_id"
	}
	query := tx.Table("drive_files "+copiesByAge.after(tx.Name())+join).Where("drive_files.drive_id = ?", drive)
	if !f.Since.IsZero() {
		query = query.Where("drive_files.created_at >= ?", f.Since.UTC())
	}
	if !f.Until.IsZero() {
		query = query.Where("drive_files.created_at < ?", f.Until.UTC())
	}
	const made, id = "drive_files.created_at", "drive_files.backup_id"
	query = way.sorted(way.from(query, made, id, from), made, id)
	f.Since, f.Until = time.Time{}, time.Time{}
	return narrowed(query, f)
}

// copyOn is a query for the copy on a drive of a row of backups. What it reads is all in the
// index, because a copy is as old as its backup.
func copyOn(engine, backups string) string {
	return "(SELECT 1 FROM drive_files " + copiesByAge.after(engine) + " WHERE drive_files.drive_id = ? AND drive_files.created_at = " + backups + ".created_at AND drive_files.backup_id = " + backups + ".id)"
}

// The least and the most backups that are looked at in one query for a copy on a drive.
const (
	leastLook = 32
	mostLook  = 2048
)

// backupsAlsoOnDrive is part where something else narrows better than the drive. The drive may
// hold few copies of what that leaves, and none of the newest: what lies between the copies on
// the drive, of whichever backups, is leapt over.
func (s *Store) backupsAlsoOnDrive(ctx context.Context, f models.BackupFilter, from models.Cursor, way direction, limit int) ([]models.Backup, error) {
	drive := f.DriveID
	f.DriveID = ""
	ids, look := []string{}, max(limit, leastLook)
	for leap := false; ; leap = true { // most often what is first looked at is enough
		if leap {
			next, there, err := s.nextCopy(ctx, drive, from, way)
			if err != nil {
				return nil, s.fault("list backups", err)
			}
			if !there {
				break
			}
			if next != from {
				from, look = next, max(limit, leastLook)
			}
		}
		rows, err := s.look(ctx, f, drive, from, way, look)
		if err != nil {
			return nil, s.fault("list backups", err)
		}
		for _, r := range rows {
			if r.There && len(ids) < limit {
				ids = append(ids, r.ID)
			}
		}
		if len(rows) < look || len(ids) == limit {
			break
		}
		from, look = models.Cursor{CreatedAt: rows[len(rows)-1].CreatedAt, ID: rows[len(rows)-1].ID}, max(look, min(2*look, mostLook))
	}
	return s.inOrder(ctx, ids)
}

// lookedAt is a backup, and whether it has a copy on the drive.
type lookedAt struct {
	ID        string
	CreatedAt time.Time
	There     bool
}

// look returns the next backups that pass a filter, and which of them have a copy on a drive.
func (s *Store) look(ctx context.Context, f models.BackupFilter, drive string, from models.Cursor, way direction, most int) ([]lookedAt, error) {
	block := filtered(s.read(ctx).Model(&models.Backup{}), f).Select("backups.id, backups.created_at")
	block = way.sorted(way.from(block, "created_at", "id", from), "created_at", "id").Limit(most)
	var rows []lookedAt
	query := s.read(ctx).Table("(?) AS b", block).Select("b.id, b.created_at, EXISTS "+copyOn(s.config.Provider, "b")+" AS there", drive)
	err := way.sorted(query, "b.created_at", "b.id").Scan(&rows).Error
	return rows, err
}

// nextCopy returns the place in the list right before the next copy on a drive behind a cursor:
// the cursor itself where a copy may lie right behind it; false when there is no further copy.
func (s *Store) nextCopy(ctx context.Context, drive string, from models.Cursor, way direction) (models.Cursor, bool, error) {
	var at []time.Time
	query := s.read(ctx).Table("drive_files "+copiesByAge.after(s.config.Provider)).
		Where("drive_id = ? AND created_at "+way.sign+"= ?", drive, utc(from.CreatedAt)).Order("created_at" + way.order)
	if err := query.Limit(1).Pluck("created_at", &at).Error; err != nil || len(at) == 0 {
		return from, false, err
	}
	if at[0].Equal(from.CreatedAt) {
		return from, true, nil
	}
	return way.before(at[0]), true, nil
}

// before is the place right before everything of a microsecond.
func (d direction) before(at time.Time) models.Cursor {
	if d == older {
		return models.Cursor{CreatedAt: utc(at).Add(time.Microsecond), ID: " "}
	}
	return models.Cursor{CreatedAt: utc(at).Add(-time.Microsecond), ID: "~"}
}
