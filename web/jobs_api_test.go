package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

const jobAPI = "/api/jobs/" + jobID

func TestJobsAreTheContractToTheByte(t *testing.T) {
	s := newSite(t)
	j := &s.store.jobs[0]
	j.DriveIDs, j.Window, j.Spread, j.Timezone = []string{driveID}, "22:00-06:00", 30*time.Minute, "Europe/Paris"
	j.Retention, j.DriveRetention = models.Retention{Last: 3, Within: time.Hour}, map[string]models.Retention{driveID: {Daily: 7, MaxSize: 5}}
	j.Encryption = models.Encryption{Recipients: []string{"age1x"}}
	s.store.jobs = append(s.store.jobs, models.Job{ID: unknownID, Label: "gone", RemovedAt: &testNow})
	job := `{"Id":"` + jobID + `","Label":"shop-nightly","Source":"shop","Drives":["nas"],"Cron":"0 3 * * *","Schedule":"every day at 03:00","Timezone":"Europe/Paris",` +
		`"Window":"22:00-06:00","SpreadSeconds":1800,"TimeoutSeconds":null,"PausedAt":null,` +
		`"NextRuns":["2026-11-23T13:00:00Z","2026-11-24T13:00:00Z","2026-11-25T13:00:00Z","2026-11-26T13:00:00Z","2026-11-27T13:00:00Z"],"NextDrill":"2026-11-25T12:00:00Z",` +
		`"Retention":{"KeepLast":3,"Hourly":0,"Daily":0,"Weekly":0,"Monthly":0,"Yearly":0,"KeepWithinSeconds":3600,"MaxSize":0},` +
		`"DriveRetention":{"nas":{"KeepLast":0,"Hourly":0,"Daily":7,"Weekly":0,"Monthly":0,"Yearly":0,"KeepWithinSeconds":0,"MaxSize":5}},"Encryption":"age","LacksKit":true`
	if got, want := s.get(t, "/api/jobs").Body.String(), `{"Results":[`+job+`}],"LeftOut":[]}`+"\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := s.get(t, jobAPI).Body.String(), job+`,"Missed":[],"Removals":[]}`+"\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	wantError(t, s.get(t, "/api/jobs/"+unknownID), http.StatusNotFound)
}

func TestJobTellsWhatWasMissedAndRemoved(t *testing.T) {
	s := newSite(t)
	s.store.missed = []models.Missed{{JobID: jobID, First: testNow, Last: testNow, Slots: 1, Reason: "no server was running"}}
	s.store.removals = []models.Removal{{JobID: jobID, BackupID: finishedID, BackupMade: testNow, DriveID: driveID, FileName: "a", Size: 7, Reason: "old", Tries: 2, Error: "away", TryAt: &testNow, CreatedAt: testNow}}
	got := s.get(t, jobAPI).Body.String()
	for _, want := range []string{
		`"Missed":[{"First":"2026-11-23T12:00:00Z","Last":"2026-11-23T12:00:00Z","Slots":1,"Reason":"no server was running"}]`,
		`"Removals":[{"BackupId":"` + finishedID + `","BackupCreatedAt":"2026-11-23T12:00:00Z","DriveId":"` + driveID + `","Drive":"nas","FileName":"a","Size":7,"Reason":"old","Tries":2,"Error":"away","TryAt":"2026-11-23T12:00:00Z","DoneAt":null,"CreatedAt":"2026-11-23T12:00:00Z"}]`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestPauseAndResumeThroughTheAPI(t *testing.T) {
	s := newSite(t)
	paused := func(path string) (at *string, runs int) {
		t.Helper()
		w := s.ask(t, http.MethodPost, jobAPI+path, "")
		var told struct {
			PausedAt *string
			NextRuns []string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: status %d: %s", path, w.Code, w.Body)
		}
		return told.PausedAt, len(told.NextRuns)
	}
	if at, runs := paused("/pause"); at == nil || *at != "2026-11-23T12:00:00Z" || runs != 0 {
		t.Errorf("paused at %v with %d runs", at, runs)
	}
	wantError(t, s.ask(t, http.MethodPost, jobAPI+"/pause", ""), http.StatusConflict)
	if at, runs := paused("/resume"); at != nil || runs != 5 {
		t.Errorf("resumed at %v with %d runs", at, runs)
	}
	wantError(t, s.ask(t, http.MethodPost, jobAPI+"/resume", ""), http.StatusConflict)
}

// jobRequests is every request about jobs and pins.
var jobRequests = map[string]string{
	"/api/jobs/ID": http.MethodGet, "/api/jobs/ID/retention": http.MethodGet, "/api/jobs/ID/pause": http.MethodPost, "/api/jobs/ID/resume": http.MethodPost,
	"/api/jobs/ID/prune": http.MethodPost, "/api/backups/ID/pin": http.MethodPost, "/api/backups/ID/unpin": http.MethodPost,
}

func TestRequestsAboutJobsAreRefused(t *testing.T) {
	s := newSite(t)
	locked := newSite(t, func(o *Options) { o.APIKeys = func() []string { return []string{"secret"} } })
	for path, method := range jobRequests {
		wantError(t, s.ask(t, method, strings.Replace(path, "ID", "7", 1), ""), http.StatusBadRequest)
		wantError(t, s.ask(t, method, strings.Replace(path, "ID", unknownID, 1), ""), http.StatusNotFound)
		wantError(t, locked.ask(t, method, strings.Replace(path, "ID", jobID, 1), ""), http.StatusUnauthorized)
		if method == http.MethodPost {
			wantError(t, s.ask(t, method, strings.Replace(path, "ID", jobID, 1), "", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden)
		}
	}
	wantError(t, locked.get(t, "/api/jobs"), http.StatusUnauthorized)
	if s.retention.did() != "unpin "+unknownID || locked.retention.did() != "" {
		t.Errorf("did %q and %q", s.retention.did(), locked.retention.did())
	}
}

func TestRetentionIsPreviewed(t *testing.T) {
	s := newSite(t)
	s.retention.goes, s.retention.rests = []string{copyID}, "the job is paused"
	want := `{"JobId":"` + jobID + `","Rests":"the job is paused","Removes":{"Copies":1,"Bytes":12},"Keeps":{"Copies":1,"Bytes":0},"Backups":[` +
		`{"Id":"` + failedID + `","CreatedAt":"2026-11-23T11:00:00Z","Copies":[{"DriveFileId":"` + failedCopy + `","DriveId":"` + driveID + `","Drive":"nas","Size":0,"Remove":false,"Reasons":["one of the last 3"]}]},` +
		`{"Id":"` + finishedID + `","CreatedAt":"2026-11-23T10:00:00Z","Copies":[{"DriveFileId":"` + copyID + `","DriveId":"` + driveID + `","Drive":"nas","Size":12,"Remove":true,"Reasons":["no rule of retention keeps it"]}]}]}` + "\n"
	if got := s.get(t, jobAPI+"/retention").Body.String(); got != want || s.retention.tried != nil {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s.get(t, jobAPI+"/retention?KeepLast=1&daily=2&KeepWithin=30d&MaxSize=2GB")
	if want := (models.Retention{Last: 1, Daily: 2, Within: 30 * 24 * time.Hour, MaxSize: 2e9}); s.retention.tried == nil || *s.retention.tried != want {
		t.Errorf("tried %+v, want %+v", s.retention.tried, want)
	}
	for query, says := range map[string]string{
		"Daily=x": "whole number", "Daily=-1": "whole number", "Dayly=1": "there is no query parameter", "KeepWithin=1": "such as 30m", "MaxSize=9": "such as 200GB", "Daily=0": "keep everything", "Daily=": "is empty",
	} {
		if said := wantError(t, s.get(t, jobAPI+"/retention?"+query), http.StatusBadRequest); !strings.Contains(said, says) {
			t.Errorf("%s: said %q", query, said)
		}
	}
}

func TestPruneThroughTheAPI(t *testing.T) {
	s := newSite(t)
	s.retention.goes, s.retention.rests = []string{copyID}, "a backup of shop-nightly is being made"
	if said := wantError(t, s.ask(t, http.MethodPost, jobAPI+"/prune", ""), http.StatusConflict); said != s.retention.rests {
		t.Errorf("said %q", said)
	}
	s.retention.rests = ""
	if w := s.ask(t, http.MethodPost, jobAPI+"/prune", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"Removes":{"Copies":1,"Bytes":12}`) {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestPinThroughTheAPI(t *testing.T) {
	s := newSite(t)
	s.store.jobs[0].Timezone = "Europe/Paris"
	path := "/api/backups/" + finishedID
	before := s.get(t, "/api/backups").Body.String()
	for body, until := range map[string]string{"": "null", "{}": "null", `{"Until": "2026-12-24"}`: `"2026-12-24T23:00:00Z"`, `{"Until": "2026-12-24T08:00:00Z"}`: `"2026-12-24T08:00:00Z"`} {
		want := `{"BackupId":"` + finishedID + `","PinnedAt":"2026-11-23T12:00:00Z","Until":` + until + "}\n"
		if got := s.ask(t, http.MethodPost, path+"/pin", body).Body.String(); got != want {
			t.Errorf("%q: got %s, want %s", body, got, want)
		}
	}
	if got := s.get(t, "/api/backups").Body.String(); got != before {
		t.Errorf("a pin changed the list:\n%s\nwas\n%s", got, before)
	}
	if got, want := s.ask(t, http.MethodPost, path+"/unpin", "").Body.String(), `{"BackupId":"`+finishedID+`","PinnedAt":null,"Until":null}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, body := range []string{`{"Until": "2026-11-23T11:59:59Z"}`, `{"Until": "soon"}`, `{"Til": "2027-01-01"}`, `{"Until": "2999-01-01"}`, "[]"} {
		wantError(t, s.ask(t, http.MethodPost, path+"/pin", body), http.StatusBadRequest)
	}
	s.retention.err = models.Conflictf("the backup is not pinned")
	wantError(t, s.ask(t, http.MethodPost, path+"/unpin", ""), http.StatusConflict)
}
