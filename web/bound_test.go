package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	otherJobID    = "0197c9a4-0000-7000-8000-000000000101"
	otherSourceID = "0197c9a4-0000-7000-8000-000000000102"
	otherBackupID = "0197c9a4-0000-7000-8000-000000000111"
	otherDrillID  = "0197c9a4-0000-7000-8000-000000000131"
	otherRestore  = "0197c9a4-0000-7000-8000-000000000141"
	otherAlarmID  = "0197c9a4-0000-7000-8000-000000000151"
)

// newBoundSite has a second job, called pay-roll, and a key that is for the first only.
func newBoundSite(t *testing.T, scopes ...models.Scope) (*site, *fakeAccounts) {
	t.Helper()
	a := newAccounts()
	a.keys["mine"] = models.Actor{Kind: models.ActorKey, ID: keyID, Name: "mine", Scopes: scopes, JobIDs: []string{jobID}}
	s := newSite(t, withAccounts(a))
	s.store.jobs = append(s.store.jobs, models.Job{ID: otherJobID, Label: "pay-roll", SourceID: otherSourceID})
	s.store.sources = append(s.store.sources, models.Source{ID: otherSourceID, Label: "salaries", Provider: "mysql"})
	s.store.backups = append(s.store.backups, models.Backup{ID: otherBackupID, JobID: otherJobID, SourceID: otherSourceID, Label: "pay-roll", Status: models.StatusFinished, CreatedAt: testNow.Add(-3 * time.Hour)})
	s.store.drills[otherBackupID] = []models.Drill{{ID: otherDrillID, BackupID: otherBackupID, JobID: otherJobID, CreatedAt: testNow.Add(-time.Hour)}}
	s.store.restores = append(s.store.restores, models.Restore{ID: otherRestore, BackupID: otherBackupID, Label: "pay-roll", CreatedAt: testNow.Add(-time.Hour)},
		models.Restore{ID: unknownID, Label: "an upload", CreatedAt: testNow.Add(-2 * time.Hour)})
	s.store.alarms = []models.Alarm{{ID: otherAlarmID, JobID: otherJobID, BackupID: otherBackupID}, {ID: alarmID, JobID: jobID, BackupID: finishedID}}
	s.store.gone = map[string]string{"0197c9a4-0000-7000-8000-0000000001ff": "the backup of pay-roll was removed"}
	return s, a
}

func TestAKeyOfAJobSeesNothingOfOthers(t *testing.T) {
	s, _ := newBoundSite(t, models.ScopeAdmin)
	for path, want := range map[string]string{
		"/api/backups": "13 12 11", "/api/backups?Limit=10": "13 12 11", "/api/backups?JobId=" + otherJobID: "", "/api/backups?Label=pay-roll": "",
		"/api/jobs": "01", "/api/restores": "41", "/api/restores?BackupId=" + otherBackupID: "", "/api/drills": "31", "/api/drills?JobId=" + otherJobID: "", "/api/alarms": "51",
	} {
		w := s.get(t, path, "X-Api-Key", "mine")
		if w.Code != http.StatusOK || ids(t, w.Body.String()) != want || strings.Contains(w.Body.String(), "pay-roll") {
			t.Errorf("%s: status %d: %s, want %s", path, w.Code, w.Body, want)
		}
	}
}

// TestWhatIsOfOthersIsLikeWhatIsNot compares the answers about what belongs to another job
// with those about what was never there.
func TestWhatIsOfOthersIsLikeWhatIsNot(t *testing.T) {
	s, _ := newBoundSite(t, models.ScopeAdmin)
	never := "0197c9a4-0000-7000-8000-0000000001ee"
	for _, c := range []struct{ method, path, others, body string }{
		{"GET", "/api/backups/ID", otherBackupID, ""}, {"GET", "/api/backups/ID", "0197c9a4-0000-7000-8000-0000000001ff", ""},
		{"GET", "/api/backups/ID/download", otherBackupID, ""}, {"GET", "/api/backups/ID/generate-download-url", otherBackupID, ""},
		{"POST", "/api/backups/ID/retry", otherBackupID, ""}, {"POST", "/api/backups/ID/restore", otherBackupID, `{"Target": {"Kind": "file"}}`},
		{"POST", "/api/backups/ID/restore?plan=true", otherBackupID, `{"Target": {"Kind": "file"}}`},
		{"GET", "/api/backups/" + finishedID + "/compare?With=ID", otherBackupID, ""}, {"GET", "/api/backups/ID/compare?With=" + finishedID, otherBackupID, ""},
		{"GET", "/api/backups?After=ID&Limit=1", otherBackupID, ""}, {"GET", "/api/restores?After=ID", otherRestore, ""}, {"GET", "/api/restores?After=ID", unknownID, ""},
		{"GET", "/api/drills?After=ID", otherDrillID, ""},
		{"GET", "/api/jobs/ID", otherJobID, ""}, {"POST", "/api/jobs/ID/prune", otherJobID, ""}, {"POST", "/api/jobs/ID/kit", otherJobID, ""},
		{"GET", "/api/restores/ID", otherRestore, ""}, {"GET", "/api/restores/ID", unknownID, ""}, {"GET", "/api/drills/ID", otherDrillID, ""},
		{"POST", "/api/alarms/ID/seen", otherAlarmID, ""}, {"POST", "/api/backups", otherJobID, `{"Job": "ID"}`},
	} {
		ask := func(id string) (int, string) {
			w := s.ask(t, c.method, strings.ReplaceAll(c.path, "ID", id), strings.ReplaceAll(c.body, "ID", id), "X-Api-Key", "mine")
			return w.Code, strings.ReplaceAll(w.Body.String(), id, "ID")
		}
		status, said := ask(c.others)
		noStatus, noSaid := ask(never)
		if status != noStatus || said != noSaid || status < 400 {
			t.Errorf("%s %s: status %d: %s; of what is not there: status %d: %s", c.method, c.path, status, said, noStatus, noSaid)
		}
	}
	if len(s.backups.calls)+len(s.restores.started)+len(s.restores.planned)+len(s.retention.calls) != 0 {
		t.Errorf("done was %v %v %v", s.backups.calls, s.restores.started, s.retention.calls)
	}
}

func TestAKeyOfAJobStartsItAlone(t *testing.T) {
	s, a := newBoundSite(t, models.ScopeRun)
	w := s.ask(t, http.MethodPost, "/api/backups", "", "X-Api-Key", "mine")
	if w.Code != http.StatusAccepted || strings.Join(s.backups.calls, ", ") != "start "+jobID+" api" {
		t.Errorf("all: status %d: %s, %s", w.Code, w.Body, s.backups.calls)
	}
	if w := s.ask(t, http.MethodPost, "/api/backups", `{"Job": "pay-roll"}`, "X-Api-Key", "mine"); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "configuration") {
		t.Errorf("another: status %d: %s", w.Code, w.Body)
	}
	if w := s.ask(t, http.MethodPost, "/api/backups/"+finishedID+"/drill", `{"Scratch": "salaries"}`, "X-Api-Key", "mine"); w.Code != http.StatusBadRequest || len(s.restores.drilled) != 0 {
		t.Errorf("a drill on the server of another: status %d: %s", w.Code, w.Body)
	}
	if got := s.outcomes(a, "backup.start"); got != "key done, key refused" {
		t.Errorf("recorded is %s", got)
	}
}

func TestWhereAKeyMayRestoreTo(t *testing.T) {
	const replace, source = `{"Target": {"Kind": "new", "Name": "x"}, "Replace": true}`, `{"Target": {"Kind": "source"}}`
	for name, c := range map[string]struct {
		key, body string
		status    int
	}{
		"a new database":                  {"key-restore", `{"Target": {"Kind": "new", "Name": "x"}}`, 202},
		"a file":                          {"key-restore", `{"Target": {"Kind": "file"}}`, 202},
		"what is overwritten":             {"key-restore", replace, 403},
		"a source's own":                  {"key-restore", source, 403},
		"another source's own":            {"key-restore", `{"Target": {"Kind": "source", "Source": "salaries"}}`, 403},
		"what is overwritten by an owner": {"key-admin", replace, 202},
		"a source's own by an owner":      {"key-admin", source, 202},
		"with a key to run":               {"key-run", `{"Target": {"Kind": "file"}}`, 403},
		"of a job, a new database":        {"mine", `{"Target": {"Kind": "new", "Name": "x"}}`, 202},
		"of a job, on its own server":     {"mine", `{"Target": {"Kind": "new", "Name": "x", "Source": "shop"}}`, 202},
		"of a job, on another server":     {"mine", `{"Target": {"Kind": "new", "Name": "x", "Source": "salaries"}}`, 403},
		"of a job, on no server":          {"mine", `{"Target": {"Kind": "new", "Name": "x", "Source": "nothing"}}`, 403},
		"of a job, what is overwritten":   {"mine", replace, 403},
		"of a job, a source's own":        {"mine", source, 403},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newBoundSite(t, models.ScopeRestore)
			w := s.ask(t, http.MethodPost, "/api/backups/"+finishedID+"/restore", c.body, "X-Api-Key", c.key)
			if w.Code != c.status || (len(s.restores.started) == 1) != (c.status == 202) {
				t.Errorf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
		})
	}
}

func TestWhoMayRestoreOnAPage(t *testing.T) {
	for query, want := range map[string]map[string]int{
		"into=new&database=shop_restored":                 {"viewer": 403, "operator": 303, "owner": 303},
		"into=file&file=shop.sql":                         {"viewer": 403, "operator": 303, "owner": 303},
		"into=new&database=shop_restored&existing=safely": {"viewer": 403, "operator": 403, "owner": 303},
		"into=original":                                   {"viewer": 403, "operator": 403, "owner": 303},
		"into=original&existing=unsafely":                 {"viewer": 403, "operator": 403, "owner": 303},
		"into=other&other=" + sourceID:                    {"viewer": 403, "operator": 403, "owner": 303},
	} {
		for who, status := range want {
			a := newAccounts()
			s := newSite(t, withAccounts(a))
			w := s.ask(t, http.MethodPost, restorePath+"?"+query, "confirm=shop_restored", "Content-Type", "application/x-www-form-urlencoded", "Cookie", "backupman="+who)
			if w.Code != status || (len(s.restores.started) == 1) != (status == 303) {
				t.Errorf("%s as a %s: status %d, want %d; started %+v", query, who, w.Code, status, s.restores.started)
			}
			if n := len(a.entries); n != 1 && status == 403 || n != 2 && status == 303 || a.entries[n-1].Action != "restore.start" || (a.entries[n-1].Outcome == models.AuditDone) != (status == 303) {
				t.Errorf("%s as a %s: recorded are %+v", query, who, a.entries)
			}
		}
	}
}

// TestWhoMayRestoreUploadedCode wants code that comes with a file, and that a server runs by
// itself with all that its account may, to be an owner's to let in.
func TestWhoMayRestoreUploadedCode(t *testing.T) {
	with := func(provider string, kinds ...models.ObjectKind) models.Upload {
		u := models.Upload{ID: jobID, Name: "x", Provider: provider, CreatedAt: testNow}
		for _, kind := range kinds {
			u.Inventory.Objects = append(u.Inventory.Objects, models.Object{Kind: kind, Name: "x"})
		}
		return u
	}
	const into, file = "into=new&database=shop_restored", "into=file&file=shop.sql"
	for name, c := range map[string]struct {
		upload   models.Upload
		query    string
		operator int
	}{
		"tables":                   {with("mysql", models.ObjectTable, models.ObjectView), into, 303},
		"a trigger":                {with("mysql", models.ObjectTrigger, models.ObjectRoutine), into, 303},
		"an event":                 {with("mysql", models.ObjectTable, models.ObjectEvent), into, 403},
		"an event for a file":      {with("mysql", models.ObjectEvent), file, 303},
		"a function of PostgreSQL": {with("postgres", models.ObjectRoutine), into, 403},
		"an extension":             {with("postgres", models.ObjectExtension), into, 403},
	} {
		t.Run(name, func(t *testing.T) {
			for who, status := range map[string]int{"operator": c.operator, "owner": 303, "viewer": 403} {
				s := newSite(t, withAccounts(newAccounts()))
				s.restores.uploads = map[string]models.Upload{c.upload.ID: c.upload}
				if w := s.get(t, "/restores/new?step=plan&upload="+c.upload.ID+"&server="+sourceID+"&"+c.query, "Cookie", "backupman="+who); (w.Code == 403) != (status == 403) {
					t.Errorf("the plan as %s: status %d, and the restore is answered with %d", who, w.Code, status)
				}
				w := s.ask(t, http.MethodPost, "/restores/new?upload="+c.upload.ID+"&server="+sourceID+"&"+c.query, "confirm=x", "Content-Type", "application/x-www-form-urlencoded", "Cookie", "backupman="+who)
				if w.Code != status || (len(s.restores.started) == 1) != (status == 303) {
					t.Errorf("as %s: status %d, want %d: %s", who, w.Code, status, words(parse(t, w).one(t, "main", "", "")))
				}
			}
		})
	}
}

func TestAPlanNeedsNoMoreThanToRestore(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	body := `{"Target": {"Kind": "source"}, "Replace": true}`
	for key, status := range map[string]int{"key-read": 403, "key-run": 403, "key-restore": 200} {
		if w := s.ask(t, http.MethodPost, "/api/backups/"+finishedID+"/restore?plan=true", body, "X-Api-Key", key); w.Code != status {
			t.Errorf("with %s: status %d: %s", key, w.Code, w.Body)
		}
	}
	if got := s.outcomes(a, "restore.plan"); got != "key done" {
		t.Errorf("recorded is %s", got)
	}
}

func TestWhoAmI(t *testing.T) {
	s, _ := newBoundSite(t, models.ScopeRun, models.ScopeRestore)
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"a person": {[]string{"Cookie", "backupman=operator"}, `{"Kind":"user","Id":"` + operatorID + `","Name":"a-operator","Role":"operator","Scopes":["read","run","restore"],"JobIds":[],"Address":"192.0.2.1"}`},
		"an owner": {[]string{"Cookie", "backupman=owner"}, `{"Kind":"user","Id":"` + ownerID + `","Name":"a-owner","Role":"owner","Scopes":["read","run","restore","admin"],"JobIds":[],"Address":"192.0.2.1"}`},
		"a key":    {[]string{"Authorization", "Bearer mine"}, `{"Kind":"key","Id":"` + keyID + `","Name":"mine","Role":null,"Scopes":["read","run","restore"],"JobIds":["` + jobID + `"],"Address":"192.0.2.1"}`},
	} {
		w := s.get(t, "/api/whoami", c.headers...)
		if got := strings.TrimSpace(w.Body.String()); got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
