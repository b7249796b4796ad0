package web

import (
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// cancelNewest makes the newest backup of the site one that somebody cancelled, and takes out the
// one that failed before it.
func cancelNewest(s *site) {
	b := &s.store.backups[0]
	b.Status, b.SettledAt, b.CancelAskedAt = models.StatusFailed, &testNow, &testNow
	b.Error = "cancelled on request: nothing of it was kept; retry runs it again"
	s.store.backups = append(s.store.backups[:1], s.store.backups[2:]...)
}

// A person cancelled it: nothing is wrong, and nothing is told as if it were.
func TestACancelledRunIsNoFailure(t *testing.T) {
	s := newSite(t)
	cancelNewest(s)
	d := parse(t, s.get(t, "/"))
	row := d.one(t, "section", "id", "database-"+sourceID)
	if said := words(row); !strings.Contains(said, "Proven 1 h ago") || !strings.Contains(said, "The newest run was cancelled") || strings.Contains(said, "Failing") || strings.Contains(said, "Retry") {
		t.Errorf("the row says %s", said)
	}
	if strip := words(d.one(t, "a", "data-strip", "")); !strings.HasSuffix(strip, "1 proven and 29 without a run.") {
		t.Errorf("the strip says %s", strip)
	}
	if said := words(d.one(t, "section", "id", "summary")); !strings.Contains(said, "100 % 1 of 1 runs") || strings.Contains(said, "attention") {
		t.Errorf("the summary says %s", said)
	}
	if said := words(parse(t, s.get(t, "/jobs")).one(t, "tr", "id", "job-"+jobID)); !strings.Contains(said, "Cancelled") || strings.Contains(said, "Failed") {
		t.Errorf("the list of jobs says %s", said)
	}
	job := words(parse(t, s.get(t, "/jobs/"+jobID)).one(t, "main", "", ""))
	if !strings.Contains(job, "1 of 1 run went well") || !strings.Contains(job, "The newest run was cancelled") {
		t.Errorf("the page of the job says %s", job)
	}
	page := words(parse(t, s.get(t, "/backups/"+pendingID)).one(t, "", "id", "backup-body"))
	if !strings.Contains(page, "Cancelled") || !strings.Contains(page, "This run was cancelled") || strings.Contains(page, "Failed") {
		t.Errorf("its page says %s", page)
	}
	if row := s.get(t, "/backups/"+pendingID+"/row").Body.String(); !strings.Contains(row, "The backup of shop-nightly was cancelled.") {
		t.Errorf("its row ends as %s", row)
	}
}

// What failed before a cancelled run still has.
func TestACancelledRunHidesNoFailure(t *testing.T) {
	s := newSite(t)
	failed := s.store.backups[1]
	cancelNewest(s)
	s.store.backups = append([]models.Backup{s.store.backups[0], failed}, s.store.backups[1:]...)
	row := words(parse(t, s.get(t, "/")).one(t, "section", "id", "database-"+sourceID))
	if !strings.Contains(row, "Failing") || !strings.Contains(row, "The last run failed 1 h ago") || !strings.Contains(row, "The newest run was cancelled") {
		t.Errorf("the row says %s", row)
	}
}

func TestTheListTellsCancelledRunsFromFailedOnes(t *testing.T) {
	s := newSite(t)
	b := &s.store.backups[0]
	b.Status, b.CancelAskedAt = models.StatusFailed, &testNow
	for status, want := range map[string][2]bool{"": {true, true}, "cancelled": {true, false}, "failed": {false, true}, "finished": {false, false}} {
		d := parse(t, s.get(t, "/backups?status="+status))
		if got := [2]bool{len(d.all("tr", "id", "backup-"+pendingID)) == 1, len(d.all("tr", "id", "backup-"+failedID)) == 1}; got != want {
			t.Errorf("?status=%s has the cancelled and the failed one: %v, want %v", status, got, want)
		}
	}
	d := parse(t, s.get(t, "/backups?status=cancelled"))
	if said := words(d.one(t, "tr", "id", "backup-"+pendingID)); !strings.Contains(said, "Cancelled") {
		t.Errorf("the row says %s", said)
	}
	if body := s.get(t, "/api/backups?Status=failed").Body.String(); !strings.Contains(body, pendingID) || !strings.Contains(body, failedID) {
		t.Errorf("the API's failed backups are %s", body)
	}
}
