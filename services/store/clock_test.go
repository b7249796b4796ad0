package store

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// lasts sees that a lease that was given after a moment lasts so long.
func lasts(t *testing.T, s *Store, before time.Time, b models.Backup, lease time.Duration) {
	t.Helper()
	after := value(s.clock(t.Context()))(t)
	if b.LeaseUntil == nil || b.LeaseUntil.Before(before.Add(lease)) || b.LeaseUntil.After(after.Add(lease)) {
		t.Errorf("the lease is until %v, and not %s after a moment between %v and %v", b.LeaseUntil, lease, before, after)
	}
}

// ago runs a statement with a moment so long ago, by the clock of leases.
func ago(t *testing.T, s *Store, statement string, d time.Duration) {
	t.Helper()
	must(t, s.db.Exec(statement, s.in(-d)).Error)
}

// testHeld: a lease is held until it has run out, and how long ago that was is told.
func testHeld(t *testing.T, s *Store) {
	f := configure(t, s)
	f.claimed(t, s, slot(1), "r1")
	held := value(s.Held(t.Context()))(t)
	if len(held) != 1 || held[0].Over >= 0 || held[0].Over < -soon || len(held[0].DriveFiles) != 2 {
		t.Fatalf("held are %+v", held)
	}
	ago(t, s, "UPDATE backups SET lease_until = ?", time.Hour)
	if over := value(s.Held(t.Context()))(t)[0].Over; over < time.Hour || over > 2*time.Hour {
		t.Errorf("the lease is over for %s", over)
	}
}

// testWrongClock: on a database that replicas share, what a replica's own clock says
// neither makes a lease longer nor ends one. The machine's clock is never asked for it.
func testWrongClock(t *testing.T, s *Store) {
	if s.config.Provider != ProviderMySQL {
		t.Skip("processes that share a file share the clock of their machine")
	}
	f := configure(t, s)
	b := f.inserted(t, s, slot(1))
	for _, off := range []time.Duration{-time.Hour, time.Hour} {
		s.time = func() time.Time { return models.Now().Add(off) }
		before := value(s.clock(t.Context()))(t)
		owner := value(s.Backup(t.Context(), b.ID))(t).LeaseOwner
		must(t, s.Claim(t.Context(), b.ID, owner, "r"+off.String(), soon))
		lasts(t, s, before, value(s.Backup(t.Context(), b.ID))(t), soon)
		value(s.Renew(t.Context(), b.ID, "r"+off.String(), 2*soon, models.Progress{}))(t)
		lasts(t, s, before, value(s.Backup(t.Context(), b.ID))(t), 2*soon)
		if over := value(s.Held(t.Context()))(t)[0].Over; over >= 0 {
			t.Errorf("with a clock that is off by %s the lease is over for %s", off, over)
		}
		must(t, s.Beat(t.Context(), models.Runner{ID: "srv", Serves: true, StartedAt: s.time(), SeenAt: s.time()}))
		equal(t, "that the server was seen", value(s.ServerSeenWithin(t.Context(), soon))(t), true)
		ago(t, s, "UPDATE runners SET seen_at = ?", 2*soon)
		equal(t, "that the silent server was seen", value(s.ServerSeenWithin(t.Context(), soon))(t), false)
		ago(t, s, "UPDATE backups SET lease_until = ?", time.Second)
		if over := value(s.Held(t.Context()))(t)[0].Over; over < 0 || over > soon {
			t.Errorf("with a clock that is off by %s the lease that ran out is over for %s", off, over)
		}
	}
}

// testWrongClockOfRuns: the first sign of life of a drill and of a restore is not its
// machine's either.
func testWrongClockOfRuns(t *testing.T, s *Store) {
	b := configure(t, s).settled(t, s, slot(1), models.StatusFinished)
	wrong := models.Now().Add(time.Hour)
	must(t, s.InsertDrill(t.Context(), models.Drill{ID: models.NewID(), BackupID: b.ID, RunnerID: "r1", SeenAt: &wrong, CreatedAt: wrong}))
	must(t, s.InsertRestore(t.Context(), models.Restore{ID: models.NewID(), BackupID: b.ID, RunnerID: "r1", SeenAt: &wrong, CreatedAt: wrong}))
	silent := func(within time.Duration) int {
		return len(value(s.SilentDrills(t.Context(), within))(t)) + len(value(s.SilentRestores(t.Context(), within))(t))
	}
	equal(t, "the silent ones", silent(soon), 0)
	equal(t, "all of them", silent(0), 2)
	for _, table := range []string{"drills", "restores"} {
		var seen struct{ SeenAt time.Time }
		must(t, s.db.Session(&gorm.Session{NewDB: true}).Table(table).Select("seen_at").Take(&seen).Error)
		if !seen.SeenAt.Before(wrong) {
			t.Errorf("the first sign of life in %s is of %v", table, seen.SeenAt)
		}
	}
}
