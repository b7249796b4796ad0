package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestThingsAreSetUpOverTheAPI(t *testing.T) {
	p, a := newPlanner(), newAccounts()
	s := newSite(t, withAccounts(a), withPlanner(p))
	status, said := s.asked(t, http.MethodPost, "/api/sources", `{"Label":"crm","Fields":{"provider":"mysql","host":"db","db_name":"crm","user":"u"},"Secrets":{"password":"hunter2"}}`)
	if status != http.StatusCreated || strings.Contains(said, "hunter2") || !strings.Contains(said, `"Label":"crm","Origin":"page","Fields":{`) || !strings.HasSuffix(said, `"SecretsSet":["password"]}`+"\n") {
		t.Fatalf("%d %s", status, said)
	}
	if len(p.saved) != 1 || p.saved[0].Secrets["password"].Reveal() != "hunter2" || p.saved[0].Kind != models.PlanSource {
		t.Errorf("saved %+v", p.saved)
	}
	id := s.store.sources[len(s.store.sources)-1].ID
	if status, again := s.asked(t, http.MethodGet, "/api/sources/"+id+"/config", ""); status != http.StatusOK || again != said {
		t.Errorf("shown %d as\n%s, made as\n%s", status, again, said)
	}
	if status, said := s.asked(t, http.MethodGet, "/api/sources", ""); status != http.StatusOK || !strings.Contains(said, `{"Id":"`+id+`","Label":"crm","Provider":"mysql","Origin":"page"}`) || !strings.Contains(said, `"Origin":"file"`) {
		t.Errorf("listed %d %s", status, said)
	}
	status, said = s.asked(t, http.MethodPut, "/api/sources/"+id+"/config", `{"Fields":{"provider":"mysql","host":"db2","db_name":"crm","user":"u"},"Forget":["password"]}`)
	if status != http.StatusOK || !strings.Contains(said, `"host":"db2"`) || !strings.HasSuffix(said, `"SecretsSet":[]}`+"\n") {
		t.Errorf("changed %d %s", status, said)
	}
	if status, said := s.asked(t, http.MethodDelete, "/api/sources/"+id, ""); status != http.StatusNoContent || said != "" {
		t.Errorf("removed %d %s", status, said)
	}
	if status, _ := s.asked(t, http.MethodGet, "/api/sources/"+id+"/config", ""); status != http.StatusNotFound {
		t.Errorf("after it was removed: %d", status)
	}
	var recorded []string
	for _, e := range a.entries {
		recorded = append(recorded, e.Action+" "+e.Subject)
		if strings.Contains(e.Detail+e.Subject, "hunter2") {
			t.Errorf("recorded %+v", e)
		}
	}
	all := strings.Join(recorded, ", ")
	for _, want := range []string{"source.create source crm", "source.update source crm", "source.remove source crm"} {
		if !strings.Contains(all, want) {
			t.Errorf("recorded %s, and not %s", all, want)
		}
	}
}

func TestWhatTheAPIDoesNotSetUp(t *testing.T) {
	p := newPlanner()
	s := newSite(t, withAccounts(newAccounts()), withPlanner(p))
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"mistakes":         {http.MethodPost, "/api/sources", `{"Label":"crm","Fields":{"provider":"mysql","port":"many","db_name":"x","user":"u"}}`, http.StatusBadRequest, `"Fields":{"port":"\"many\" is no number"}`},
		"an unknown key":   {http.MethodPost, "/api/drives", `{"Lable":"crm"}`, http.StatusBadRequest, "an object such as"},
		"another label":    {http.MethodPut, "/api/drives/" + driveID + "/config", `{"Label":"other"}`, http.StatusBadRequest, "a label does not change"},
		"an unknown drive": {http.MethodDelete, "/api/drives/" + unknownID, "", http.StatusNotFound, "there is no drive"},
		"no id":            {http.MethodGet, "/api/jobs/x/config", "", http.StatusBadRequest, ""},
		"what is used":     {http.MethodDelete, "/api/sources/" + sourceID, "", http.StatusConflict, "is used by the job"},
	} {
		if status, said := s.asked(t, c.method, c.path, c.body); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	p.refuse = models.Conflictf("it is in the configuration file")
	if status, said := s.asked(t, http.MethodPut, "/api/drives/"+driveID+"/config", `{"Fields":{"provider":"local","folder":"/x"}}`); status != http.StatusConflict || !strings.Contains(said, "configuration file") {
		t.Errorf("%d %s", status, said)
	}
}

// Addresses of the file may hold a name and a password, which are no fields of their own.
func TestTheAPIShowsNoPasswordOfAnAddress(t *testing.T) {
	s := newSite(t, withPlanner(newPlanner()))
	for _, address := range []string{"https://ann:hunter2@dav.example/x", "https://ann:hunter2%@dav.example/x"} {
		s.store.drives[0].Settings = models.Settings{"url": address}
		status, said := s.asked(t, http.MethodGet, "/api/drives/"+driveID+"/config", "")
		if status != http.StatusOK || !strings.Contains(said, `"https://dav.example/x"`) || strings.Contains(said, "hunter2") {
			t.Errorf("%d %s", status, said)
		}
	}
}
