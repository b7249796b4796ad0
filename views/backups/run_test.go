package backups

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

var runNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func before(d time.Duration) *time.Time { at := runNow.Add(-d); return &at }

func pendingBackup() models.Backup {
	return models.Backup{ID: "b", Label: "shop", Status: models.StatusPending, Phase: models.PhaseDumping, Attempt: 1, CreatedAt: *before(70 * time.Second), StartedAt: before(time.Minute),
		RawSize: 50_000_000, Size: 20_000_000, TablesDone: 17, TablesTotal: 42,
		DriveFiles: []models.DriveFile{{ID: "one", DriveID: "nas", Status: models.StatusPending, Size: 10_000_000}, {ID: "two", DriveID: "s3", Status: models.StatusPending, Size: 4_000_000}}}
}

func known() Known {
	return Known{Last: &models.Backup{Attempt: 1, RawSize: 100_000_000, Size: 40_000_000, StartedAt: before(time.Hour), SettledAt: before(58 * time.Minute)},
		Drives: map[string]models.Drive{"nas": {Label: "nas"}, "s3": {Label: "s3"}}}
}

func TestARunAsItIsWatched(t *testing.T) {
	earlier := Look{Phase: models.PhaseQueued, Read: 30_000_000, Sent: []int64{6_000_000, 4_000_000}, Log: 5, At: *before(2 * time.Second)}
	log := "10:00  the copy on s3 waits and is tried again: connection reset\n"
	r := NewRun(RunFacts{Backup: pendingBackup(), Known: known(), Log: log, Recent: log, LogLength: 5 + len(log), Earlier: earlier}, runNow)
	if r.Rate != "10 MB/s" || r.Tables != "17 of 42 tables" || !strings.HasPrefix(r.Expected, "done in about 1 min") || r.Live.Progress.Percent != 50 {
		t.Errorf("%q, %q, %q, %+v", r.Rate, r.Tables, r.Expected, r.Live.Progress)
	}
	if r.Whole || r.Log != log || r.Said != "shop: Reading the database." {
		t.Errorf("whole %v, log %q, said %q", r.Whole, r.Log, r.Said)
	}
	for _, changed := range []bool{true, false} {
		var answer strings.Builder
		if err := RunFragment(r).Render(t.Context(), &answer); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(answer.String(), `id="status-chip" class="inline-flex" hx-swap-oob="outerHTML"`); told != changed || r.Chip.Text != "Dumping" {
			t.Errorf("changed %v: the head of the page is told %v, and %q", changed, told, r.Chip.Text)
		}
		r.Said = ""
	}
	nas, s3 := r.Drives[0], r.Drives[1]
	if nas.Drive != "nas" || nas.Rate != "2.0 MB/s" || nas.Progress.Percent != 25 || nas.Trouble != "" || nas.Chip.Text != "Copying" {
		t.Errorf("nas is %+v", nas)
	}
	if s3.Rate != "" || s3.Trouble != "It waits and is tried again: connection reset." {
		t.Errorf("s3 is %+v", s3)
	}
	next, err := url.Parse(r.NextPath)
	if err != nil || next.Path != "/backups/b/live" {
		t.Fatalf("next is %q: %v", r.NextPath, err)
	}
	if l := ParseLook(next.Query()); l.Read != 50_000_000 || len(l.Sent) != 2 || l.Sent[1] != 4_000_000 || l.Log != 5+len(log) || !l.At.Equal(runNow) {
		t.Errorf("the next look reads %+v", l)
	}
}

func TestStepsOfARun(t *testing.T) {
	uploading := pendingBackup()
	uploading.Phase, uploading.DumpedAt = models.PhaseUploading, before(20*time.Second)
	verifying := uploading
	verifying.Phase = models.PhaseVerifying
	again := uploading
	again.DumpedAt, again.Attempt = before(time.Hour), 2
	queued := pendingBackup()
	queued.Phase, queued.StartedAt = models.PhaseQueued, nil
	for name, c := range map[string]struct {
		backup models.Backup
		want   string
	}{
		"queued":    {queued, "1 min 10 s|not yet|not yet|not yet"},
		"dumping":   {pendingBackup(), "took 10 s|1 min 00 s|as it is read|not yet"},
		"uploading": {uploading, "took 10 s|took 40 s|20 s|not yet"},
		"verifying": {verifying, "took 10 s|took 40 s|done|now"},
		"again":     {again, "done|good since an earlier try|1 min 00 s|not yet"},
	} {
		var words []string
		for _, s := range runSteps(c.backup, runNow) {
			words = append(words, s.Words)
		}
		if got := strings.Join(words, "|"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A log that was cut short meanwhile, and one that the page has nothing of, are shown anew.
func TestWhenAllOfTheLogTravels(t *testing.T) {
	long := strings.Repeat("line\n", 2*shownLines)
	for name, c := range map[string]struct {
		earlier Look
		length  int
		whole   bool
		lines   int
	}{
		"a new page": {Look{}, len(long), true, shownLines},
		"cut short":  {Look{Log: len(long) + 9, At: runNow}, len(long), true, shownLines},
		"goes on":    {Look{Log: 9, At: runNow}, len(long) + 9, false, 2 * shownLines},
	} {
		r := NewRun(RunFacts{Backup: pendingBackup(), Log: long, LogLength: c.length, Earlier: c.earlier}, runNow)
		if lines := strings.Count(r.Log, "\n"); r.Whole != c.whole || lines != c.lines {
			t.Errorf("%s: whole %v, %d lines", name, r.Whole, lines)
		}
	}
	if got := lastLines("one\ntwo", 5); got != "one\ntwo" {
		t.Errorf("of a short text %q is left", got)
	}
}

func TestALookThatIsNone(t *testing.T) {
	for _, q := range []string{"", "read=x&at=1&log=1", "read=1&log=1", "read=1&at=1&log=-1"} {
		values, _ := url.ParseQuery(q)
		if got := ParseLook(values); !got.At.IsZero() || got.Log != 0 || got.Sent != nil {
			t.Errorf("%q is read as %+v", q, got)
		}
	}
}

func TestWhatAFailureMeans(t *testing.T) {
	good := &models.Backup{ID: "good", CreatedAt: *before(time.Hour)}
	for name, c := range map[string]struct {
		backup models.Backup
		last   *models.Backup
		title  string
		means  string
		path   string
	}{
		"nothing":     {models.Backup{Phase: models.PhaseDumping}, nil, "This run failed while dumping", "its job has no finished backup", ""},
		"another":     {models.Backup{Phase: models.PhaseDumping}, good, "This run failed while dumping", "Nothing of it can be restored.", "/backups/good"},
		"some copies": {models.Backup{DumpedAt: before(1), DriveFiles: []models.DriveFile{{Status: models.StatusFinished}, {}}}, good, "Not every copy is good", "It can be restored: 1 of 2 copies can be used.", ""},
		"cancelled":   {models.Backup{CancelAskedAt: before(1)}, good, "This run was cancelled", "Nothing of it", "/backups/good"},
	} {
		c.backup.Status = models.StatusFailed
		f := newFailure(Facts{Backup: c.backup, Known: Known{Last: c.last}, Log: "a\nb\n"}, runNow)
		if f.Title != c.title || !strings.Contains(f.Meaning, c.means) || f.GoodPath != c.path || f.Said != "a\nb\n" || len(f.Actions) == 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
