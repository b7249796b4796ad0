package web

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// follow opens a link from an address.
func (s *site) follow(t *testing.T, uri, address string) (int, string) {
	t.Helper()
	w := s.get(t, uri, "Remote", address)
	return w.Code, w.Body.String()
}

const aLink = "/api/backups/" + finishedID + "/generate-download-url"

func TestADownloadLinkOpensOneDownload(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	link := s.link(t, aLink, "X-Api-Key", "key-restore").RequestURI()
	other := s.link(t, aLink, "X-Api-Key", "key-restore").RequestURI()
	if link == other {
		t.Error("two links of one second are one")
	}
	if status, body := s.follow(t, link, "198.51.100.1:5000"); status != http.StatusOK || body != "dump content" {
		t.Fatalf("status %d: %s", status, body)
	}
	for _, address := range []string{"198.51.100.1:5000", "198.51.100.1:5001", "203.0.113.9:5000"} {
		if status, body := s.follow(t, link, address); status != http.StatusUnauthorized || !strings.Contains(body, "was used") {
			t.Errorf("a second time from %s: status %d: %s", address, status, body)
		}
	}
	if status, _ := s.follow(t, other, "203.0.113.9:5000"); status != http.StatusOK {
		t.Errorf("the other link: status %d", status)
	}
	if got := s.outcomes(a, "backup.download"); got != "link begun, link done, nobody refused, nobody refused, nobody refused, link begun, link done" {
		t.Errorf("recorded is %s", got)
	}
}

// TestAUsedLinkIsUsedHoweverItIsWritten: what decodes base64 goes past the ends of lines.
func TestAUsedLinkIsUsedHoweverItIsWritten(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	link := s.link(t, aLink, "X-Api-Key", "key-restore").RequestURI()
	if status, _ := s.follow(t, link, "198.51.100.1:5000"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	for _, more := range []string{"%0A", "%0D%0A", "&Signature=x", "&x=y"} {
		if status, body := s.follow(t, link+more, "203.0.113.9:5000"); status != http.StatusUnauthorized {
			t.Errorf("with %s behind it the link opens once more: status %d: %s", more, status, body)
		}
	}
	if status, body := s.follow(t, strings.Replace(link, "Signature=", "Signature=%0A", 1), "203.0.113.9:5000"); status != http.StatusUnauthorized {
		t.Errorf("with a line before the signature: status %d: %s", status, body)
	}
}

func TestADownloadLinkIsForTheMachineThatOpensIt(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	s.backups.cut = io.ErrUnexpectedEOF
	link := s.link(t, aLink, "X-Api-Key", "key-restore").RequestURI()
	s.breaks(t, func() { s.follow(t, link, "198.51.100.1:5000") })
	if status, body := s.follow(t, link, "203.0.113.9:5000"); status != http.StatusUnauthorized || !strings.Contains(body, "another address") {
		t.Errorf("from elsewhere: status %d: %s", status, body)
	}
	s.backups.cut = nil
	if status, body := s.follow(t, link, "198.51.100.1:6000"); status != http.StatusOK || body != "dump content" {
		t.Errorf("after a download that broke: status %d: %s", status, body)
	}
	if status, _ := s.follow(t, link, "198.51.100.1:6000"); status != http.StatusUnauthorized {
		t.Errorf("after one that did not: status %d", status)
	}
	if got := s.outcomes(a, "backup.download"); got != "link begun, link failed, nobody refused, link begun, link done, nobody refused" {
		t.Errorf("recorded is %s", got)
	}
}

func TestADownloadLinkOpensNothingElse(t *testing.T) {
	s := newSite(t, withAccounts(newAccounts()))
	link := s.link(t, aLink, "X-Api-Key", "key-restore")
	for name, uri := range map[string]string{
		"another backup":      strings.Replace(link.RequestURI(), finishedID, failedID, 1),
		"another word":        strings.Replace(link.RequestURI(), "Once=", "Once=x", 1),
		"without the word":    strings.Replace(link.RequestURI(), "Once=", "Twice=", 1),
		"a copy":              link.RequestURI() + "&DriveFileId=" + copyID,
		"more after the last": strings.Replace(link.RequestURI(), "Signature="+link.Query().Get("Signature"), "Signature="+link.Query().Get("Signature")+"A", 1),
	} {
		if status, body := s.follow(t, uri, "198.51.100.1:5000"); status != http.StatusUnauthorized {
			t.Errorf("%s: status %d: %s", name, status, body)
		}
	}
	if w := s.get(t, "/api/backups/"+finishedID+"?"+link.RawQuery); w.Code != http.StatusUnauthorized {
		t.Errorf("what is known of the backup: status %d", w.Code)
	}
	if w := s.get(t, link.RequestURI(), "X-Api-Key", "key-read"); w.Code != http.StatusOK {
		t.Errorf("with a key that may not download: status %d: the link lets in", w.Code)
	}
	if len(s.store.links) != 1 {
		t.Errorf("%d links are remembered", len(s.store.links))
	}
	expired := s.link(t, aLink, "X-Api-Key", "key-restore").RequestURI()
	s.now = s.now.Add(5 * time.Minute)
	if status, body := s.follow(t, expired, "198.51.100.1:5000"); status != http.StatusUnauthorized || !strings.Contains(body, "expired") {
		t.Errorf("when it has expired: status %d: %s", status, body)
	}
}

// outcomes are those of an action, as "KIND OUTCOME, …", oldest first.
func (s *site) outcomes(a *fakeAccounts, action string) string {
	var told []string
	for _, e := range a.entries {
		if e.Action == action {
			told = append(told, string(e.Kind)+" "+string(e.Outcome))
		}
	}
	return strings.Join(told, ", ")
}

// breaks wants what asks to be cut off.
func (s *site) breaks(t *testing.T, ask func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("the answer was not cut off")
		}
	}()
	ask()
}

func TestADownloadThatCantBeRecordedIsNotHandedOut(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	link := s.link(t, aLink, "X-Api-Key", "key-restore").RequestURI()
	a.lost = io.ErrShortWrite
	for name, ask := range map[string]func() (int, string){
		"the API": func() (int, string) {
			w := s.get(t, "/api/backups/"+finishedID+"/download", "X-Api-Key", "key-restore")
			return w.Code, w.Body.String()
		},
		"a link": func() (int, string) { return s.follow(t, link, "198.51.100.1:5000") },
		"a page": func() (int, string) {
			w := s.get(t, "/backups/"+finishedID+"/files/"+copyID, "Cookie", "backupman=owner")
			return w.Code, w.Body.String()
		},
		"an export": func() (int, string) {
			w := s.get(t, "/api/audit?Format=csv", "X-Api-Key", "key-admin")
			return w.Code, w.Body.String()
		},
	} {
		if status, body := ask(); status != http.StatusInternalServerError || strings.Contains(body, "dump content") {
			t.Errorf("%s: status %d: %s", name, status, body)
		}
	}
	if !strings.Contains(s.log.String(), "AUDIT ENTRY LOST") {
		t.Errorf("the log says %s", s.log)
	}
	a.lost = nil
	if w := s.ask(t, http.MethodPost, "/api/jobs/"+jobID+"/pause", "", "X-Api-Key", "key-run"); w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	a.lost = io.ErrShortWrite
	if w := s.ask(t, http.MethodPost, "/api/jobs/"+jobID+"/resume", "", "X-Api-Key", "key-run"); w.Code != http.StatusOK {
		t.Errorf("what is recorded afterwards: status %d", w.Code)
	}
	if w := s.ask(t, http.MethodPost, "/api/jobs/"+jobID+"/prune", "", "X-Api-Key", "key-admin"); w.Code != http.StatusInternalServerError || len(s.retention.calls) != 0 {
		t.Errorf("what is recorded before: status %d, %v", w.Code, s.retention.calls)
	}
	restore := `{"Target": {"Kind": "file"}}`
	if w := s.ask(t, http.MethodPost, "/api/backups/"+finishedID+"/restore", restore, "X-Api-Key", "key-restore"); w.Code != http.StatusInternalServerError || len(s.restores.started) != 0 {
		t.Errorf("a restore: status %d, %v", w.Code, s.restores.started)
	}
	if w := s.ask(t, http.MethodPost, restorePath+"?into=file&file=x", "confirm=x", "Content-Type", "application/x-www-form-urlencoded", "Cookie", "backupman=operator"); w.Code != http.StatusInternalServerError || len(s.restores.started) != 0 {
		t.Errorf("a restore on a page: status %d, %v", w.Code, s.restores.started)
	}
	if got := len(a.entries); got != 2 || a.entries[1].Action != "job.pause" || a.entries[1].Subject != "job shop-nightly" || a.entries[1].SubjectID != jobID || a.entries[1].Outcome != models.AuditDone {
		t.Errorf("recorded are %+v", a.entries)
	}
}
