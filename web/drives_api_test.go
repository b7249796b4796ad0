package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

func TestDrivesAreTheContractToTheByte(t *testing.T) {
	s := newSite(t)
	at := testNow.Add(-time.Hour)
	s.catalog.signIns[driveID] = &fakeSignIn{}
	s.store.drives = append(s.store.drives, models.Drive{ID: unknownID, Label: "new & far", Provider: "s3", Settings: models.Settings{"bucket": "hidden"}})
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: testNow, GoodAt: &at, Error: "it is <full>", NeedsSignIn: true, Free: -1, Total: 1000}
	want := `{"Results":[` +
		`{"Id":"` + driveID + `","Label":"nas","Provider":"local","CheckedAt":"2026-11-23T12:00:00Z","GoodAt":"2026-11-23T11:00:00Z","Error":"it is <full>","NeedsSignIn":true,"Free":null,"Total":1000,"Copies":1,"FailedCopies":1,"Bytes":12},` +
		`{"Id":"` + unknownID + `","Label":"new & far","Provider":"s3","CheckedAt":null,"GoodAt":null,"Error":"","NeedsSignIn":false,"Free":null,"Total":null,"Copies":0,"FailedCopies":0,"Bytes":0}` +
		"]}\n"
	if got := s.get(t, "/api/drives").Body.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s.store.drives = nil
	if got := s.get(t, "/api/drives").Body.String(); got != "{\"Results\":[]}\n" {
		t.Errorf("without drives: %q", got)
	}
	s.store.failing = errors.New("password=hunter2")
	if said := wantError(t, s.get(t, "/api/drives"), http.StatusInternalServerError); strings.Contains(said, "hunter2") {
		t.Errorf("said %q", said)
	}
}

func TestCheckOfADriveIsAnAnswerAlsoWhenItFails(t *testing.T) {
	for name, c := range map[string]struct {
		found models.DriveCheck
		free  string
	}{
		"good": {models.DriveCheck{CheckedAt: testNow, GoodAt: &testNow, Free: 5, Total: 10}, "5"},
		"bad":  {models.DriveCheck{CheckedAt: testNow, Error: "it is gone", Free: -1, Total: -1}, "null"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.upkeep.found = c.found
			w := s.ask(t, http.MethodPost, "/api/drives/"+driveID+"/check", "")
			var told struct {
				ID, Error string
				Free      json.RawMessage
			}
			if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			if told.ID != driveID || told.Error != c.found.Error || string(told.Free) != c.free {
				t.Errorf("told %+v", told)
			}
		})
	}
}

func TestACheckThatCannotBeRecordedIsAnError(t *testing.T) {
	s := newSite(t)
	s.upkeep.err = errors.New("password=hunter2")
	wantError(t, s.ask(t, http.MethodPost, "/api/drives/"+driveID+"/check", ""), http.StatusInternalServerError)
}

func TestDownloadLinkIsTheProvidersWhereItMakesOne(t *testing.T) {
	for name, c := range map[string]struct {
		opened drive.Drive
		host   string
	}{
		"a drive with links":    {linkedDrive{}, "provider.example"},
		"links are forbidden":   {linkedDrive{err: models.Conflictf("links are turned off")}, "localhost:8080"},
		"a drive without links": {plainDrive{}, "localhost:8080"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.store.backups[2].DriveFiles[0].Key = "shop/a.sql.zst"
			s.catalog.opened[driveID] = c.opened
			for _, query := range []string{"", "?DriveFileId=" + copyID} {
				link := s.link(t, "/api/backups/"+finishedID+"/generate-download-url"+query)
				if link.Host != c.host {
					t.Errorf("%q leads to %s", query, link)
				}
				if link.Host == "provider.example" && (link.Path != "/shop/a.sql.zst" || link.Query().Get("name") != "a.sql.zst" || link.Query().Get("seconds") != "300") {
					t.Errorf("the provider was asked for %s", link)
				}
			}
		})
	}
}

func TestRefusedCredentialsAreNoMissingSignIn(t *testing.T) {
	s := newSite(t)
	s.store.checks[driveID] = models.DriveCheck{CheckedAt: testNow, Error: "its key is refused", NeedsSignIn: true, Free: -1, Total: -1}
	if got := s.get(t, "/api/drives").Body.String(); !strings.Contains(got, `"NeedsSignIn":false`) {
		t.Errorf("nobody signs in to this drive: %s", got)
	}
}

func TestComparingACopyThatIsNotThere(t *testing.T) {
	s := newSite(t)
	said := wantError(t, s.ask(t, http.MethodPost, "/api/backups/"+finishedID+"/verify?DriveFileId="+unknownID, ""), http.StatusNotFound)
	if !strings.Contains(said, "no copy with the id "+unknownID) || len(s.backups.calls) != 0 {
		t.Errorf("said %q, called %v", said, s.backups.calls)
	}
}
