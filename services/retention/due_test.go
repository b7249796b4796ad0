package retention_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/retention"
	"github.com/backupman/backupman/services/store"
)

// counted is a store that counts how often the past of a job is read.
type counted struct {
	*store.Store
	reads map[string]int
}

func (c *counted) RetentionSnapshot(ctx context.Context, jobID string) (models.RetentionSnapshot, error) {
	c.reads[jobID]++
	return c.Store.RetentionSnapshot(ctx, jobID)
}

// total returns how many reads there were since it was asked last.
func (c *counted) total() int {
	n := 0
	for _, reads := range c.reads {
		n += reads
	}
	c.reads = map[string]int{}
	return n
}

func (w *world) counting() (*retention.Service, *counted) {
	c := &counted{w.store, map[string]int{}}
	return retention.New(retention.Options{Store: c, Catalog: w, Log: slog.New(slog.DiscardHandler), Now: w.clock}), c
}

// The minute's look costs next to nothing while nothing changes, and sees what changes.
func TestPruneDueLooksOnlyAtWhatMayHaveChanged(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	w.backup(day)
	s, reads := w.counting()
	must(t, s.PruneDue(t.Context()))
	if n := reads.total(); n != 1 {
		t.Fatalf("at first it read %d jobs", n)
	}
	for range 59 {
		w.pass(time.Minute)
		must(t, s.PruneDue(t.Context()))
	}
	if n := reads.total(); n != 0 {
		t.Errorf("within an hour it read %d jobs again", n)
	}
	w.pass(time.Minute)
	must(t, s.PruneDue(t.Context()))
	if n := reads.total(); n != 1 {
		t.Errorf("after an hour it read %d jobs", n)
	}
	must(t, w.store.PauseJob(t.Context(), w.job.ID, w.clock()))
	must(t, s.PruneDue(t.Context()))
	if n := reads.total(); n != 1 {
		t.Errorf("of a job that was changed it read %d", n)
	}
	w.pass(-day)
	must(t, s.PruneDue(t.Context()))
	if n := reads.total(); n != 1 {
		t.Errorf("after the clock was set back it read %d jobs", n)
	}
}

// Many jobs are looked at one part after the other, and each within the hour.
func TestPruneDueSpreadsItsLooks(t *testing.T) {
	const jobs = 900
	w := newWorld(t, models.Retention{Last: 1})
	plan := models.Plan{Sources: []models.Source{{Label: "shop", Provider: "fake"}}, Drives: []models.Drive{{Label: "nas", Provider: "local"}}}
	for i := range jobs {
		plan.Jobs = append(plan.Jobs, models.PlannedJob{Source: "shop", Drives: []string{"nas"},
			Job: models.Job{Label: fmt.Sprint("job", i), Compression: models.CompressionZstd, Retention: models.Retention{Last: 1}}})
	}
	must(t, w.store.ApplyPlan(t.Context(), plan))
	s, reads := w.counting()
	for hour := range 2 {
		seen, most := map[string]bool{}, 0
		for range 60 {
			must(t, s.PruneDue(t.Context()))
			for id := range reads.reads {
				seen[id] = true
			}
			most = max(most, reads.total())
			w.pass(time.Minute)
		}
		if len(seen) != jobs || most > jobs/20 {
			t.Errorf("in hour %d it looked at %d of %d jobs, at %d at once", hour+1, len(seen), jobs, most)
		}
	}
}

// Who made a backup compares it before anything is removed, also when that machine's clock
// is ahead of this one's.
func TestPruneDueWaitsForABackupOfAnotherClock(t *testing.T) {
	w := newWorld(t, models.Retention{Last: 1})
	old := w.backup(day)
	w.backup(-5 * time.Minute)
	s := w.service()
	must(t, s.PruneDue(t.Context()))
	w.pass(6 * time.Minute)
	must(t, s.PruneDue(t.Context()))
	if !w.known(old) {
		t.Fatal("it was removed before the newest was compared")
	}
	w.pass(time.Minute)
	must(t, s.PruneDue(t.Context()))
	if w.known(old) {
		t.Error("what is due was not removed")
	}
}
