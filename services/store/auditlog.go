package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

const (
	// subjectLimit is the width of the column; detailLimit stays below what MySQL's text holds.
	subjectLimit = 512
	detailLimit  = 16 << 10
	nameLimit    = 255
	actionLimit  = 64
)

// InsertAuditEntry adds an entry to the audit log.
func (s *Store) InsertAuditEntry(ctx context.Context, e models.AuditEntry) error {
	e.ID, e.At = idOr(e.ID), utcOrNow(e.At)
	e.Actor, e.Action = storable(e.Actor, nameLimit), storable(e.Action, actionLimit)
	e.Subject, e.Detail = storable(e.Subject, subjectLimit), storable(e.Detail, detailLimit)
	e.Address, e.Agent = storable(e.Address, addressLimit), storable(e.Agent, agentLimit)
	return s.write(ctx, "write the audit log", func(tx *gorm.DB) error { return tx.Create(&e).Error })
}

// AuditEntries returns at most limit entries, newest first, starting after the cursor,
// whose CreatedAt is an entry's At.
func (s *Store) AuditEntries(ctx context.Context, f models.AuditFilter, after models.Cursor, limit int) ([]models.AuditEntry, error) {
	if limit < 1 {
		return nil, models.Invalidf("a page of %d entries is not possible: ask for at least one", limit)
	}
	query := audited(s.read(ctx), f)
	if !after.IsZero() {
		at := utc(after.CreatedAt)
		query = query.Where("at <= ? AND (at < ? OR id < ?)", at, at, after.ID)
	}
	entries := []models.AuditEntry{}
	err := query.Order("at DESC, id DESC").Limit(limit).Find(&entries).Error
	return entries, s.fault("read the audit log", err)
}

func audited(query *gorm.DB, f models.AuditFilter) *gorm.DB {
	if f.Actor != "" {
		query = query.Where("actor = ?", storable(f.Actor, nameLimit))
	}
	if f.Action != "" {
		query = acted(query, storable(f.Action, actionLimit))
	}
	if f.Outcome != "" {
		query = query.Where("outcome = ?", storable(string(f.Outcome), actionLimit))
	}
	if !f.Since.IsZero() {
		query = query.Where("at >= ?", utc(f.Since))
	}
	if !f.Until.IsZero() {
		query = query.Where("at < ?", utc(f.Until))
	}
	return query
}

// acted narrows to an action, or to all of a noun: what follows its dot sorts before the
// noun with a slash, which is the next character.
func acted(query *gorm.DB, action string) *gorm.DB {
	if strings.Contains(action, ".") {
		return query.Where("action = ?", action)
	}
	return query.Where("action = ? OR (action >= ? AND action < ?)", action, action+".", action+"/")
}

// EachAuditEntry calls do with every entry, newest first. It holds a few hundred at a
// time, and no transaction. An error of do ends the walk and is returned as it is.
func (s *Store) EachAuditEntry(ctx context.Context, f models.AuditFilter, do func(models.AuditEntry) error) error {
	var after models.Cursor
	for {
		entries, err := s.AuditEntries(ctx, f, after, chunk)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := do(e); err != nil {
				return err
			}
			after = models.Cursor{CreatedAt: e.At, ID: e.ID}
		}
		if len(entries) < chunk {
			return nil
		}
	}
}

// DropAuditEntries removes the entries from before a moment, a few hundred in a
// transaction, and returns how many those were.
func (s *Store) DropAuditEntries(ctx context.Context, before time.Time) (int, error) {
	dropped := 0
	for {
		var ids []string
		old := s.read(ctx).Model(&models.AuditEntry{}).Where("at < ?", utc(before)).Order("at, id").Limit(chunk)
		if err := old.Pluck("id", &ids).Error; err != nil {
			return dropped, s.fault("read the audit log", err)
		}
		if len(ids) == 0 {
			return dropped, nil
		}
		err := s.write(ctx, "drop old entries of the audit log", func(tx *gorm.DB) error {
			return tx.Where("id IN ?", ids).Delete(&models.AuditEntry{}).Error
		})
		if err != nil {
			return dropped, err
		}
		dropped += len(ids)
	}
}
