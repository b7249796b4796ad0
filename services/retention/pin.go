package retention

import (
	"context"
	"time"

	"github.com/backupman/backupman/models"
)

// Pin keeps a backup, and with it all its copies, whatever the rules say: until a moment,
// or for ever with nil. A backup that is pinned already is then pinned as asked now. It
// returns models.ErrInvalid for a moment that has passed, and models.ErrNotFound when
// there is no such backup.
func (s *Service) Pin(ctx context.Context, backupID string, until *time.Time) (models.Backup, error) {
	now := s.now()
	if until != nil && !until.After(now) {
		return models.Backup{}, models.Invalidf("a backup cannot be pinned until a moment that has passed, %s: name a later day, or none to pin it for ever", until.UTC().Format(momentForm+" UTC"))
	}
	if err := s.store.PinBackup(ctx, backupID, now, until); err != nil {
		return models.Backup{}, err
	}
	return s.store.Backup(ctx, backupID)
}

// Unpin leaves a backup to the rules again. It returns models.ErrConflict when it is not
// pinned.
func (s *Service) Unpin(ctx context.Context, backupID string) (models.Backup, error) {
	if err := s.store.UnpinBackup(ctx, backupID); err != nil {
		return models.Backup{}, err
	}
	return s.store.Backup(ctx, backupID)
}

// ParseUntil reads the day until whose end a backup is pinned, such as 2027-03-01, in a
// zone, or a moment in RFC 3339.
func ParseUntil(text string, zone *time.Location) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, models.Invalidf("%q is not a day: write one such as 2027-03-01, to whose end the backup is kept", text)
	}
	return at, nil
}
