package notify

import (
	"context"

	"github.com/backupman/backupman/models"
)

// Notifiers returns those that are configured, without their secrets.
func (s *Service) Notifiers(ctx context.Context) []models.Notifier { return s.catalog.Notifiers(ctx) }

// History returns the newest notifications of a notifier, or of all when its label is empty.
func (s *Service) History(ctx context.Context, notifier string, limit int) ([]models.Notification, error) {
	return s.store.Notifications(ctx, notifier, limit)
}

// Notification returns one, or models.ErrNotFound.
func (s *Service) Notification(ctx context.Context, id string) (models.Notification, error) {
	return s.store.Notification(ctx, id)
}
