package web

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/middleware"
)

const restorePath = "/backups/" + finishedID + "/restore"

// planQuery asks for the plan of a restore of one table into a new database.
const planQuery = "?step=plan&into=new&server=" + sourceID + "&database=shop_restored&table=%2Forders"

func TestRestoreAsksWhatAndWhere(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, restorePath))
	got := words(d.one(t, "main", "", ""))
	for _, want := range []string{"Restore shop-nightly", "A new database", "The original database, shop", "nas · folder", "The fastest good copy", "orders", "1,234 rows", "5.7 kB"} {
		if !strings.Contains(got, want) {
			t.Errorf("the form does not say %q", want)
		}
	}
	if chosen := d.one(t, "input", "value", "new"); !has(chosen, "checked", "") {
		t.Error("the target that touches nothing is not the proposed one")
	}
	if name := attribute(d.one(t, "input", "name", "database"), "value"); name != "shop_restored" {
		t.Errorf("the new database is to be called %q", name)
	}
	if len(s.restores.planned) != 0 {
		t.Error("a plan was made before anybody asked")
	}
}

func TestRestoreShowsWhatWouldHappen(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, restorePath+planQuery))
	got := words(d.one(t, "main", "", ""))
	for _, want := range []string{"The new database shop_restored, on the server of shop", "It is not there yet", "1 table: orders", "11.8.3-MariaDB", "on this machine", "This copy is read"} {
		if !strings.Contains(got, want) {
			t.Errorf("the plan does not say %q", want)
		}
	}
	if word := words(d.one(t, "code", "id", "confirm-word")); word != "shop_restored" {
		t.Errorf("the word to type is %q", word)
	}
	asked := s.restores.planned[0]
	want := models.RestoreTarget{Kind: models.TargetNew, SourceID: sourceID, Name: "shop_restored"}
	if asked.BackupID != finishedID || asked.Target != want || len(asked.Tables) != 1 || asked.Tables[0].Name != "orders" || asked.Replace || len(s.restores.started) != 0 {
		t.Errorf("asked for %+v", asked)
	}
	change := attribute(d.one(t, "a", "id", "change"), "href")
	if d := parse(t, s.get(t, change)); !has(d.one(t, "input", "type", "checkbox"), "checked", "") {
		t.Errorf("%s forgot the table", change)
	}
}

func TestRestoreIsStartedByTheNameOfItsTarget(t *testing.T) {
	s := newSite(t)
	action := attribute(parse(t, s.get(t, restorePath+planQuery)).one(t, "form", "method", "post"), "action")
	w := s.post(t, action, url.Values{"confirm": {"shop_restored"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/restores/"+s.store.restores[0].ID {
		t.Fatalf("status %d to %q: %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	got := s.restores.started[0]
	if got.Confirm != "shop_restored" || got.Trigger != models.TriggerPage || got.Target.Name != "shop_restored" || len(got.Tables) != 1 {
		t.Errorf("started %+v", got)
	}
}

// A refusal takes nothing away of what was typed.
func TestARefusedRestoreKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	s.restores.startErr = models.Invalidf(`the name "shop" is not the target's: type shop_restored`)
	w := s.post(t, restorePath+planQuery, url.Values{"confirm": {"shop"}})
	d := parse(t, w)
	main := document{d.one(t, "main", "", "")}
	if got := words(main.one(t, "", "role", "alert")); w.Code != http.StatusBadRequest || !strings.Contains(got, "is not the target's") {
		t.Errorf("status %d: %s", w.Code, got)
	}
	if typed := attribute(d.one(t, "input", "name", "confirm"), "value"); typed != "shop" {
		t.Errorf("the field holds %q", typed)
	}
	if !strings.Contains(words(d.root), "1 table: orders") {
		t.Error("the table is forgotten")
	}

	s.restores.planErr = models.Conflictf("the server of shop does not answer: see whether it runs")
	w = s.get(t, restorePath+planQuery)
	d = parse(t, w)
	if got := words(d.root); w.Code != http.StatusConflict || !strings.Contains(got, "The server of shop does not answer") {
		t.Errorf("status %d: %s", w.Code, got)
	}
	if !has(d.one(t, "input", "type", "checkbox"), "checked", "") || attribute(d.one(t, "input", "name", "database"), "value") != "shop_restored" {
		t.Error("the form forgot what was chosen")
	}

	w = s.get(t, restorePath+"?step=plan&into=file&existing=safely")
	d = parse(t, w)
	if got := words(d.root); w.Code != http.StatusBadRequest || !strings.Contains(got, "The file has no name") || !has(d.one(t, "input", "value", "safely"), "checked", "") {
		t.Errorf("status %d: %s", w.Code, got)
	}
}

func TestWhatIsOverwrittenIsShownFirst(t *testing.T) {
	s := newSite(t)
	changed := testNow.Add(-2 * time.Hour)
	tables := []models.TargetTable{{TableName: models.TableName{Name: "orders"}, Rows: 5000, Bytes: 7_000_000}, {TableName: models.TableName{Name: "untold"}, Rows: -1}}
	s.restores.plan.NeedsReplace, s.restores.plan.Overwrites, s.restores.plan.SafetyJob = true, tables, "shop-nightly"
	s.restores.plan.Target = models.TargetState{Exists: true, Tables: tables, Size: 7_000_000, ChangedAt: &changed}
	d := parse(t, s.get(t, restorePath+"?step=plan&into=original"))
	got := words(d.one(t, "main", "", ""))
	for _, want := range []string{"It holds 2 tables, 7.0 MB; last changed 2 h ago.", "5,000", "Something is there already"} {
		if !strings.Contains(got, want) {
			t.Errorf("the plan does not say %q", want)
		}
	}
	if len(d.all("input", "name", "confirm")) != 0 {
		t.Error("it can be started although nobody said to replace")
	}
	safely := attribute(d.one(t, "a", "id", "replace-safely"), "href")
	d = parse(t, s.get(t, safely))
	if asked := s.restores.planned[1]; !asked.Replace || asked.WithoutSafety {
		t.Errorf("asked for %+v", asked)
	}
	if got := words(d.root); !strings.Contains(got, "Before anything is touched, the job shop-nightly backs up what is there.") || !strings.Contains(got, "Replace and restore") {
		t.Errorf("the plan says %s", got)
	}
	d.one(t, "input", "name", "confirm")
}

func TestProblemsKeepARestoreFromBeingStarted(t *testing.T) {
	s := newSite(t)
	s.restores.plan.Problems = []string{"the account may not make databases: GRANT CREATE ON *.*"}
	s.restores.plan.Warnings = []string{"the definer app@% is not there"}
	d := parse(t, s.get(t, restorePath+planQuery))
	if got := words(d.root); !strings.Contains(got, "The account may not make databases: GRANT CREATE ON *.*.") || !strings.Contains(got, "The definer app@% is not there.") {
		t.Errorf("the plan says %s", got)
	}
	if len(d.all("form", "method", "post")) != 0 {
		t.Error("it can be started all the same")
	}
}

func TestARunningRestoreIsWatched(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, "/restores/"+restoreID))
	run := d.one(t, "div", "id", "run")
	if got := words(run); !strings.Contains(got, "40 MB of 80 MB") || !strings.Contains(got, "Writing into the database") || strings.Contains(got, "MB/s") {
		t.Errorf("the page says %s", got)
	}
	d.one(t, "form", "action", "/restores/"+restoreID+"/cancel")
	s.store.restores[0].Done, s.now = 60_000_000, testNow.Add(2*time.Second)
	next := s.get(t, attribute(run, "hx-get"))
	if got := words(parse(t, next).root); !strings.Contains(got, "60 MB of 80 MB") || !strings.Contains(got, "10 MB/s") {
		t.Errorf("the next look says %s", got)
	}
	s.store.restores[0].Status, s.store.restores[0].RestoreTook = models.StatusFinished, 12*time.Second
	ended := s.get(t, attribute(run, "hx-get")).Body.String()
	if strings.Contains(ended, "hx-trigger") || !strings.Contains(ended, "The restore finished.") || !strings.Contains(ended, "restored in 12 s") {
		t.Errorf("the end says %s", ended)
	}
}

func TestARestoreIsStopped(t *testing.T) {
	s := newSite(t)
	w := s.ask(t, http.MethodPost, "/restores/"+restoreID+"/cancel", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/restores/"+restoreID || s.restores.calls[0] != "cancel "+restoreID {
		t.Errorf("status %d to %q: %v", w.Code, w.Header().Get("Location"), s.restores.calls)
	}
	s.store.restores[0].CancelAsked = true
	if got := words(parse(t, s.get(t, "/restores/"+restoreID)).one(t, "div", "id", "run")); !strings.Contains(got, "Stopping") {
		t.Errorf("the page says %s", got)
	}
	s.restores.startErr = models.Conflictf("the restore has ended already")
	if w := s.ask(t, http.MethodPost, "/restores/"+restoreID+"/cancel", ""); w.Code != http.StatusConflict {
		t.Errorf("status %d", w.Code)
	}
}

func TestDrillNow(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, "/backups/"+finishedID))
	for _, want := range []string{"It was restored and found equal", "1 table was equal.", "11.8.3-MariaDB", "Equals", "nas"} {
		if got := words(d.one(t, "section", "id", "proof-section")); !strings.Contains(got, want) {
			t.Errorf("the proof does not say %q: %s", want, got)
		}
	}
	d.one(t, "form", "action", "/backups/"+finishedID+"/drill")
	w := s.ask(t, http.MethodPost, "/backups/"+finishedID+"/drill", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/backups/"+finishedID+"#proof" || !reflect.DeepEqual(s.restores.drilled[0], models.DrillRequest{BackupID: finishedID, Trigger: models.TriggerPage}) {
		t.Errorf("status %d to %q: %+v", w.Code, w.Header().Get("Location"), s.restores.drilled)
	}
	body := parse(t, s.get(t, "/backups/"+finishedID)).one(t, "div", "id", "backup-body")
	live := document{body}
	live.one(t, "div", "id", "live-drill")
	if len(live.all("form", "action", "/backups/"+finishedID+"/drill")) != 0 {
		t.Error("a second drill can be asked for while one runs")
	}
	running := &s.store.drills[finishedID][0]
	cancel := attribute(live.one(t, "button", "id", "cancel-"+running.ID).Parent, "action")
	if w := s.ask(t, http.MethodPost, cancel, ""); w.Header().Get("Location") != "/backups/"+finishedID+"#proof" || s.restores.calls[0] != "cancel drill "+running.ID {
		t.Errorf("stopping led to %q: %v", w.Header().Get("Location"), s.restores.calls)
	}
	running.Outcome, running.Reason, running.SettledAt = models.DrillDisproven, "the table orders is missing", &testNow
	for i := range s.store.backups {
		if s.store.backups[i].ID == finishedID {
			s.store.backups[i].DisprovenAt = &testNow
		}
	}
	ended := s.get(t, attribute(body, "hx-get")).Body.String()
	for _, want := range []string{"This backup is not what was dumped", "The table orders is missing.", "The drill of shop-nightly has ended. It is not what was dumped.", "Disproven"} {
		if !strings.Contains(ended, want) {
			t.Errorf("the end does not say %q", want)
		}
	}
	if strings.Contains(ended, "hx-trigger") {
		t.Error("the end still polls")
	}
}

// A drill that ends while its page is drawn is not shown beside what was known before it.
func TestADrillThatEndsMeanwhileIsLookedAtAgain(t *testing.T) {
	s := newSite(t)
	s.store.drills[finishedID] = append([]models.Drill{{ID: models.NewID(), BackupID: finishedID, CreatedAt: testNow}}, s.store.drills[finishedID]...)
	s.store.meanwhile = func() {
		ended := slices.Clone(s.store.drills[finishedID])
		ended[0].Outcome = models.DrillDisproven
		s.store.drills[finishedID] = ended
	}
	if body := parse(t, s.get(t, "/backups/"+finishedID)).one(t, "div", "id", "backup-body"); !has(body, "hx-trigger", "") {
		t.Error("the page does not look again")
	}
}

func TestTheProofOfTheListIsThatOfTheBackup(t *testing.T) {
	s := newSite(t)
	s.store.backups[2].DisprovenAt = &testNow
	if got := words(parse(t, s.get(t, "/backups")).one(t, "tr", "id", "backup-"+finishedID)); !strings.Contains(got, "disproven") {
		t.Errorf("the row says %q", got)
	}
}

func TestADrillHasAPage(t *testing.T) {
	s := newSite(t)
	s.store.logs[drillID] = "restored 3 tables"
	got := words(parse(t, s.get(t, "/drills/"+drillID)).one(t, "main", "", ""))
	for _, want := range []string{"Drill of shop-nightly", "Restored and found equal", "1 table was equal.", "a private one, removed since", "2.0 s", "restored 3 tables"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	s.store.backups = nil
	if got := words(parse(t, s.get(t, "/drills/"+drillID)).root); !strings.Contains(got, "Drill of shop-nightly") || !strings.Contains(got, "That backup now") {
		t.Error("a drill whose backup is gone has no page, or none that says so")
	}
}

func TestRestoresAreListedInParts(t *testing.T) {
	s := newSite(t)
	s.store.restores, s.store.drills = nil, map[string][]models.Drill{}
	for i := range 60 {
		at := testNow.Add(-time.Duration(i) * time.Hour)
		s.store.restores = append(s.store.restores, models.Restore{ID: models.NewID(), Label: "shop-nightly", Status: models.StatusFinished, TargetKind: models.TargetFile, TargetName: fmt.Sprintf("/out/%d", i), CreatedAt: at})
		s.store.drills[finishedID] = append(s.store.drills[finishedID], models.Drill{ID: models.NewID(), BackupID: finishedID, JobID: jobID, Outcome: models.DrillProven, CreatedAt: at})
	}
	for _, list := range []string{"restore", "drill"} {
		seen, path := map[string]bool{}, "/restores"
		for pages := 0; path != ""; pages++ {
			if pages > 3 {
				t.Fatal("the list has no end")
			}
			d := parse(t, s.get(t, path))
			for _, row := range d.all("tr", "", "") {
				if id := attribute(row, "id"); strings.HasPrefix(id, list+"-") {
					seen[id] = true
				}
			}
			path = ""
			if older := d.all("a", "id", "older-"+list+"s"); len(older) == 1 {
				path, _, _ = strings.Cut(attribute(older[0], "href"), "#") // no browser sends what is behind it
			}
		}
		if len(seen) != 60 {
			t.Errorf("%d of 60 %ss were listed", len(seen), list)
		}
	}
	if body := s.get(t, "/restores").Body.String(); strings.Contains(body, "hx-trigger") {
		t.Error("lists in which nothing runs poll")
	}
	s.store.drills[finishedID][3].Outcome = models.DrillRunning
	lists := parse(t, s.get(t, "/restores")).one(t, "div", "id", "lists")
	if attribute(lists, "hx-get") != "/restores" || attribute(lists, "hx-select") != "#lists" {
		t.Error("lists in which a drill runs do not look again")
	}
	if w := s.get(t, "/restores?after=x"); w.Code != http.StatusBadRequest {
		t.Errorf("a place that is none: status %d", w.Code)
	}
}

func TestEmptyListsSayWhatToDo(t *testing.T) {
	s := newSite(t)
	s.store.restores, s.store.drills = nil, nil
	got := words(parse(t, s.get(t, "/restores")).one(t, "main", "", ""))
	for _, want := range []string{"Nothing was restored yet", "Nothing was drilled yet", "A drill restores a backup into a scratch database", "Drill the newest backup", "Restore from a file"} {
		if !strings.Contains(got, want) {
			t.Errorf("the empty page does not say %q", want)
		}
	}
	if d := parse(t, s.get(t, "/restores")); len(d.all("form", "action", "/backups/"+finishedID+"/drill")) != 1 {
		t.Error("the newest finished backup cannot be drilled")
	}
	s.store.backups = nil
	if d := parse(t, s.get(t, "/restores")); len(d.all("button", "id", "drill-newest")) != 0 {
		t.Error("a backup that is not there can be drilled")
	}
}

func TestTheListsAreNarrowed(t *testing.T) {
	s := newSite(t)
	s.store.restores[0].Status = models.StatusFailed
	for query, want := range map[string]struct {
		restores, drills int
		says             string
	}{
		"":                                      {1, 1, ""},
		"kind=restores":                         {1, 0, ""},
		"kind=drills":                           {0, 1, ""},
		"outcome=good":                          {0, 1, "Nothing of that kind was restored"},
		"outcome=bad":                           {1, 0, "Nothing of that kind was drilled"},
		"outcome=unclear":                       {0, 0, "Nothing of that kind was drilled"},
		"job=" + jobID:                          {1, 1, ""},
		"job=" + unknownID:                      {0, 0, "Show all"},
		"kind=drills&outcome=good&job=" + jobID: {0, 1, ""},
	} {
		d := parse(t, s.get(t, "/restores?"+query))
		restores, drills := 0, 0
		for _, row := range d.all("tr", "id", "") {
			if strings.HasPrefix(attribute(row, "id"), "restore-") {
				restores++
			} else {
				drills++
			}
		}
		if restores != want.restores || drills != want.drills || !strings.Contains(words(d.one(t, "main", "", "")), want.says) {
			t.Errorf("%s: %d restores and %d drills, or it does not say %q", query, restores, drills, want.says)
		}
	}
	for _, query := range []string{"kind=x", "outcome=x", "job=x"} {
		if w := s.get(t, "/restores?"+query); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", query, w.Code)
		}
	}
}

// sendFile sends a form with a file.
func (s *site) sendFile(t *testing.T, field, name string, content []byte) (status int, location, body string) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	answer := s.ask(t, http.MethodPost, "/restores/upload", form.String(), "Content-Type", w.FormDataContentType())
	return answer.Code, answer.Header().Get("Location"), answer.Body.String()
}

func TestUploads(t *testing.T) {
	s := newSite(t)
	long := bytes.Repeat([]byte("x"), 4*middleware.MaxBody)
	status, location, _ := s.sendFile(t, "file", "../shop.sql.zst", long)
	if status != http.StatusSeeOther || s.restores.received != string(long) || s.restores.nameGiven != "shop.sql.zst" {
		t.Fatalf("status %d: %d bytes of %q came", status, len(s.restores.received), s.restores.nameGiven)
	}
	if got := words(parse(t, s.get(t, location)).one(t, "main", "", "")); !strings.Contains(got, "Restore shop.sql.zst") || strings.Contains(got, "From which copy") {
		t.Errorf("%s shows %s", location, got)
	}
	w := s.post(t, location+"&into=new&server="+sourceID+"&database=x", url.Values{"confirm": {"x"}})
	if w.Code != http.StatusSeeOther || s.restores.started[0].UploadID == "" || s.restores.started[0].BackupID != "" {
		t.Errorf("status %d: %+v", w.Code, s.restores.started)
	}
}

func TestUploadsThatAreNone(t *testing.T) {
	s := newSite(t)
	s.restores.startErr = models.Invalidf("this is no dump that can be told: it begins with neither")
	if status, _, body := s.sendFile(t, "file", "a.txt", []byte("x")); status != http.StatusBadRequest || !strings.Contains(body, "This is no dump that can be told") {
		t.Errorf("status %d: %s", status, body)
	}
	if status, _, body := s.sendFile(t, "other", "a.txt", []byte("x")); status != http.StatusBadRequest || !strings.Contains(body, "No file was sent") {
		t.Errorf("without a file: status %d: %s", status, body)
	}
	if w := s.ask(t, http.MethodPost, "/restores/upload", "x"); w.Code != http.StatusBadRequest {
		t.Errorf("no form: status %d", w.Code)
	}
	for path, status := range map[string]int{"/restores/new": 400, "/restores/new?upload=x": 400, "/restores/new?upload=" + unknownID: 404} {
		if w := s.get(t, path); w.Code != status {
			t.Errorf("%s: status %d, want %d", path, w.Code, status)
		}
	}
}

// A page of a stranger may make a browser send forms here, which then do nothing.
func TestOtherSitesRestoreNothing(t *testing.T) {
	s := newSite(t)
	s.store.alarms = []models.Alarm{{ID: alarmID, JobID: jobID, BackupID: finishedID, CreatedAt: testNow}}
	for _, path := range []string{restorePath + planQuery, "/restores/new?upload=" + unknownID, "/restores/upload", "/restores/" + restoreID + "/cancel", "/drills/" + drillID + "/cancel",
		"/backups/" + finishedID + "/drill", "/alarms/" + alarmID + "/seen"} {
		if w := s.ask(t, http.MethodPost, path, "confirm=shop_restored", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
	if r := s.restores; len(r.calls)+len(r.started)+len(r.drilled) != 0 || r.received != "" || s.store.alarms[0].SeenAt != nil {
		t.Errorf("it called %v, started %v and drilled %v", r.calls, r.started, r.drilled)
	}
}

func TestAlarmsComeFirst(t *testing.T) {
	s := newSite(t)
	s.store.alarms = []models.Alarm{{ID: alarmID, JobID: jobID, BackupID: finishedID, Kind: models.AlarmAnomaly, Sentence: "the table orders vanished\nthe table people has 3 rows", CreatedAt: testNow.Add(-time.Hour)}}
	d := parse(t, s.get(t, "/"))
	got := words(d.one(t, "section", "id", "alarm-"+alarmID))
	for _, want := range []string{"The table orders vanished.", "The table people has 3 rows.", "no backup of shop-nightly is deleted", "1 h ago"} {
		if !strings.Contains(got, want) {
			t.Errorf("the alarm does not say %q: %s", want, got)
		}
	}
	if main := words(d.one(t, "main", "", "")); !strings.HasPrefix(main, "Deletion is frozen until somebody looks") {
		t.Errorf("the page begins with %.80q", main)
	}
	own := attribute(parse(t, s.get(t, "/backups/"+finishedID)).one(t, "button", "id", "seen-"+alarmID).Parent, "action")
	if len(parse(t, s.get(t, "/backups/"+failedID)).all("section", "id", "alarm-"+alarmID)) != 0 {
		t.Error("another backup shows the alarm")
	}
	w := s.ask(t, http.MethodPost, own, "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/backups/"+finishedID || s.store.alarms[0].SeenAt == nil {
		t.Errorf("status %d to %q", w.Code, w.Header().Get("Location"))
	}
	if w := s.ask(t, http.MethodPost, "/alarms/"+alarmID+"/seen?backup=//evil.example", ""); w.Header().Get("Location") != "/" {
		t.Errorf("a foreign address: to %q", w.Header().Get("Location"))
	}
	if len(parse(t, s.get(t, "/")).all("", "id", "alarms")) != 0 {
		t.Error("an alarm that was looked at is still shown")
	}
}

func TestComparisons(t *testing.T) {
	s := newSite(t)
	alone := parse(t, s.get(t, "/backups/"+finishedID+"/compare"))
	if got := words(alone.one(t, "main", "", "")); !strings.Contains(got, "There is nothing to compare it with") {
		t.Errorf("alone it says %s", got)
	}
	const earlierID = "0197c9a4-0000-7000-8000-000000000010"
	earlier := s.store.backups[2]
	earlier.ID, earlier.CreatedAt = earlierID, earlier.CreatedAt.Add(-24*time.Hour)
	s.store.backups = append(s.store.backups, earlier)
	m := s.store.manifests[finishedID]
	m.Inventory.Tables = append([]models.TableDigest{{Name: "people", Rows: 7, Bytes: 70, SHA256: strings.Repeat("ef", 32)}}, m.Inventory.Tables...)
	s.store.manifests[earlierID] = m
	for _, path := range []string{"/backups/" + finishedID + "/compare", "/backups/" + earlierID + "/compare?with=" + finishedID} {
		d := parse(t, s.get(t, path))
		got := words(d.one(t, "main", "", ""))
		for _, want := range []string{"1 table removed, 1 table equal.", "people", "Removed", "70 B"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not say %q: %s", path, want, got)
			}
		}
	}
	s.store.manifests[earlierID] = s.store.manifests[finishedID]
	if d := parse(t, s.get(t, "/backups/"+finishedID+"/compare")); len(d.all("section", "data-equal", "yes")) != 1 || len(d.all("table", "", "")) != 0 {
		t.Error("two that are equal are not told so")
	}
	delete(s.store.manifests, earlierID)
	if got := words(parse(t, s.get(t, "/backups/"+finishedID+"/compare")).root); !strings.Contains(got, "has no manifest") {
		t.Errorf("without a manifest: %s", got)
	}
	if w := s.get(t, "/backups/"+finishedID+"/compare?with="+unknownID); w.Code != http.StatusNotFound {
		t.Errorf("with one that is gone: status %d", w.Code)
	}
}

// post sends a form.
func (s *site) post(t *testing.T, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	return s.ask(t, http.MethodPost, path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}
