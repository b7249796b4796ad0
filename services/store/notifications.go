package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// titleLimit is how many characters of a title are kept, as many as its column takes.
const titleLimit = 255

// Announce records an event and what is to be sent of it, all or nothing. An event that was
// recorded before, by this process or by another one, is left as it is: fresh is false then,
// and recorded is what is known of it. each says what is to be sent; a notifier that has a
// notification of the event already gets no other. It may be called several times and must
// have no effect of its own.
func (s *Store) Announce(ctx context.Context, event models.Notification, each func(recorded models.Notification, fresh bool) []models.Notification) error {
	return s.write(ctx, "record the event "+string(event.Event), func(tx *gorm.DB) error {
		recorded := outgoing(event)
		err := tx.Create(&recorded).Error
		fresh := err == nil
		if isDuplicate(err) {
			recorded = models.Notification{}
			err = tx.Take(&recorded, "notifier = '' AND event = ? AND about = ?", event.Event, event.About).Error
		}
		if err != nil {
			return err
		}
		for _, n := range each(recorded, fresh) {
			n = outgoing(n)
			if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&n).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// InsertNotification records a notification that its caller sends by itself: nobody else
// does before its NextAt.
func (s *Store) InsertNotification(ctx context.Context, n models.Notification) error {
	return s.write(ctx, "record a notification", func(tx *gorm.DB) error {
		n := outgoing(n)
		return tx.Create(&n).Error
	})
}

func outgoing(n models.Notification) models.Notification {
	n.ID, n.CreatedAt, n.NextAt, n.SettledAt = idOr(n.ID), utcOrNow(n.CreatedAt), utcOrNil(n.NextAt), utcOrNil(n.SettledAt)
	n.Title, n.Body, n.Error = title(n.Title), storable(n.Body, textLimit), storable(n.Error, textLimit)
	return n
}

// title makes a title fit its column.
func title(text string) string {
	runes := []rune(storable(text, textLimit))
	return string(runes[:min(len(runes), titleLimit)])
}

// longestWait is longer than any notification is put off. One that is due later than that was
// put off by a clock that was wrong, and is due now.
const longestWait = 2 * time.Hour

// dueAt narrows to what is to be sent at a moment.
func dueAt(tx *gorm.DB, now time.Time) *gorm.DB {
	return tx.Where("(next_at <= ? OR next_at > ?)", utc(now), utc(now.Add(longestWait)))
}

// DueNotifiers returns the labels of the notifiers that have something to send now: of those
// here, and of others what was made before a moment.
func (s *Store) DueNotifiers(ctx context.Context, now time.Time, here []string, before time.Time) ([]string, error) {
	labels := []string{}
	due := s.read(ctx).Model(&models.Notification{}).Clauses(notificationsDue)
	mine := dueAt(due, now).Where(s.read(ctx).Where("notifier IN ?", here).Or("created_at < ?", utc(before)))
	err := mine.Distinct("notifier").Order("notifier").Pluck("notifier", &labels).Error
	return labels, s.fault("look for notifications to send", err)
}

// ClaimNotification gives the caller a notification of a notifier that is due, the longest
// due first, and counts the attempt. Nobody else gets it before the lease is over. It
// returns models.ErrNotFound when none is due.
func (s *Store) ClaimNotification(ctx context.Context, notifier string, now time.Time, lease time.Duration) (models.Notification, error) {
	var claimed models.Notification
	err := s.write(ctx, "claim a notification", func(tx *gorm.DB) error {
		claimed = models.Notification{}
		var due []models.Notification
		query := dueAt(tx, now).Where("notifier = ?", notifier).Order("next_at, id").Limit(claimsAtOnce)
		if err := query.Find(&due).Error; err != nil {
			return err
		}
		until := utc(now.Add(lease))
		for _, n := range due {
			mine := dueAt(tx.Model(&models.Notification{}), now).Where("id = ? AND attempts = ?", n.ID, n.Attempts).
				Updates(map[string]any{"next_at": until, "attempts": n.Attempts + 1})
			if mine.Error != nil {
				return mine.Error
			}
			if mine.RowsAffected > 0 {
				claimed, claimed.NextAt, claimed.Attempts = n, &until, n.Attempts+1
				return nil
			}
		}
		return models.NotFoundf("the notifier %s has nothing to send now", notifier)
	})
	return claimed, err
}

// SettleNotification records how the attempt that a caller has claimed ended: as finished,
// as failed for good, or, with a time, to be tried again then. An attempt that another one
// has followed changes nothing.
func (s *Store) SettleNotification(ctx context.Context, n models.Notification, status models.Status, sentence string, at time.Time, again *time.Time) error {
	changes := map[string]any{"status": status, "error": storable(sentence, textLimit), "next_at": utcOrNil(again), "settled_at": nil}
	if status.Settled() {
		changes["settled_at"] = utc(at)
	}
	return s.write(ctx, "record how the notification "+n.ID+" went", func(tx *gorm.DB) error {
		return tx.Model(&models.Notification{}).Where("id = ? AND status = ? AND attempts = ?", n.ID, models.StatusPending, n.Attempts).
			Updates(changes).Error
	})
}

// SendAgain makes a notification that has settled due once more, with all its attempts. It
// returns models.ErrConflict for one that is on its way.
func (s *Store) SendAgain(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, "send the notification "+id+" again", func(tx *gorm.DB) error {
		settled := tx.Model(&models.Notification{}).Where("id = ? AND notifier <> '' AND status <> ?", id, models.StatusPending)
		changed := settled.Updates(map[string]any{"status": models.StatusPending, "error": "", "attempts": 0, "next_at": utc(now), "settled_at": nil})
		return changedOr(changed, func() error {
			var n models.Notification
			err := tx.Select("id").Take(&n, "id = ? AND notifier <> ''", id).Error
			switch {
			case isMissing(err):
				return noSuchNotification(id)
			case err != nil:
				return err
			}
			return models.Conflictf("the notification %s is on its way already: wait for what becomes of it", id)
		})
	})
}

func noSuchNotification(id string) error {
	return models.NotFoundf("there is no notification %s: they are kept for 90 days", id)
}

// Notification returns one, or models.ErrNotFound.
func (s *Store) Notification(ctx context.Context, id string) (models.Notification, error) {
	return first[models.Notification](s, s.read(ctx).Where("id = ? AND notifier <> ''", id), "read the notification "+id, noSuchNotification(id))
}

// Notifications returns at most limit notifications of a notifier, newest first; of all
// when its label is empty.
func (s *Store) Notifications(ctx context.Context, notifier string, limit int) ([]models.Notification, error) {
	query := s.read(ctx).Where("notifier <> ''")
	if notifier != "" {
		query = s.read(ctx).Where("notifier = ?", notifier)
	}
	return page[models.Notification](s, query, "notification", models.Cursor{}, limit)
}

// DropNotifications removes what happened before a moment and is not on its way; of events
// that asked nobody to act, whose rows only keep them from being told twice, what happened
// before another.
func (s *Store) DropNotifications(ctx context.Context, before, routine time.Time) error {
	return s.write(ctx, "remove old notifications", func(tx *gorm.DB) error {
		old := tx.Where("created_at < ? AND status <> ?", utc(before), models.StatusPending).Delete(&models.Notification{})
		if old.Error != nil {
			return old.Error
		}
		kinds := []models.Event{models.EventFinished, models.EventProven}
		return tx.Where("notifier = '' AND event IN ? AND created_at < ?", kinds, utc(routine)).Delete(&models.Notification{}).Error
	})
}
