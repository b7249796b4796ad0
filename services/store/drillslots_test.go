package store

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func testDrillSlots(t *testing.T, s *Store) {
	job, other := models.NewID(), models.NewID()
	noon := time.Date(2025, 7, 2, 12, 0, 0, 0, time.FixedZone("", 2*3600))
	claim := func(job string, slot, now time.Time) bool {
		return value(s.ClaimDrillSlot(t.Context(), job, slot, now))(t)
	}
	for _, step := range []struct {
		name      string
		job       string
		slot, now time.Time
		want      bool
	}{
		{"the first slot", job, noon, noon, true},
		{"the same again", job, noon.UTC(), noon.Add(time.Second), false},
		{"of another job", other, noon, noon, true},
		{"the next", job, noon.Add(time.Hour), noon.Add(time.Hour), true},
		{"one before", job, noon, noon.Add(time.Hour), false},
		{"of a clock that is far ahead", job, noon.AddDate(1, 0, 0), noon.AddDate(1, 0, 0), true},
		{"of a clock that is right", job, noon.Add(2 * time.Hour), noon.Add(2 * time.Hour), true},
		{"the same again", job, noon.Add(2 * time.Hour), noon.Add(2 * time.Hour), false},
	} {
		equal(t, step.name, claim(step.job, step.slot, step.now), step.want)
	}
}

func testRaceDrillSlot(t *testing.T, s *Store) {
	job, slot := models.NewID(), time.Date(2025, 7, 2, 12, 0, 0, 0, time.UTC)
	for range 3 {
		var won atomic.Int32
		race(t, 12, func(int) error {
			mine, err := s.ClaimDrillSlot(t.Context(), job, slot, slot)
			if mine {
				won.Add(1)
			}
			return err
		})
		equal(t, "the number of winners", won.Load(), 1)
		slot = slot.Add(time.Hour)
	}
}
