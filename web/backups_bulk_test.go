package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// send posts a form.
func (s *site) send(t *testing.T, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	return s.ask(t, http.MethodPost, path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func TestTheListIsNarrowed(t *testing.T) {
	s := newSite(t)
	for query, want := range map[string]string{
		"": pendingID + failedID + finishedID, "source=" + sourceID: pendingID + failedID + finishedID, "source=" + unknownID: "", "drive=" + driveID: failedID + finishedID,
		"status=failed": failedID, "proof=proven": finishedID, "pinned=true": "", "from=2026-11-23&to=2026-11-23": pendingID + failedID + finishedID, "to=2026-11-22": "",
		"drive=" + driveID + "&status=finished": finishedID,
	} {
		d := parse(t, s.get(t, "/backups?"+query))
		got := ""
		for _, row := range d.all("tr", "data-status", "") {
			got += strings.TrimPrefix(attribute(row, "id"), "backup-")
		}
		if got != want {
			t.Errorf("%q lists %s, want %s", query, got, want)
		}
		if active := d.all("ul", "id", "active"); (len(active) > 0) != (query != "") {
			t.Errorf("%q: %d lists of what narrows it", query, len(active))
		}
	}
	for _, query := range []string{"proof=maybe", "from=yesterday", "to=2026-13-01", "source=x", "drive=x", "before=x", "to=9999-12-31", "from=0000-01-01", "after=9000000000000000000." + pendingID} {
		if w := s.get(t, "/backups?"+query); w.Code != http.StatusBadRequest {
			t.Errorf("%q: status %d", query, w.Code)
		}
	}
}

// What the list is narrowed by stays in all of its addresses, and each can be left out alone.
func TestAFilterIsLeftOut(t *testing.T) {
	s := newSite(t)
	d := parse(t, s.get(t, "/backups?drive="+driveID+"&status=finished&from=2026-11-01"))
	var paths []string
	for _, a := range d.all("a", "", "") {
		if strings.Contains(words(a), "leave it out") {
			paths = append(paths, words(a)+" "+attribute(a, "href"))
		}
	}
	want := "Drive: nas : leave it out /backups?from=2026-11-01&status=finished, Finished : leave it out /backups?drive=" + driveID + "&from=2026-11-01, From 2026-11-01 : leave it out /backups?drive=" + driveID + "&status=finished"
	if got := strings.Join(paths, ", "); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Older and newer lead through the same parts in both directions.
func TestTheListIsLeafedThroughBothWays(t *testing.T) {
	s := newSite(t)
	s.store.backups = nil
	for i := range 60 {
		s.store.backups = append(s.store.backups, models.Backup{ID: models.NewID(), JobID: jobID, Label: "shop-nightly", Status: models.StatusFinished, CreatedAt: testNow.Add(-time.Duration(i) * time.Hour)})
	}
	part := func(path string) (first string, links map[string]string) {
		d := parse(t, s.get(t, path))
		links = map[string]string{}
		for _, a := range d.all("a", "", "") {
			links[words(a)] = attribute(a, "href")
		}
		return attribute(d.all("tr", "data-status", "")[0], "id"), links
	}
	var firsts []string
	path := "/backups"
	for path != "" {
		first, links := part(path)
		firsts = append(firsts, first)
		if path = links["Older"]; path == "" {
			path = links["Newer"]
			break
		}
	}
	if len(firsts) != 3 {
		t.Fatalf("%d parts", len(firsts))
	}
	for at := len(firsts) - 2; at >= 0; at-- {
		first, links := part(path)
		if first != firsts[at] || links["Older"] == "" || (links["Newer"] == "") != (at == 0) {
			t.Fatalf("part %d begins with %s, want %s; it leads to %v", at, first, firsts[at], links)
		}
		path = links["Newer"]
	}
}

func TestBulkActions(t *testing.T) {
	s := newSite(t)
	w := s.send(t, "/backups/bulk", url.Values{"do": {"pin"}, "id": {finishedID, failedID, unknownID}, "back": {"/backups?status=failed"}})
	got := words(parse(t, w).one(t, "main", "", ""))
	if w.Code != http.StatusOK || !strings.Contains(got, "Pinned: 2 backups, and 1 refused") || !strings.Contains(got, unknownID) {
		t.Errorf("status %d: %s", w.Code, got)
	}
	if attribute(parse(t, w).one(t, "a", "id", "back"), "href") != "/backups?status=failed" {
		t.Error("it does not lead back to the part of the list")
	}
	if w := s.send(t, "/backups/bulk", url.Values{"do": {"heal"}, "id": {failedID}}); w.Code != http.StatusOK || strings.Join(s.backups.calls, ",") != "heal "+failedID {
		t.Errorf("heal: status %d, %v", w.Code, s.backups.calls)
	}
	s.backups.err = models.Conflictf("there is nothing to heal")
	if w := s.send(t, "/backups/bulk", url.Values{"do": {"heal"}, "id": {failedID}}); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "There is nothing to heal.") {
		t.Errorf("all refused: status %d", w.Code)
	}
	w = s.send(t, "/backups/bulk", url.Values{"do": {"delete"}, "id": {failedID, finishedID}, "back": {"https://evil.example"}})
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/backups/delete?") || !strings.Contains(to, failedID) {
		t.Errorf("delete: status %d to %q", w.Code, to)
	}
	if body := s.get(t, w.Header().Get("Location")).Body.String(); strings.Contains(body, "evil.example") {
		t.Error("a page of another server is linked to")
	}
	for name, form := range map[string]url.Values{"nothing ticked": {"do": {"pin"}}, "nothing to do": {"id": {failedID}}, "no id": {"do": {"pin"}, "id": {"x"}},
		"too many": {"do": {"pin"}, "id": strings.Split(strings.Repeat(failedID+",", 100)+failedID, ",")}} {
		if w := s.send(t, "/backups/bulk", form); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
}

func TestDeletingIsAskedAboutFirst(t *testing.T) {
	s := newSite(t)
	w := s.get(t, "/backups/"+finishedID+"/delete")
	d := parse(t, w)
	if got := words(d.one(t, "main", "", "")); !strings.Contains(got, "1 backup, 1 copy, 12 B") || len(s.retention.calls) != 0 {
		t.Errorf("it says %q and did %q", got, s.retention.did())
	}
	d.one(t, "form", "action", "/backups/delete")
	w = s.send(t, "/backups/delete", url.Values{"id": {finishedID}})
	if w.Code != http.StatusOK || s.retention.did() != "delete "+finishedID || !strings.Contains(w.Body.String(), "Deleted: 1 backup") {
		t.Errorf("status %d, did %q", w.Code, s.retention.did())
	}
	if w := s.get(t, "/backups/"+finishedID+"/delete"); w.Code != http.StatusNotFound {
		t.Errorf("of one that is gone: status %d", w.Code)
	}
}

// What would be missed is deleted only with the tick beside it, and then only that.
func TestDeletingWhatIsDear(t *testing.T) {
	s := newSite(t)
	s.retention.goes = []string{copyID}
	both := url.Values{"id": {finishedID, failedID}}
	w := s.send(t, "/backups/delete", both)
	d := parse(t, w)
	if w.Code != http.StatusUnprocessableEntity || len(s.retention.calls) != 0 || !strings.Contains(words(d.one(t, "main", "", "")), "This is the last good copy on nas.") {
		t.Fatalf("status %d, did %q", w.Code, s.retention.did())
	}
	if box := d.one(t, "input", "name", "meant"); attribute(box, "value") != finishedID {
		t.Errorf("the box is of %s", attribute(box, "value"))
	}
	both["meant"] = []string{failedID}
	if w := s.send(t, "/backups/delete", both); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("another's tick: status %d", w.Code)
	}
	both["meant"] = []string{finishedID}
	if w := s.send(t, "/backups/delete", both); w.Code != http.StatusOK || s.retention.did() != "delete "+finishedID+", delete "+failedID {
		t.Errorf("status %d, did %q", w.Code, s.retention.did())
	}
}

func TestWhatCannotBeDeletedSaysWhy(t *testing.T) {
	s := newSite(t)
	s.retention.rests = "a restore reads it now"
	w := s.get(t, "/backups/delete?id="+finishedID)
	d := parse(t, w)
	if !strings.Contains(words(d.one(t, "main", "", "")), "A restore reads it now.") || len(d.all("form", "action", "/backups/delete")) != 0 {
		t.Error("it can be deleted all the same, or does not say why not")
	}
	if w := s.send(t, "/backups/delete", url.Values{"id": {finishedID}}); w.Code != http.StatusConflict || len(s.retention.calls) != 0 {
		t.Errorf("status %d, did %q", w.Code, s.retention.did())
	}
	if said := wantError(t, s.ask(t, http.MethodDelete, "/api/backups/"+finishedID, ""), http.StatusConflict); said != "a restore reads it now" {
		t.Errorf("the API says %q", said)
	}
}

func TestDeletingThroughTheAPI(t *testing.T) {
	s := newSite(t)
	s.retention.goes = []string{copyID}
	path := "/api/backups/" + finishedID
	wantError(t, s.ask(t, http.MethodDelete, path, ""), http.StatusConflict)
	wantError(t, s.ask(t, http.MethodDelete, path+"?Meant=perhaps", ""), http.StatusBadRequest)
	w := s.ask(t, http.MethodDelete, path+"?Meant=true", "")
	if want := `{"Id":"` + finishedID + `","Label":"shop-nightly","Copies":[{"Id":"` + copyID + `","Drive":"nas","Key":"","Size":12,"Notes":[]}]}`; w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	wantError(t, s.ask(t, http.MethodDelete, path, ""), http.StatusNotFound)
}

func TestCancelling(t *testing.T) {
	s := newSite(t)
	path := "/backups/" + pendingID
	parse(t, s.get(t, path)).one(t, "form", "action", path+"/cancel")
	if w := s.ask(t, http.MethodPost, path+"/cancel", ""); w.Code != http.StatusSeeOther || w.Header().Get("Location") != path || s.backups.calls[0] != "cancel "+pendingID {
		t.Errorf("status %d, %v", w.Code, s.backups.calls)
	}
	if w := s.ask(t, http.MethodPost, "/api"+path+"/cancel", ""); w.Code != http.StatusAccepted || !strings.Contains(w.Body.String(), pendingID) {
		t.Errorf("the API: status %d: %s", w.Code, w.Body)
	}
	wantError(t, s.ask(t, http.MethodPost, "/api/backups/"+finishedID+"/cancel", ""), http.StatusConflict)
	asked := testNow
	s.store.backups[0].CancelAskedAt = &asked
	d := parse(t, s.get(t, path))
	if len(d.all("form", "action", path+"/cancel")) != 0 || !strings.Contains(words(d.one(t, "", "id", "backup-run")), "Stopping") {
		t.Error("the page of one that is being cancelled offers it again, or does not say so")
	}
}

// Only lines that the page lacks travel, and who reads it all gets plain text.
func TestTheLogGrows(t *testing.T) {
	s := newSite(t)
	s.store.logs[pendingID] = "first\n"
	path := "/backups/" + pendingID
	next := attribute(parse(t, s.get(t, path)).one(t, "section", "id", "backup-run"), "hx-get")
	s.store.logs[pendingID] += "second\n"
	body := s.get(t, next).Body.String()
	if strings.Contains(body, "first") || !strings.Contains(body, `hx-swap-oob="beforeend:#log-text">second`) {
		t.Errorf("the next look brings %s", body)
	}
	if again := s.get(t, attribute(parse(t, s.get(t, next)).one(t, "section", "id", "backup-run"), "hx-get")).Body.String(); strings.Contains(again, "beforeend") {
		t.Error("the same lines travel again")
	}
	// What a drive waits for is told as long as it does, not only while the line is new.
	file := models.DriveFile{ID: copyID, BackupID: pendingID, DriveID: driveID, Status: models.StatusPending, Size: 7}
	s.store.backups[0].DriveFiles = []models.DriveFile{file}
	s.store.logs[pendingID] += "the copy on nas waits and is tried again: no route to host\n"
	for range 3 {
		d := parse(t, s.get(t, next))
		next = attribute(d.one(t, "section", "id", "backup-run"), "hx-get")
		s.now = s.now.Add(2 * time.Second)
	}
	if body := s.get(t, next).Body.String(); !strings.Contains(body, "It waits and is tried again: no route to host.") {
		t.Errorf("of the drive that waits it says %s", body)
	}
	s.store.logs[pendingID] = "first\nsecond\n"
	w := s.get(t, path+"/log")
	if w.Body.String() != "first\nsecond\n" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("the whole log is %q of %s", w.Body, w.Header().Get("Content-Type"))
	}
	if w := s.get(t, "/backups/"+unknownID+"/log"); w.Code != http.StatusNotFound {
		t.Errorf("of no backup: status %d", w.Code)
	}
	s.store.backups[0].Status = models.StatusFailed
	w = s.get(t, next)
	if w.Header().Get("HX-Retarget") != "#backup-body" || strings.Contains(w.Body.String(), "hx-trigger") || !strings.Contains(w.Body.String(), "has failed") {
		t.Errorf("settled it brings %s", w.Body)
	}
}
