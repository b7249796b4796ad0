package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// Claim gives a pending backup's lease to a runner for so long. It returns
// models.ErrConflict when the backup has an owner other than from or is settled; from
// is empty for a backup that nobody holds.
func (s *Store) Claim(ctx context.Context, id, from, runner string, lease time.Duration) error {
	if runner == "" {
		return models.Invalidf("the backup %s cannot be given to nobody: a claim needs a runner's id", id)
	}
	return s.write(ctx, "claim the backup "+id, func(tx *gorm.DB) error {
		claimed := pending(tx, id).Where("lease_owner = ?", from).Updates(map[string]any{
			"lease_owner": runner, "lease_until": s.in(lease), "updated_at": models.Now(),
		})
		return changedOr(claimed, func() error { return whyNotHeld(tx, id) })
	})
}

// Held returns the pending backups that a runner holds, oldest first, and how long ago
// each lease ran out.
func (s *Store) Held(ctx context.Context) ([]models.HeldBackup, error) {
	now, err := s.clock(ctx) // before the leases are read: one that is renewed meanwhile holds
	if err != nil {
		return nil, err
	}
	backups := []models.Backup{}
	query := s.read(ctx).Clauses(byStatus).Where("status = ? AND lease_owner <> ''", models.StatusPending)
	if err := query.Order("created_at, id").Find(&backups).Error; err != nil {
		return nil, s.fault("list the backups that are being run", err)
	}
	if err := s.attachFiles(ctx, backups); err != nil {
		return nil, err
	}
	held := make([]models.HeldBackup, len(backups))
	for i, b := range backups {
		held[i] = models.HeldBackup{Backup: b}
		if b.LeaseUntil != nil {
			held[i].Over = now.Sub(*b.LeaseUntil)
		}
	}
	return held, nil
}

// Begin records that a new attempt starts: StartedAt, and a clean slate of
// sizes. The sizes of a dump that has proven itself stay, because an attempt
// that only uploads it again does not measure it again.
func (s *Store) Begin(ctx context.Context, id, runner string, at time.Time) error {
	return s.write(ctx, "begin the backup "+id, func(tx *gorm.DB) error {
		err := changeHeld(tx, id, runner, map[string]any{
			"started_at": utc(at), "raw_size": whileDumping("raw_size", 0), "size": whileDumping("size", 0),
			"tables_done": whileDumping("tables_done", 0), "tables_total": whileDumping("tables_total", 0),
		})
		if err != nil {
			return err
		}
		unsettled := tx.Model(&models.DriveFile{}).Where("backup_id = ? AND status = ? AND size <> 0", id, models.StatusPending)
		return unsettled.Updates(map[string]any{"size": 0, "updated_at": models.Now()}).Error
	})
}

// Renew makes the lease last so long from now and records progress. An empty phase
// leaves the phase as it is, and the sizes of a dump that has proven itself stay. It
// reports whether somebody wants the backup to end: the statement finds those that nobody
// wants to end, and only when it finds none the other one is made.
func (s *Store) Renew(ctx context.Context, id, runner string, lease time.Duration, p models.Progress) (cancelAsked bool, err error) {
	changes := map[string]any{
		"lease_until": s.in(lease),
		"raw_size":    whileDumping("raw_size", p.RawSize),
		"size":        whileDumping("size", p.Size),
		"tables_done": whileDumping("tables_done", p.TablesDone), "tables_total": whileDumping("tables_total", p.TablesTotal),
	}
	if p.Phase != "" {
		changes["phase"] = p.Phase
	}
	changes["updated_at"] = models.Now()
	err = s.write(ctx, "renew the lease of the backup "+id, func(tx *gorm.DB) error {
		cancelAsked = false
		return changedOr(held(tx, id, runner).Where("cancel_asked_at IS NULL").Updates(changes), func() error {
			cancelAsked = true
			return changeHeld(tx, id, runner, changes)
		})
	})
	return cancelAsked && err == nil, err
}

// whileDumping sets a size, or a count, until the dump has proven itself and fixed it.
func whileDumping[N int | int64](column string, size N) any {
	return gorm.Expr("CASE WHEN dumped_at IS NULL THEN ? ELSE "+column+" END", size)
}

// RecordDump records a proven dump and its manifest, in one transaction.
func (s *Store) RecordDump(ctx context.Context, id, runner string, f models.DumpFacts, m models.Manifest) error {
	return s.write(ctx, "record the dump of the backup "+id, func(tx *gorm.DB) error {
		err := changeHeld(tx, id, runner, map[string]any{
			"raw_size": f.RawSize, "size": f.Size, "sha256": f.SHA256, "crc64": f.CRC64,
			"dump_path": pathOrNil(f.DumpPath), "spool_node": f.SpoolNode, "warnings": storable(f.Warnings, textLimit),
			"dumped_at": utcOrNow(f.DumpedAt), "tables_done": len(m.Inventory.Tables), "tables_total": len(m.Inventory.Tables),
		})
		if err != nil {
			return err
		}
		return saveManifest(tx, id, m)
	})
}

func pathOrNil(path string) *string {
	if path == "" {
		return nil
	}
	return &path
}

// ChangeDriveFile records how one copy stands.
func (s *Store) ChangeDriveFile(ctx context.Context, backupID, driveFileID, runner string, c models.DriveFileChange) error {
	return s.write(ctx, "record a copy of the backup "+backupID, func(tx *gorm.DB) error {
		if err := mustHold(tx, backupID, runner); err != nil {
			return err
		}
		file := tx.Model(&models.DriveFile{}).Where("id = ? AND backup_id = ?", driveFileID, backupID)
		changed := file.Updates(readable(map[string]any{
			"status": c.Status, "error": storable(c.Error, textLimit), "path": c.Path, "size": c.Size,
			"verified_at": utcOrNil(c.VerifiedAt), "locked_until": utcOrNil(c.LockedUntil),
			"heal_at": utcOrNil(c.HealAt), "heals": c.Heals, "updated_at": models.Now(),
		}))
		return changedOr(changed, func() error {
			return models.NotFoundf("the backup %s has no copy %s", backupID, driveFileID)
		})
	})
}

// SaveCopySize records how many bytes a drive has taken of a copy that is still
// pending. A copy that has settled meanwhile is left as it is.
func (s *Store) SaveCopySize(ctx context.Context, backupID, driveFileID, runner string, size int64) error {
	return s.write(ctx, "record the progress of a copy of the backup "+backupID, func(tx *gorm.DB) error {
		if err := mustHold(tx, backupID, runner); err != nil {
			return err
		}
		file := tx.Model(&models.DriveFile{}).Where("id = ? AND backup_id = ? AND status = ?", driveFileID, backupID, models.StatusPending)
		return file.Updates(map[string]any{"size": size, "updated_at": models.Now()}).Error
	})
}

// mustHold checks the lease and keeps it as it is until the transaction ends.
func mustHold(tx *gorm.DB, id, runner string) error {
	var b models.Backup
	err := forUpdate(held(tx, id, runner)).Select("id").Take(&b).Error
	if isMissing(err) {
		return whyNotHeld(tx, id)
	}
	return err
}

// Settle ends the backup and gives the lease back. One that has finished was not cancelled,
// whoever asked for that.
func (s *Store) Settle(ctx context.Context, id, runner string, e models.Settlement) error {
	if !e.Status.Settled() {
		return models.Invalidf("the backup %s cannot end as %q: it ends as finished or failed", id, e.Status)
	}
	changes := map[string]any{
		"status": e.Status, "error": storable(e.Error, textLimit), "dump_path": e.DumpPath,
		"spool_node": e.SpoolNode, "settled_at": utcOrNow(e.At), "lease_owner": "", "lease_until": nil,
	}
	if e.Status == models.StatusFinished {
		changes["cancel_asked_at"] = nil
	}
	return s.write(ctx, "settle the backup "+id, func(tx *gorm.DB) error {
		return changeHeld(tx, id, runner, changes)
	})
}

func pending(tx *gorm.DB, id string) *gorm.DB {
	return tx.Model(&models.Backup{}).Where("id = ? AND status = ?", id, models.StatusPending)
}

// held narrows to the backup while the runner holds it; nobody holds nothing.
func held(tx *gorm.DB, id, runner string) *gorm.DB {
	return pending(tx, id).Where("lease_owner = ? AND lease_owner <> ''", runner)
}

func changeHeld(tx *gorm.DB, id, runner string, changes map[string]any) error {
	changes["updated_at"] = models.Now()
	return changedOr(held(tx, id, runner).Updates(changes), func() error { return whyNotHeld(tx, id) })
}

// changedOr returns what otherwise says when an update found no row.
func changedOr(update *gorm.DB, otherwise func() error) error {
	if update.Error != nil || update.RowsAffected > 0 {
		return update.Error
	}
	return otherwise()
}

// whyNotHeld says why a runner could not have its way with a backup.
func whyNotHeld(tx *gorm.DB, id string) error {
	var b models.Backup
	err := tx.Select("status", "lease_owner").Take(&b, "id = ?", id).Error
	switch {
	case isMissing(err):
		return goneBackup(tx, id)
	case err != nil:
		return err
	case b.Status.Settled():
		return models.Conflictf("the backup %s has already %s", id, b.Status)
	case b.LeaseOwner == "":
		return models.Conflictf("the backup %s is held by nobody: it must be claimed first", id)
	}
	return models.Conflictf("the backup %s is held by another runner, %s", id, b.LeaseOwner)
}
