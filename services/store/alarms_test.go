package store

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func anomalyOf(b models.Backup, sentence string) models.Alarm {
	return models.Alarm{JobID: b.JobID, BackupID: b.ID, Kind: models.AlarmAnomaly, Sentence: sentence, CreatedAt: models.Now()}
}

func testAlarms(t *testing.T, s *Store) {
	ctx := t.Context()
	f := configure(t, s)
	one, two := f.settled(t, s, slot(1), models.StatusFinished), f.settled(t, s, slot(2), models.StatusFinished)
	must(t, s.RaiseAlarm(ctx, anomalyOf(one, "the table a is gone")))
	must(t, s.RaiseAlarm(ctx, anomalyOf(one, "the table b is gone\nthe table a is gone")))
	must(t, s.RaiseAlarm(ctx, anomalyOf(two, "the dump is empty")))
	wants(t, s.RaiseAlarm(ctx, anomalyOf(models.Backup{ID: models.NewID()}, "x")), models.ErrNotFound)

	alarms := value(s.Alarms(ctx, true))(t)
	equal(t, "the number of alarms", len(alarms), 2)
	equal(t, "the newest", alarms[0].Sentence, "the dump is empty")
	equal(t, "the extended", alarms[1].Sentence, "the table a is gone\nthe table b is gone")
	equal(t, "the number of alarms of the job", len(value(s.UnseenAlarms(ctx, f.job.ID))(t)), 2)
	equal(t, "the number of alarms of another", len(value(s.UnseenAlarms(ctx, models.NewID()))(t)), 0)
	equal(t, "another job being frozen", value(s.Frozen(ctx, models.NewID()))(t), false)

	at := models.Now().Add(time.Second)
	must(t, s.SeeAlarm(ctx, alarms[1].ID, at))
	wants(t, s.SeeAlarm(ctx, alarms[1].ID, at.Add(time.Hour)), models.ErrConflict)
	wants(t, s.SeeAlarm(ctx, models.NewID(), at), models.ErrNotFound)
	equal(t, "being frozen with one left", value(s.Frozen(ctx, f.job.ID))(t), true)
	must(t, s.SeeAlarm(ctx, alarms[0].ID, at))
	equal(t, "being frozen with none left", value(s.Frozen(ctx, f.job.ID))(t), false)
	seen := value(s.Alarms(ctx, false))(t)
	equal(t, "the number of all alarms", len(seen), 2)
	sameTime(t, "SeenAt", seen[1].SeenAt, at)

	must(t, s.RaiseAlarm(ctx, anomalyOf(one, "the table a is gone")))
	equal(t, "being frozen again", value(s.Frozen(ctx, f.job.ID))(t), true)
	equal(t, "the number of all alarms then", len(value(s.Alarms(ctx, false))(t)), 3)
}

func testRaceAlarm(t *testing.T, s *Store) {
	b := configure(t, s).settled(t, s, slot(1), models.StatusFinished)
	raised := race(t, 12, func(int) error { return s.RaiseAlarm(t.Context(), anomalyOf(b, "the dump is empty")) })
	equal(t, "the number of calls that worked", raised, 12)
	alarms := value(s.Alarms(t.Context(), true))(t)
	equal(t, "the number of alarms", len(alarms), 1)
	equal(t, "the sentence", alarms[0].Sentence, "the dump is empty")
}
