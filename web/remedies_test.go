package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// failsWith makes the newest backup of the site one whose dump failed.
func failsWith(s *site, sentence string) *models.Backup {
	b := &s.store.backups[0]
	b.Status, b.Phase, b.SettledAt, b.Error = models.StatusFailed, models.PhaseDumping, &testNow, sentence
	return b
}

const refusedPassword = `data source "shop": the server at db:3306 refuses user "backup": check user and password (Access denied)`

// What only another setting mends leads to where that is changed.
func TestAFailureLeadsToWhatMendsIt(t *testing.T) {
	edit, look := "/sources/"+sourceID+"/edit", "/sources/"+sourceID+"#check"
	for name, c := range map[string]struct{ sentence, path, label string }{
		"password": {refusedPassword, edit, "Edit the database"},
		"host":     {`data source "shop": no connection to the server at db:3306: dial tcp: lookup db: no such host; check that it runs, and host, port and tls`, edit, "Edit the database"},
		"database": {`data source "shop": there is no database "shp" on the server at db:5432`, edit, "Edit the database"},
		"rights":   {`data source "shop": account 'b'@'%' lacks TRIGGER on database "shop", so triggers would be left out; mend it with: GRANT TRIGGER`, look, "See what its account lacks"},
		"tool":     {`data source "shop": mariadb-dump is not installed; install the package mariadb-client, or set dump_tool to its path`, look, "Check the database"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlanner()
			p.drafts[models.PlanSource]["shop"] = models.PlanDraft{}
			s := newSite(t, withPlanner(p))
			failsWith(s, c.sentence)
			row := parse(t, s.get(t, "/")).one(t, "article", "id", "job-"+jobID)
			if !strings.Contains(words(row), c.label) || strings.Contains(words(row), "Retry") || !strings.Contains(words(row), "Run now") {
				t.Errorf("the card says %s", words(row))
			}
			d := parse(t, s.get(t, "/backups/"+pendingID))
			d.one(t, "a", "href", c.path)
			if said := words(d.one(t, "", "id", "failure")); !strings.Contains(said, c.label) || !strings.Contains(said, "Retry") || strings.Contains(said, "config.yaml") {
				t.Errorf("the page says %s", said)
			}
			if job := parse(t, s.get(t, "/jobs/"+jobID)); len(job.all("a", "href", c.path)) != 1 {
				t.Error("the page of the job does not lead there")
			}
		})
	}
}

// What the file names is not changed on a page: its line is told.
func TestAFailureNamesTheLineOfTheFile(t *testing.T) {
	s := newSite(t, withPlanner(newPlanner()))
	failsWith(s, refusedPassword)
	for _, path := range []string{"/", "/backups/" + pendingID, "/jobs/" + jobID} {
		d := parse(t, s.get(t, path))
		if said := words(d.one(t, "main", "", "")); !strings.Contains(said, "The database shop is named in config.yaml, line 12: change it there.") || !strings.Contains(said, "See the database") {
			t.Errorf("%s says %s", path, said)
		}
		d.one(t, "a", "href", "/sources/"+sourceID)
	}
	if said := words(parse(t, s.get(t, "/sources/"+sourceID)).one(t, "main", "", "")); !strings.Contains(said, "config.yaml, line 12") {
		t.Errorf("the page of the database says %s", said)
	}
}

// A server that does not answer may answer now, so that trying again stays the first thing.
func TestAServerThatDoesNotAnswerIsTriedAgain(t *testing.T) {
	s := newSite(t, withPlanner(newPlanner()))
	failsWith(s, `data source "shop": no connection to the server at db:3306: dial tcp: connection refused; check that it runs, and host, port and tls`)
	d := parse(t, s.get(t, "/"))
	d.one(t, "form", "action", "/backups/"+pendingID+"/retry")
	page := parse(t, s.get(t, "/backups/"+pendingID))
	page.one(t, "a", "href", "/sources/"+sourceID+"#check")
	page.one(t, "form", "action", "/backups/"+pendingID+"/retry")
}

func TestAFailureOfACopyLeadsToItsDrive(t *testing.T) {
	for sentence, c := range map[string]struct{ path, label string }{
		`the disk of drive "nas" is full: free space in /nas, or use a larger disk`:                             {"/drives/" + driveID, "See the drive nas"},
		`drive "nas": its access key is refused (InvalidAccessKeyId): correct access_key and secret_key`:        {"/drives/" + driveID + "/edit", "Edit the drive nas"},
		`drive "nas": box:22 shows another key, SHA256:b, than SHA256:a: somebody may stand between you and it`: {"/drives/" + driveID + "/key", "Compare the key of nas"},
	} {
		p := newPlanner()
		p.drafts[models.PlanDrive]["nas"] = models.PlanDraft{}
		s := newSite(t, withPlanner(p))
		b := failsWith(s, "the dump is good, but 1 of 1 copies failed ("+sentence+")")
		b.DumpedAt = &testNow
		b.DriveFiles = []models.DriveFile{{ID: failedCopy, BackupID: b.ID, DriveID: driveID, Provider: "sftp", Status: models.StatusFailed, Error: sentence}}
		if said := words(parse(t, s.get(t, "/")).one(t, "article", "id", "job-"+jobID)); !strings.Contains(said, c.label) {
			t.Errorf("of %q the card says %s", sentence, said)
		}
		failure := parse(t, s.get(t, "/backups/"+b.ID)).one(t, "", "id", "failure")
		if !strings.Contains(words(failure), c.label) || !strings.Contains(words(failure), "Make the missing copies") {
			t.Errorf("of %q the page says %s", sentence, words(failure))
		}
	}
}

// Who may not change the configuration is not led to its forms.
func TestAFailureLeadsNobodyToARefusal(t *testing.T) {
	p := newPlanner()
	p.drafts[models.PlanSource]["shop"] = models.PlanDraft{}
	s := newSite(t, withPlanner(p), withAccounts(newAccounts()))
	failsWith(s, refusedPassword)
	for _, path := range []string{"/", "/backups/" + pendingID} {
		w := s.get(t, path, "Cookie", "backupman=operator")
		if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, "/edit") || !strings.Contains(body, "check user and password") {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}
