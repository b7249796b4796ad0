package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// backupPage is what the page of a backup says.
func (s *site) backupPage(t *testing.T, id string) (document, string) {
	t.Helper()
	d := parse(t, s.get(t, "/backups/"+id))
	return d, words(d.one(t, "main", "", ""))
}

// goodDump makes the failed backup one whose dump is good.
func (s *site) goodDump() (*models.Backup, *models.DriveFile) {
	at := testNow.Add(-time.Hour)
	b := &s.store.backups[1]
	b.DumpedAt = &at
	b.DriveFiles[0].Error = "the drive is full"
	return b, &b.DriveFiles[0]
}

func TestMissingCopiesAreMadeByButton(t *testing.T) {
	s := newSite(t)
	s.goodDump()
	d, got := s.backupPage(t, failedID)
	d.one(t, "form", "action", "/backups/"+failedID+"/heal")
	d.one(t, "form", "action", "/backups/"+failedID+"/retry")
	if !strings.Contains(got, "Not every copy is good") || !strings.Contains(got, "dumps the database anew only when both are gone") {
		t.Errorf("the page says %s", got)
	}
	w := s.ask(t, http.MethodPost, "/backups/"+failedID+"/heal", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/backups/"+failedID || strings.Join(s.backups.calls, ",") != "heal "+failedID {
		t.Errorf("status %d to %q, called %v", w.Code, w.Header().Get("Location"), s.backups.calls)
	}
	due := testNow
	s.store.backups[1].DriveFiles[0].HealAt = &due
	if _, got := s.backupPage(t, failedID); !strings.Contains(got, "made again by themselves") || strings.Contains(got, "Once that is mended") {
		t.Errorf("nothing needs to be mended, and the page says %s", got)
	}
	s.backups.err = models.Conflictf("the dump is gone")
	if w := s.ask(t, http.MethodPost, "/backups/"+failedID+"/heal", ""); w.Code != http.StatusConflict {
		t.Errorf("refused: status %d", w.Code)
	}
}

func TestABadDumpIsOnlyRetried(t *testing.T) {
	d, got := newSite(t).backupPage(t, failedID)
	if len(d.all("form", "action", "/backups/"+failedID+"/heal")) != 0 || strings.Contains(got, "Not every copy is good") || !strings.Contains(got, "the database is dumped anew") {
		t.Errorf("the page says %s", got)
	}
	if strings.Contains(got, "waits for the drive") {
		t.Error("copies of a bad dump are promised")
	}
}

func TestAFailedCopySaysWhenItIsMadeAgain(t *testing.T) {
	at := func(d time.Duration) *time.Time { t := testNow.Add(d); return &t }
	for want, c := range map[string]struct {
		healAt *time.Time
		age    time.Duration
	}{
		"It is made again by itself in about 5 min.":                         {at(5 * time.Minute), time.Hour},
		"It is made again by itself in a moment, while the server runs.":     {at(-time.Minute), time.Hour},
		"It waits for the drive: mend it, then check it on the Drives page.": {nil, time.Hour},
		"It is no longer made by itself: press Make the missing copies.":     {nil, 15 * 24 * time.Hour},
	} {
		s := newSite(t)
		b, f := s.goodDump()
		b.CreatedAt, f.HealAt = testNow.Add(-c.age), c.healAt
		if _, got := s.backupPage(t, failedID); !strings.Contains(got, want) || !strings.Contains(got, "The drive is full.") {
			t.Errorf("want %q in %s", want, got)
		}
	}
}

func TestACopyThatFailedOftenIsGivenUp(t *testing.T) {
	s := newSite(t)
	_, f := s.goodDump()
	f.Heals = models.MaxHeals
	if _, got := s.backupPage(t, failedID); !strings.Contains(got, "It is no longer made by itself") {
		t.Errorf("the page says %s", got)
	}
}

func TestALockedCopySaysUntilWhen(t *testing.T) {
	s := newSite(t)
	until := testNow.Add(30 * 24 * time.Hour)
	s.store.backups[2].DriveFiles[0].LockedUntil = &until
	if _, got := s.backupPage(t, finishedID); !strings.Contains(got, "Locked until 2026-12-23 12:00:00 UTC: it cannot be deleted before.") {
		t.Errorf("the page says %s", got)
	}
	s.now = until
	if _, got := s.backupPage(t, finishedID); strings.Contains(got, "Locked") {
		t.Error("a lock that has ended is still told")
	}
}

func TestACopyThatCouldNotBeReadSaysSo(t *testing.T) {
	s := newSite(t)
	since := testNow.Add(-time.Hour)
	f := &s.store.backups[2].DriveFiles[0]
	f.UnreadSince, f.UnreadAt, f.Unreads, f.UnreadError = &since, &since, 2, `drive "nas": input/output error`
	_, got := s.backupPage(t, finishedID)
	for _, want := range []string{"Could not be read", "Input/output error.", "Reading it failed 2 times since 2026-11-23 11:00:00 UTC, though the drive works."} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in %s", want, got)
		}
	}
	f.UnreadSince = nil
	if _, got := s.backupPage(t, finishedID); strings.Contains(got, "not be read") || strings.Contains(got, "Input/output") {
		t.Error("a copy that can be read says that it could not")
	}
}

func TestCopiesAreComparedInTheBackground(t *testing.T) {
	s := newSite(t)
	s.later.held = true
	s.backups.verdicts = []models.CopyVerdict{{DriveFileID: copyID, DriveID: driveID, Identical: true}}
	path := "/backups/" + finishedID + "/verify"
	for range 2 {
		if w := s.ask(t, http.MethodPost, path, ""); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/backups/"+finishedID {
			t.Fatalf("status %d to %q", w.Code, w.Header().Get("Location"))
		}
	}
	if len(s.later.waiting) != 1 {
		t.Fatalf("%d comparisons of one backup were begun", len(s.later.waiting))
	}
	d, got := s.backupPage(t, finishedID)
	if !strings.Contains(got, "The copies are being compared") || len(d.all("form", "action", path)) != 0 || len(d.all("", "hx-get", "/backups/"+finishedID+"/comparison")) != 1 {
		t.Errorf("while it runs the page says %s", got)
	}
	if body := s.get(t, "/backups/"+finishedID+"/comparison").Body.String(); !strings.Contains(body, "hx-trigger") || strings.Contains(body, `id="backup-rest"`) {
		t.Error("the fragment stops asking, or brings the rest too early")
	}
	s.later.release()
	body := s.get(t, "/backups/"+finishedID+"/comparison").Body.String()
	for _, want := range []string{"1 copy is identical to the dump.", `id="backup-rest"`, "The copies of shop-nightly have been compared."} {
		if !strings.Contains(body, want) {
			t.Errorf("the last fragment lacks %q", want)
		}
	}
	if strings.Contains(body, "hx-trigger") {
		t.Error("the last fragment still asks")
	}
	if got := strings.Join(s.backups.calls, ","); got != "verify "+finishedID {
		t.Errorf("called %s", got)
	}
}

func TestWhatAComparisonFound(t *testing.T) {
	for name, c := range map[string]struct {
		verdicts []models.CopyVerdict
		err      error
		says     []string
	}{
		"lost":    {[]models.CopyVerdict{{DriveID: driveID, Lost: true, Error: "it has 3 bytes"}, {DriveID: driveID, Identical: true}}, nil, []string{"1 copy is identical", "The copy on nas is lost: below it says why."}},
		"away":    {[]models.CopyVerdict{{DriveID: unknownID, Error: "no answer"}}, nil, []string{"The copy on a drive that is gone could not be read now: no answer."}},
		"refused": {nil, models.Conflictf("it is running"), []string{"The copies could not be compared", "It is running."}},
		"broken":  {nil, errors.New("password=hunter2"), []string{"its log says what"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.backups.verdicts, s.backups.err = c.verdicts, c.err
			s.ask(t, http.MethodPost, "/backups/"+finishedID+"/verify", "")
			_, got := s.backupPage(t, finishedID)
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("the page does not say %q: %s", want, got)
				}
			}
			if strings.Contains(got, "hunter2") {
				t.Error("the page shows internals")
			}
		})
	}
}

func TestOnlyWhatCanBeComparedIs(t *testing.T) {
	s := newSite(t)
	for id, status := range map[string]int{pendingID: 409, failedID: 409, unknownID: 404} {
		if w := s.ask(t, http.MethodPost, "/backups/"+id+"/verify", ""); w.Code != status {
			t.Errorf("%s: status %d, want %d", id, w.Code, status)
		}
	}
	if len(s.backups.calls) != 0 {
		t.Errorf("called %v", s.backups.calls)
	}
}

func TestAnOldComparisonDoesNotSpeakOfNewCopies(t *testing.T) {
	s := newSite(t)
	s.backups.verdicts = []models.CopyVerdict{{DriveID: driveID, Lost: true, Error: "it is gone"}}
	s.ask(t, http.MethodPost, "/backups/"+finishedID+"/verify", "")
	if _, got := s.backupPage(t, finishedID); !strings.Contains(got, "The copy on nas is lost") {
		t.Fatalf("the page says %s", got)
	}
	healed := testNow.Add(time.Minute)
	s.store.backups[2].SettledAt = &healed
	if _, got := s.backupPage(t, finishedID); strings.Contains(got, "is lost") {
		t.Error("a copy that was healed is still called lost")
	}
}
