package store

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// onHosts inserts a queued backup of a job of its own for each host, in that order.
func onHosts(t *testing.T, s *Store, hosts ...string) []string {
	t.Helper()
	labels := make([]string, len(hosts))
	for i := range hosts {
		labels[i] = fmt.Sprintf("job%02d", i)
	}
	must(t, s.ApplyPlan(t.Context(), plan(labels...)))
	drives, ids := value(s.Drives(t.Context()))(t), []string{}
	for i, host := range hosts {
		f := fixture{job: value(s.JobByLabel(t.Context(), labels[i]))(t), drives: drives}
		b := f.backup(slot(1))
		b.SourceHost, b.CreatedAt = host, models.Now().Add(time.Duration(i)*time.Millisecond)
		must(t, s.InsertBackup(t.Context(), b))
		ids = append(ids, b.ID)
	}
	return ids
}

// testLimits: hosts that are full are passed over, and the oldest that fits is taken.
func testLimits(t *testing.T, s *Store) {
	ids := onHosts(t, s, "a", "a", "b", "", "", "c")
	limits := models.Limits{Overall: 4, PerHost: 1}
	claims := func(l models.Limits, want int) {
		t.Helper()
		b, err := s.ClaimNextDump(t.Context(), "r1", soon, l)
		if want < 0 {
			wants(t, err, models.ErrNotFound)
			return
		}
		must(t, err)
		equal(t, "the backup that fits", slices.Index(ids, b.ID), want)
		equal(t, "its owner", b.LeaseOwner, "r1")
	}
	claims(limits, 0)
	claims(limits, 2) // the other of host a waits
	claims(limits, 3)
	claims(limits, 4) // what is not on a host of its own is not bounded by hosts
	claims(limits, -1)
	must(t, s.RecordDump(t.Context(), ids[2], "r1", models.DumpFacts{SHA256: "d"}, sampleManifest(ids[2])))
	claims(limits, 5) // a dump that has ended takes no place
	claims(models.Limits{PerHost: 1}, -1)
	claims(models.Limits{PerHost: 2}, 1)
}

// testRaceLimits: no number of replicas passes a limit.
func testRaceLimits(t *testing.T, s *Store) {
	ids := onHosts(t, s, slices.Repeat([]string{"a", "b"}, 8)...)
	limits := models.Limits{Overall: 5, PerHost: 3}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			_, err := s.ClaimNextDump(t.Context(), fmt.Sprintf("r%d", i), soon, limits)
			if err != nil {
				wants(t, err, models.ErrNotFound)
			}
		})
	}
	all.Wait()
	held, hosts := value(s.Held(t.Context()))(t), map[string]int{}
	for _, b := range held {
		hosts[b.SourceHost]++
	}
	equal(t, "how many are dumped", len(held), 5)
	if len(ids) != 16 || hosts["a"] > 3 || hosts["b"] > 3 {
		t.Errorf("they are on %v", hosts)
	}
}

// testOverdue: a backup whose window has closed is not dumped any more, and is told.
func testOverdue(t *testing.T, s *Store) {
	ids := onHosts(t, s, "a", "b", "c")
	_, _, err := s.NextOverdue(t.Context())
	wants(t, err, models.ErrNotFound)
	must(t, s.Claim(t.Context(), ids[2], "", "r1", soon))
	must(t, s.db.Exec("UPDATE backups SET start_by = ? WHERE id = ?", s.in(-time.Second), ids[1]).Error)
	must(t, s.db.Exec("UPDATE backups SET start_by = ? WHERE id = ?", s.in(time.Hour), ids[0]).Error)
	b, before, err := s.NextOverdue(t.Context())
	must(t, err)
	equal(t, "the overdue one", b.ID, ids[1])
	equal(t, "those before it", before, 2)
	equal(t, "what may be dumped", value(s.ClaimNextDump(t.Context(), "r1", soon, models.Limits{}))(t).ID, ids[0])
	_, err = s.ClaimNextDump(t.Context(), "r1", soon, models.Limits{})
	wants(t, err, models.ErrNotFound)

	must(t, s.Claim(t.Context(), ids[1], "", "r1", soon))
	must(t, s.Settle(t.Context(), ids[1], "r1", models.Settlement{Status: models.StatusFailed, Error: "late"}))
	must(t, s.Requeue(t.Context(), ids[1], true))
	if b := value(s.Backup(t.Context(), ids[1]))(t); b.StartBy != nil {
		t.Errorf("a backup that a person tries again must start by %v", b.StartBy)
	}
}

// testPutBack: a backup whose dump was not proven is as new, but for its attempts.
func testPutBack(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.claimed(t, s, slot(1), "r1")
	must(t, s.Begin(t.Context(), b.ID, "r1", models.Now()))
	value(s.Renew(t.Context(), b.ID, "r1", soon, models.Progress{Phase: models.PhaseDumping, RawSize: 9, Size: 8}))(t)
	must(t, s.ChangeDriveFile(t.Context(), b.ID, b.DriveFiles[0].ID, "r1", models.DriveFileChange{Status: models.StatusFailed, Error: "no", Size: 3}))
	wants(t, s.PutBack(t.Context(), b.ID, "r2"), models.ErrConflict)
	wants(t, s.HandOver(t.Context(), b.ID, "r1", soon), models.ErrConflict)
	must(t, s.PutBack(t.Context(), b.ID, "r1"))
	got := value(s.nextToDump(t.Context()))(t)
	equal(t, "the next to dump", got.ID, b.ID)
	equal(t, "the phase", got.Phase, models.PhaseQueued)
	equal(t, "the attempt", got.Attempt, 2)
	equal(t, "the sizes", got.RawSize+got.Size, 0)
	equal(t, "the owner", got.LeaseOwner, "")
	for _, file := range got.DriveFiles {
		equal(t, "a copy", file.Status, models.StatusPending)
		equal(t, "its error", file.Error, "")
		equal(t, "its size", file.Size, 0)
	}
}

// testHandOver: a proven dump waits for the node that has it, and for others only when
// that node does not come back.
func testHandOver(t *testing.T, s *Store) {
	f := configure(t, s)
	b := f.claimed(t, s, slot(1), "r1")
	must(t, s.RecordDump(t.Context(), b.ID, "r1", models.DumpFacts{Size: 1, SHA256: "d", SpoolNode: "there"}, sampleManifest(b.ID)))
	wants(t, s.PutBack(t.Context(), b.ID, "r1"), models.ErrConflict)
	wants(t, s.HandOver(t.Context(), b.ID, "r2", soon), models.ErrConflict)
	must(t, s.HandOver(t.Context(), b.ID, "r1", soon))
	there := models.Place{Node: "there", Patience: time.Minute}
	next := func(p models.Place) bool {
		_, err := s.NextToCopy(t.Context(), p)
		if err != nil {
			wants(t, err, models.ErrNotFound)
		}
		return err == nil
	}
	equal(t, "that the node may have it", next(there), true)
	equal(t, "that others may have it at once", next(here), false)
	ago(t, s, "UPDATE backups SET lease_until = ?", time.Second)
	equal(t, "that others may have it when nobody is there", next(here), true)
	must(t, s.Beat(t.Context(), models.Runner{ID: "srv", Node: "there", Serves: true}))
	equal(t, "that others may have it while a server is there", next(here), false)
	equal(t, "that the node may have it still", next(there), true)
	ago(t, s, "UPDATE runners SET seen_at = ?", time.Hour)
	equal(t, "that others may have it when the server is silent", next(here), true)

	must(t, s.Claim(t.Context(), b.ID, "", "r3", soon))
	must(t, s.SetSpoolNode(t.Context(), b.ID, "r3", "here"))
	wants(t, s.ForgetSpool(t.Context(), b.ID, "here"), models.ErrConflict)
	must(t, s.Settle(t.Context(), b.ID, "r3", models.Settlement{Status: models.StatusFailed, Error: "no", SpoolNode: "here"}))
	must(t, s.ForgetSpool(t.Context(), b.ID, "there"))
	equal(t, "the node of the spool", value(s.Backup(t.Context(), b.ID))(t).SpoolNode, "here")
	must(t, s.ForgetSpool(t.Context(), b.ID, "here"))
	equal(t, "the node of the spool that went", value(s.Backup(t.Context(), b.ID))(t).SpoolNode, "")
}

// testHealElsewhere: a spool on another node heals there; others help with a copy only.
func testHealElsewhere(t *testing.T, s *Store) {
	b := unhealed(t, s, configure(t, s), models.Now().Add(-time.Minute))
	due := func(p models.Place) int { return len(value(s.HealDue(t.Context(), p, models.Now(), 10))(t)) }
	must(t, s.db.Exec("UPDATE backups SET spool_node = 'there' WHERE id = ?", b.ID).Error)
	equal(t, "those due where the spool is", due(models.Place{Node: "there", Patience: time.Minute}), 1)
	equal(t, "those due elsewhere, with a good copy", due(here), 1)
	must(t, s.Beat(t.Context(), models.Runner{ID: "srv", Node: "there", Serves: true}))
	equal(t, "those due elsewhere while a server is there", due(here), 0)
	ago(t, s, "UPDATE runners SET seen_at = ?", time.Hour)
	must(t, s.db.Exec("UPDATE drive_files SET status = 'failed' WHERE backup_id = ?", b.ID).Error)
	equal(t, "those due elsewhere without a good copy", due(here), 0)
	equal(t, "those due where the spool is, still", due(models.Place{Node: "there", Patience: time.Minute}), 1)
}

// testSharedFact: whoever comes first decides.
func testSharedFact(t *testing.T, s *Store) {
	won := map[string]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			got, err := s.SharedFact(t.Context(), "key", fmt.Sprint(i))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			won[got]++
		})
	}
	all.Wait()
	equal(t, "how many keys there are", len(won), 1)
}
