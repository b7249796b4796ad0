package replicas

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/services/store"
)

const (
	jobs     = 40
	slotsMin = 200
	rounds   = 10
)

// TestEachSlotRunsOnce lets three servers work on one schedule while ten times one of
// them is killed and another is stopped for a while. Every slot of every job then has
// exactly one backup, or is written down as missed; everything is settled; every
// finished copy is on its drive, identical; and nothing else is there.
func TestEachSlotRunsOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t, jobs)
	for n := range f.up {
		f.start(t, n)
	}
	meta, err := store.Open(t.Context(), f.meta, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { _ = meta.Close() })
	began := time.Now()
	for range rounds {
		f.disturb(t)
		time.Sleep(rand.N(2 * time.Second))
	}
	if rest := time.Until(began.Add(time.Duration(slotsMin/jobs+1) * every)); rest > 0 {
		time.Sleep(rest)
	}
	program.Eventually(t, patience, func(context.Context) error { // a busy machine gives slots up
		if n := len(eachBackup(t, meta)); n < slotsMin {
			return fmt.Errorf("there are %d backups, want %d", n, slotsMin)
		}
		return nil
	})
	until := time.Now()
	f.stop(t)
	f.settle(t, jobs, meta)
	all := eachBackup(t, meta)
	f.slotsOnce(t, meta, all, until)
	f.copiesWhole(t, all, map[string]bool{})
	tally := map[string]int{}
	for _, b := range all {
		tally[string(b.Status)+" "+b.Error]++
	}
	t.Logf("how the backups ended: %v", tally)
}

func eachBackup(t *testing.T, meta *store.Store) []models.Backup {
	t.Helper()
	var all []models.Backup
	must(t, meta.EachBackup(t.Context(), models.BackupFilter{}, func(b models.Backup) error {
		all = append(all, b)
		return nil
	}))
	return all
}

func nothingPending(ctx context.Context, meta *store.Store) error {
	return meta.EachBackup(ctx, models.BackupFilter{}, func(b models.Backup) error {
		if b.Status == models.StatusPending {
			return fmt.Errorf("backup %s of %s for %s is still %s, held by %q", b.ID, b.Label, b.Slot, b.Phase, b.LeaseOwner)
		}
		for _, c := range b.DriveFiles {
			if c.Status == models.StatusPending {
				return fmt.Errorf("a copy of the settled backup %s is pending", b.ID)
			}
		}
		return nil
	})
}

// slotsOnce compares the slots that were due since the schedule began with the backups
// and the slots that were written down as missed. Of the last two of a job nothing may have
// become yet: a slot is owed until the next one has taken its place.
func (f *fleet) slotsOnce(t *testing.T, meta *store.Store, all []models.Backup, until time.Time) {
	t.Helper()
	made := map[string]int{}
	for _, b := range all {
		made[b.Label+" "+b.Slot]++
	}
	due, ran, missed := 0, 0, 0
	list, err := meta.Jobs(t.Context())
	must(t, err)
	for n, job := range list {
		given, err := meta.MissedSlots(t.Context(), job.ID, 1000)
		must(t, err)
		number := 0
		_, err = fmt.Sscanf(job.Label, "job%d", &number)
		must(t, err)
		when, err := cron.Parse(crons[number%len(crons)], "")
		must(t, err)
		for slot := when.Next(firstSlot(t, list[n], all)); slot.Before(until); slot = when.Next(slot) {
			due++
			runs, times := made[job.Label+" "+slot.Format(time.RFC3339)], covered(given, slot)
			ran, missed = ran+runs, missed+times
			if open := slot.After(until.Add(-2 * every)); runs+times > 1 || runs+times == 0 && !open {
				t.Errorf("slot %s of %s has %d backups and was missed %d times", slot.Format(time.RFC3339), job.Label, runs, times)
			}
		}
		for _, m := range given {
			t.Logf("%s missed %d slots from %s: %s", job.Label, m.Slots, m.First.Format(time.RFC3339), m.Reason)
		}
	}
	t.Logf("%d slots: %d ran, %d were given up", due, ran, missed)
	if ran < slotsMin || missed > ran {
		t.Errorf("of %d slots %d ran and %d were given up", due, ran, missed)
	}
}

// firstSlot is a moment just before the job's first backup: its schedule began when the
// first server read the configuration.
func firstSlot(t *testing.T, job models.Job, all []models.Backup) time.Time {
	t.Helper()
	first := time.Time{}
	for _, b := range all {
		at, err := time.Parse(time.RFC3339, b.Slot)
		if err == nil && b.JobID == job.ID && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() {
		t.Fatalf("%s never ran", job.Label)
	}
	if first.Sub(job.CreatedAt) > 2*every {
		t.Errorf("%s was made at %s and ran first for %s", job.Label, job.CreatedAt, first)
	}
	return first.Add(-time.Second)
}

func covered(missed []models.Missed, slot time.Time) int {
	times := 0
	for _, m := range missed {
		if !slot.Before(m.First) && !slot.After(m.Last) {
			times++
		}
	}
	return times
}

// copiesWhole reads the finished copies of the backups back, those that were read before
// left out, and expects nothing else on the drives.
func (f *fleet) copiesWhole(t *testing.T, all []models.Backup, read map[string]bool) {
	t.Helper()
	known := map[string]bool{}
	for _, b := range all {
		for _, c := range b.DriveFiles {
			if b.Status == models.StatusFinished && c.Status != models.StatusFinished {
				t.Errorf("the finished backup %s has a copy that is %s", b.ID, c.Status)
			}
			if c.Status != models.StatusFinished {
				continue
			}
			known[c.Provider+" "+c.Key], known[c.Provider+" "+archive.ManifestKey(c.Key)] = true, true
			if !read[c.ID] {
				read[c.ID] = true
				f.readsBack(t, b, c)
			}
		}
	}
	// What a killed process had sent may be taken in after the next one has swept, which
	// therefore sweeps again.
	program.Eventually(t, sweptWithin, func(context.Context) error {
		for _, name := range f.stored(t) {
			if !known[name] {
				return fmt.Errorf("left on a drive: %s", name)
			}
		}
		return nil
	})
}

func (f *fleet) readsBack(t *testing.T, b models.Backup, c models.DriveFile) {
	t.Helper()
	var err error
	if c.Provider == "local" {
		file, openErr := os.Open(filepath.Join(f.disk, filepath.FromSlash(c.Key)))
		if openErr != nil {
			t.Errorf("a copy of %s is lost: %v", b.ID, openErr)
			return
		}
		defer file.Close()
		err = archive.Verify(file, b.Size, b.SHA256)
	} else {
		object, openErr := f.s3.Client(t).GetObject(t.Context(), f.s3.Bucket, c.Key, minio.GetObjectOptions{})
		must(t, openErr)
		defer object.Close()
		err = archive.Verify(object, b.Size, b.SHA256)
	}
	if err != nil {
		t.Errorf("the copy of %s on %s: %v", b.ID, c.Provider, err)
	}
}

// stored lists everything on the two drives, hidden files and open uploads included,
// but for the marker of a drive.
func (f *fleet) stored(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, name := range f.s3.Names(t) {
		names = append(names, "s3 "+name)
	}
	must(t, filepath.WalkDir(f.disk, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && !strings.HasSuffix(path, ".backupman-drive") {
			name, relErr := filepath.Rel(f.disk, path)
			must(t, relErr)
			names = append(names, "local "+filepath.ToSlash(name))
		}
		return err
	}))
	return names
}
