package store

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func testSignInLimits(t *testing.T, s *Store) {
	ctx := t.Context()
	at := models.Now().Add(-time.Hour)
	until := at.Add(time.Minute)
	must(t, s.ChangeLimit(ctx, "n", func(l *models.SignInLimit) {
		if l.Failures != 0 || l.BlockedUntil != nil {
			t.Errorf("the first finds %+v", l)
		}
		l.Failures, l.TriedAt, l.BlockedUntil = 4, at, &until
	}))
	read := value(s.Limit(ctx, "n"))(t)
	equal(t, "the failures that are read", read.Failures, 4)
	sameTime(t, "the end of the wait that is read", read.BlockedUntil, until)
	must(t, s.ChangeLimit(ctx, "n", func(l *models.SignInLimit) {
		equal(t, "the failures", l.Failures, 4)
		equal(t, "the newest try", l.TriedAt, at)
		sameTime(t, "the end of the wait", l.BlockedUntil, until)
		l.BlockedUntil = nil
	}))
	must(t, s.ChangeLimit(ctx, "n", func(l *models.SignInLimit) {
		if l.BlockedUntil != nil {
			t.Error("a wait that was ended goes on")
		}
		l.Failures = 0
	}))
	equal(t, "what is counted of what never failed", value(s.Limit(ctx, "n"))(t), models.SignInLimit{Name: "n"})
	var rows int64
	must(t, s.db.Model(&models.SignInLimit{}).Count(&rows).Error)
	equal(t, "the rows of what has failed never", rows, 0)
}

// testRaceSignInLimits: no try is lost, and no two of them see the same count.
func testRaceSignInLimits(t *testing.T, s *Store) {
	const n, names = 1000, 2
	counted := race(t, n, func(i int) error {
		return s.ChangeLimit(t.Context(), slot(i%names), func(l *models.SignInLimit) { l.Failures++ })
	})
	equal(t, "how many were counted", counted, n)
	for i := range names {
		equal(t, "the count", failures(t, s, slot(i)), n/names)
	}
}
