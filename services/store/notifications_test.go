package store

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func event(kind models.Event, about, jobID string, at time.Time) models.Notification {
	return models.Notification{Event: kind, About: about, JobID: jobID, Title: "the backup failed", Status: models.StatusFinished, CreatedAt: at}
}

func notice(notifier string, of models.Notification, next time.Time) models.Notification {
	of.Notifier, of.Status, of.NextAt = notifier, models.StatusPending, &next
	return of
}

// always has notifications sent of an event, whoever recorded it.
func always(each ...models.Notification) func(models.Notification, bool) []models.Notification {
	return func(models.Notification, bool) []models.Notification { return each }
}

func testAnnounce(t *testing.T, s *Store) {
	ctx, at := t.Context(), models.Now()
	e := event(models.EventFailed, "b1/1", "job", at)
	announce := func(e models.Notification, each ...models.Notification) (recorded models.Notification, fresh bool) {
		t.Helper()
		must(t, s.Announce(ctx, e, func(r models.Notification, f bool) []models.Notification {
			recorded, fresh = r, f
			return each
		}))
		return recorded, fresh
	}
	e.Error = "it is as it was"
	_, fresh := announce(e, notice("ops", e, at), notice("team", e, at))
	equal(t, "being fresh", fresh, true)
	other := e
	other.CreatedAt, other.Error = at.Add(time.Hour), ""
	recorded, fresh := announce(other)
	equal(t, "being fresh again", fresh, false)
	equal(t, "the error that was recorded", recorded.Error, "it is as it was")
	equal(t, "when it happened", recorded.CreatedAt, at)
	all := value(s.Notifications(ctx, "", 10))(t)
	equal(t, "the number of notifications", len(all), 2)
	announce(other, notice("ops", other, at), notice("another", other, at))
	equal(t, "the number of notifications, with another", len(value(s.Notifications(ctx, "", 10))(t)), 3)
	all = value(s.Notifications(ctx, "ops", 10))(t)
	equal(t, "the number of one notifier's", len(value(s.Notifications(ctx, "team", 10))(t)), 1)
	read := value(s.Notification(ctx, all[0].ID))(t)
	equal(t, "the title", read.Title, "the backup failed")
	sameTime(t, "NextAt", read.NextAt, at)
	equal(t, "CreatedAt", read.CreatedAt, at)
	_, err := s.Notification(ctx, models.NewID())
	wants(t, err, models.ErrNotFound)
}

func testRaceAnnounce(t *testing.T, s *Store) {
	at := models.Now()
	e := event(models.EventFailed, "b1/1", "job", at)
	var fresh atomic.Int32
	race(t, 12, func(int) error {
		var was bool
		err := s.Announce(t.Context(), e, func(_ models.Notification, first bool) []models.Notification {
			was = first
			return []models.Notification{notice("ops", e, at)}
		})
		if was && err == nil {
			fresh.Add(1)
		}
		return err
	})
	equal(t, "the number of those who were first", fresh.Load(), 1)
	equal(t, "the number of notifications", len(value(s.Notifications(t.Context(), "", 20))(t)), 1)
}

func testSendNotifications(t *testing.T, s *Store) {
	ctx, at := t.Context(), models.Now()
	e := event(models.EventFailed, "b1/1", "job", at)
	must(t, s.Announce(ctx, e, always(notice("ops", e, at))))
	equal(t, "those with something to send before", len(value(s.DueNotifiers(ctx, at.Add(-time.Second), []string{"ops"}, at))(t)), 0)
	for _, c := range []struct {
		here   []string
		before time.Duration
		due    string
	}{{[]string{"ops"}, 0, "[ops]"}, {[]string{"team"}, 0, "[]"}, {nil, 0, "[]"}, {nil, time.Second, "[ops]"}} {
		equal(t, "those with something to send", fmt.Sprint(value(s.DueNotifiers(ctx, at, c.here, at.Add(c.before)))(t)), c.due)
	}
	_, err := s.ClaimNotification(ctx, "team", at, soon)
	wants(t, err, models.ErrNotFound)

	first := value(s.ClaimNotification(ctx, "ops", at, soon))(t)
	equal(t, "attempts", first.Attempts, 1)
	_, err = s.ClaimNotification(ctx, "ops", at, soon)
	wants(t, err, models.ErrNotFound)
	wants(t, s.SendAgain(ctx, first.ID, at), models.ErrConflict)
	second := value(s.ClaimNotification(ctx, "ops", at.Add(2*soon), soon))(t)
	must(t, s.SettleNotification(ctx, first, models.StatusFinished, "", at, nil))
	equal(t, "the status after a late word", value(s.Notification(ctx, first.ID))(t).Status, models.StatusPending)

	again := at.Add(time.Hour)
	must(t, s.SettleNotification(ctx, second, models.StatusPending, "no answer", at, &again))
	read := value(s.Notification(ctx, first.ID))(t)
	equal(t, "the error", read.Error, "no answer")
	sameTime(t, "NextAt", read.NextAt, again)
	third := value(s.ClaimNotification(ctx, "ops", again, soon))(t)
	// One that a clock which was a year ahead has put off is not left for a year.
	far := again.AddDate(1, 0, 0)
	must(t, s.SettleNotification(ctx, third, models.StatusPending, "no answer", again, &far))
	equal(t, "those with something put off by a wrong clock", fmt.Sprint(value(s.DueNotifiers(ctx, again, []string{"ops"}, at))(t)), "[ops]")
	third = value(s.ClaimNotification(ctx, "ops", again, soon))(t)
	must(t, s.SettleNotification(ctx, third, models.StatusFailed, "refused", again, nil))
	read = value(s.Notification(ctx, first.ID))(t)
	equal(t, "the status", read.Status, models.StatusFailed)
	sameTime(t, "SettledAt", read.SettledAt, again)
	equal(t, "being due", read.NextAt == nil, true)

	must(t, s.SendAgain(ctx, first.ID, again))
	equal(t, "attempts from anew", value(s.ClaimNotification(ctx, "ops", again, soon))(t).Attempts, 1)
	wants(t, s.SendAgain(ctx, models.NewID(), again), models.ErrNotFound)
}

func testRaceNotifications(t *testing.T, s *Store) {
	ctx, at := t.Context(), models.Now()
	for i := range 8 {
		e := event(models.EventFailed, fmt.Sprint("b", i), "job", at)
		must(t, s.Announce(ctx, e, always(notice("ops", e, at))))
	}
	var claims [24]string
	race(t, len(claims), func(i int) error {
		n, err := s.ClaimNotification(ctx, "ops", at, soon)
		if isNotFound(err) {
			return nil
		}
		claims[i] = n.ID
		return err
	})
	got := slices.DeleteFunc(claims[:], func(id string) bool { return id == "" })
	slices.Sort(got)
	equal(t, "claims", len(got), 8)
	equal(t, "those claimed once", len(slices.Compact(got)), 8)
}

func testDropNotifications(t *testing.T, s *Store) {
	ctx, at := t.Context(), models.Now()
	for i, kind := range []models.Event{models.EventFailed, models.EventFinished, models.EventProven} {
		for j, age := range []time.Duration{100 * 24 * time.Hour, 3 * 24 * time.Hour, 0} {
			e := event(kind, fmt.Sprintf("%d%d", i, j), "job", at.Add(-age))
			sent := notice("ops", e, at)
			sent.Status, sent.NextAt = models.StatusFinished, nil
			must(t, s.Announce(ctx, e, always(sent, notice("slow", e, at))))
		}
	}
	must(t, s.DropNotifications(ctx, at.Add(-90*24*time.Hour), at.Add(-2*24*time.Hour)))
	equal(t, "what was sent", len(value(s.Notifications(ctx, "ops", 20))(t)), 6)
	equal(t, "what is on its way", len(value(s.Notifications(ctx, "slow", 20))(t)), 9)
	for kind, want := range map[models.Event]bool{models.EventFailed: false, models.EventFinished: true} {
		e := event(kind, map[bool]string{false: "01", true: "11"}[want], "job", at)
		var fresh bool
		must(t, s.Announce(ctx, e, func(_ models.Notification, first bool) []models.Notification { fresh = first; return nil }))
		equal(t, "being forgotten", fresh, want)
	}
}

func testHappened(t *testing.T, s *Store) {
	ctx, f := t.Context(), configure(t, s)
	begin := models.Now()
	one := f.settled(t, s, slot(1), models.StatusFailed)
	two := f.settled(t, s, slot(2), models.StatusFinished)
	page := value(s.SettledBackups(ctx, begin, models.Cursor{}, 1))(t)
	equal(t, "the first that settled", page[0].ID, one.ID)
	page = value(s.SettledBackups(ctx, begin, models.Cursor{CreatedAt: *page[0].SettledAt, ID: page[0].ID}, 5))(t)
	equal(t, "the rest", len(page), 1)
	equal(t, "the second that settled", page[0].ID, two.ID)
	equal(t, "those that settle later", len(value(s.SettledBackups(ctx, begin.Add(time.Hour), models.Cursor{}, 5))(t)), 0)

	// A copy that has failed with its backup and waits to be made again was never whole.
	again := models.Now().Add(time.Hour)
	must(t, s.db.Model(&models.DriveFile{}).Where("backup_id = ?", one.ID).
		Updates(map[string]any{"status": models.StatusFailed, "heal_at": again, "updated_at": *value(s.Backup(ctx, one.ID))(t).SettledAt}).Error)
	must(t, s.PostponeHeal(ctx, one.ID, again))
	never := value(s.LostBackups(ctx, begin))(t)
	equal(t, "those that lack a copy", len(never), 1)
	equal(t, "the copies that it lost", len(never[0].DriveFiles), 0)
	must(t, s.PostponeHeal(ctx, one.ID, time.Time{}))

	files := value(s.Backup(ctx, two.ID))(t).DriveFiles
	equal(t, "those that lost a copy", len(value(s.LostBackups(ctx, begin))(t)), 0)
	must(t, s.db.Model(&models.DriveFile{}).Where("id = ?", files[0].ID).Update("status", models.StatusFinished).Error)
	must(t, s.LoseCopy(ctx, models.LostCopy{BackupID: two.ID, DriveFileID: files[0].ID, Attempt: 1, Error: "gone", BackupError: "a copy is gone", HealAt: models.Now()}))
	lost := value(s.LostBackups(ctx, begin))(t)
	equal(t, "those that lost one", len(lost), 1)
	equal(t, "the one that did", lost[0].ID, two.ID)
	equal(t, "the copy that it lost", lost[0].DriveFiles[0].ID, files[0].ID)
	must(t, s.PostponeHeal(ctx, two.ID, again))
	equal(t, "the copies that it has lost when healing was put off", len(value(s.LostBackups(ctx, begin))(t)[0].DriveFiles), 1)
	equal(t, "those that lose one later", len(value(s.LostBackups(ctx, begin.Add(time.Hour)))(t)), 0)

	must(t, s.RaiseAlarm(ctx, anomalyOf(one, "the table a is gone")))
	equal(t, "alarms", len(value(s.RaisedAlarms(ctx, begin))(t)), 1)
	equal(t, "alarms to come", len(value(s.RaisedAlarms(ctx, begin.Add(time.Hour)))(t)), 0)
}

func testEarlierEvents(t *testing.T, s *Store) {
	ctx, at := t.Context(), models.Now()
	kinds := []models.Event{models.EventFailed, models.EventRecovered}
	for _, e := range []models.Notification{
		event(models.EventFailed, "b1", "job", at), event(models.EventRecovered, "b2", "job", at.Add(time.Minute)),
		event(models.EventFinished, "b3", "job", at.Add(2*time.Minute)), event(models.EventFailed, "b4", "other", at.Add(3*time.Minute)),
		event(models.EventDriveFailing, "d1/a", "", at), event(models.EventDriveFailing, "d1/b", "", at.Add(time.Minute)),
		event(models.EventDriveFailing, "d10/c", "", at.Add(2*time.Minute)),
	} {
		must(t, s.Announce(ctx, e, always(notice("ops", e, at))))
	}
	equal(t, "the newest", value(s.NewestOf(ctx, "job", kinds, at.Add(time.Hour)))(t), models.EventRecovered)
	equal(t, "the newest before", value(s.NewestOf(ctx, "job", kinds, at.Add(time.Minute)))(t), models.EventFailed)
	equal(t, "none", value(s.NewestOf(ctx, "job", kinds, at))(t), models.Event(""))
	equal(t, "the newest of a drive", value(s.NewestAbout(ctx, models.EventDriveFailing, "d1/"))(t), "d1/b")
	equal(t, "none of a drive", value(s.NewestAbout(ctx, models.EventDriveGood, "d1/"))(t), "")
}
