package auth

import (
	"context"

	"github.com/backupman/backupman/models"
)

// Record adds an entry to the audit log.
func (s *Service) Record(ctx context.Context, e models.AuditEntry) error {
	if e.ID == "" {
		e.ID = models.NewID()
	}
	if e.At.IsZero() {
		e.At = s.Now()
	}
	return s.Store.InsertAuditEntry(ctx, e)
}

// AuditEntries returns entries, newest first, after a cursor.
func (s *Service) AuditEntries(ctx context.Context, f models.AuditFilter, after models.Cursor, limit int) ([]models.AuditEntry, error) {
	return s.Store.AuditEntries(ctx, f, after, limit)
}

// EachAuditEntry hands over all entries, newest first, for an export.
func (s *Service) EachAuditEntry(ctx context.Context, f models.AuditFilter, do func(models.AuditEntry) error) error {
	return s.Store.EachAuditEntry(ctx, f, do)
}
