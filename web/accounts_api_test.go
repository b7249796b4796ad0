package web

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// asked is what one request of an owner's key is answered with.
func (s *site) asked(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	w := s.ask(t, method, path, body, "X-Api-Key", "key-admin")
	return w.Code, w.Body.String()
}

func TestAccountsOverTheAPI(t *testing.T) {
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		// says is in the answer, recorded in the audit log: subject and detail.
		says, recorded string
	}{
		"the list":                  {"GET", "/api/users", "", 200, `"Name":"a-viewer","Role":"viewer","Issuer":null,"HasPassword":true,"SecondFactor":false`, ""},
		"an invitation":             {"POST", "/api/users", `{"Name": "ada", "Role": "operator"}`, 201, `"Link":"http://localhost:8080/claim?token=t0ken+of+ada"`, "user ada as operator"},
		"with a role of no kind":    {"POST", "/api/users", `{"Name": "ada", "Role": "king"}`, 400, `is no role`, "user"},
		"with more than is known":   {"POST", "/api/users", `{"Name": "ada", "Role": "owner", "Password": "x"}`, 400, `must be empty or an object`, "user"},
		"another role":              {"POST", "/api/users/" + viewerID + "/role", `{"Role": "operator"}`, 200, `"Role":"operator"`, "user a-viewer to operator"},
		"disabling":                 {"POST", "/api/users/" + viewerID + "/disable", "", 200, `"DisabledAt":"2026-11-23T12:00:00Z"`, "user a-viewer"},
		"enabling":                  {"POST", "/api/users/" + viewerID + "/enable", "", 200, `"DisabledAt":null`, "user a-viewer"},
		"another invitation":        {"POST", "/api/users/" + viewerID + "/invite", `{"WithoutSecondFactor": true}`, 200, `/claim?token=t0ken"`, "user a-viewer without the second factor"},
		"removing":                  {"DELETE", "/api/users/" + viewerID, "", 204, "", "user a-viewer"},
		"removing the last owner":   {"DELETE", "/api/users/" + ownerID, "", 409, "last owner", "user"},
		"removing nobody":           {"DELETE", "/api/users/" + unknownID, "", 404, "there is no user", "user"},
		"a bad id":                  {"POST", "/api/users/x/disable", "", 400, "", "user"},
		"a key":                     {"POST", "/api/keys", `{"Name": "ci", "Scopes": ["run", "read", "run"], "Jobs": ["shop-nightly"], "ExpiresAt": "2027-01-01"}`, 201, `"Key":"bmk_s3cret"`, "API key ci"},
		"a key of what is no job":   {"POST", "/api/keys", `{"Name": "ci", "Scopes": ["run"], "Jobs": ["nothing"]}`, 404, "no job", "key"},
		"a key of no scope":         {"POST", "/api/keys", `{"Name": "ci", "Scopes": []}`, 400, "Scopes is empty", "key"},
		"a key of an unknown scope": {"POST", "/api/keys", `{"Name": "ci", "Scopes": ["root"]}`, 400, "is no scope", "key"},
		"a key that is over":        {"POST", "/api/keys", `{"Name": "ci", "Scopes": ["run"], "ExpiresAt": "2020-01-01"}`, 400, "is over", "key"},
		"removing no key":           {"DELETE", "/api/keys/" + unknownID, "", 404, "", "key"},
		"a secret":                  {"PUT", "/api/secrets/shop/password", `{"Value": "hunter2"}`, 204, "", "secret shop/password"},
		"a secret without a value":  {"PUT", "/api/secrets/shop/password", `{}`, 400, "Value is missing", "secret shop/password"},
		"removing no secret":        {"DELETE", "/api/secrets/nothing", "", 404, "", "secret nothing"},
		"secrets that are missing":  {"GET", "/api/secrets", "", 200, `{"Name":"shop/password","Set":false,"SetBy":null,"SetAt":null,"Uses":["data source shop: password"]}`, ""},
		"a recovery kit":            {"POST", "/api/jobs/" + jobID + "/kit", "", 200, `"FileName":"kit.txt","Text":"how to restore"`, "recovery kit of shop-nightly"},
		"a kit of no job":           {"POST", "/api/jobs/" + unknownID + "/kit", "", 404, "", "job"},
		"sessions of a key":         {"GET", "/api/sessions", "", 403, "account of a person", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccounts()
			s := newSite(t, withAccounts(a))
			status, body := s.asked(t, c.method, c.path, c.body)
			if status != c.status || !strings.Contains(body, c.says) {
				t.Errorf("status %d, want %d: %s", status, c.status, body)
			}
			for _, secret := range []string{"h4sh", "hunter2"} {
				if strings.Contains(body, secret) || strings.Contains(s.log.String(), secret) {
					t.Errorf("%s is told: %s", secret, body)
				}
			}
			if n := len(a.entries); n == 2 && (a.entries[0].Outcome != models.AuditBegun || strings.HasPrefix(a.entries[1].Subject, "secret ") && a.entries[0].Subject != a.entries[1].Subject) {
				t.Errorf("what is begun is recorded as %+v", a.entries[0])
			}
			recorded := ""
			if n := len(a.entries); n > 0 {
				recorded = a.entries[n-1].Subject
				if a.entries[n-1].Outcome == models.AuditDone {
					recorded = strings.TrimSpace(recorded + " " + a.entries[n-1].Detail)
				}
			}
			if recorded != c.recorded || len(a.entries) > 2 {
				t.Errorf("recorded is %q, want %q", recorded, c.recorded)
			}
		})
	}
}

func TestAKeyIsMadeAsItWasAsked(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	s.asked(t, http.MethodPost, "/api/keys", `{"Name": "ci", "Scopes": ["run", "read", "run"], "Jobs": ["shop-nightly", "`+jobID+`"], "ExpiresAt": "2027-01-01"}`)
	k := a.made[0]
	if !slices.Equal(k.Scopes, models.Scopes{models.ScopeRun, models.ScopeRead}) || !slices.Equal(k.JobIDs, []string{jobID}) || k.CreatedBy != "ci" || !k.ExpiresAt.Equal(time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("made was %+v", k)
	}
	if status, body := s.asked(t, http.MethodGet, "/api/keys", ""); status != http.StatusOK || strings.Contains(body, "s3cret") || strings.Contains(body, "h4sh") || !strings.Contains(body, `"JobIds":["`+jobID+`"]`) {
		t.Errorf("the list: status %d: %s", status, body)
	}
	if status, _ := s.asked(t, http.MethodDelete, "/api/keys/"+keyID, ""); status != http.StatusNoContent {
		t.Errorf("removing it: status %d", status)
	}
}

func TestPeopleSeeAndEndTheirOwnSessions(t *testing.T) {
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	w := s.get(t, "/api/sessions", "Cookie", "backupman=owner")
	var list struct {
		Results []struct {
			ID      string `json:"Id"`
			Current bool
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Results) != 1 || !list.Results[0].Current {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if w := s.ask(t, http.MethodDelete, "/api/sessions/"+list.Results[0].ID, "", "Cookie", "backupman=viewer"); w.Code != http.StatusNotFound {
		t.Errorf("another's: status %d", w.Code)
	}
	if w := s.ask(t, http.MethodDelete, "/api/sessions/"+list.Results[0].ID, "", "Cookie", "backupman=owner"); w.Code != http.StatusNoContent {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if w := s.get(t, "/api/sessions", "Cookie", "backupman=owner"); w.Code != http.StatusUnauthorized {
		t.Errorf("afterwards: status %d", w.Code)
	}
}

func newAudited(t *testing.T) (*site, *fakeAccounts) {
	t.Helper()
	a := newAccounts()
	s := newSite(t, withAccounts(a))
	for i, actor := range []string{"ada", "ben", "ada"} {
		a.entries = append(a.entries, models.AuditEntry{ID: "0197c9a4-0000-7000-8000-00000000090" + string(rune('1'+i)), At: testNow, Kind: models.ActorUser, Actor: actor,
			Action: "backup.start", Subject: "backup of <shop>", Outcome: models.AuditDone, Detail: "=cmd()", Address: "198.51.100.1", Agent: "+curl"})
	}
	a.entries[1].Outcome, a.entries[1].Actor = models.AuditRefused, "@ben"
	return s, a
}

func TestTheAuditLogOverTheAPI(t *testing.T) {
	s, a := newAudited(t)
	for query, want := range map[string]string{
		"": "03 02 01", "?Actor=ada": "03 01", "?Outcome=refused": "02", "?Action=user": "", "?Limit=1": "03", "?Limit=2&actor=ada": "03 01",
	} {
		status, body := s.asked(t, http.MethodGet, "/api/audit"+query, "")
		if status != http.StatusOK || ids(t, body) != want {
			t.Errorf("%s: status %d: %s", query, status, body)
		}
	}
	seen, after := "", ""
	for range 4 {
		_, body := s.asked(t, http.MethodGet, "/api/audit?Limit=1"+after, "")
		var part struct{ After *string }
		if err := json.Unmarshal([]byte(body), &part); err != nil {
			t.Fatal(err)
		}
		seen += ids(t, body) + ","
		if part.After == nil {
			break
		}
		after = "&After=" + *part.After
	}
	if seen != "03,02,01,," {
		t.Errorf("page by page it is %s", seen)
	}
	for _, query := range []string{"?Format=xml", "?Outcome=maybe", "?Since=yesterday", "?After=x", "?Limit=0", "?Nothing=1"} {
		if status, body := s.asked(t, http.MethodGet, "/api/audit"+query, ""); status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", query, status, body)
		}
	}
	reads := slices.ContainsFunc(a.entries, func(e models.AuditEntry) bool { return e.Action == "audit.export" && e.Outcome == models.AuditDone })
	if reads {
		t.Error("looking at the log is recorded as an export")
	}
}

func TestTheAuditLogIsExported(t *testing.T) {
	s, a := newAudited(t)
	w := s.get(t, "/api/audit?Format=csv&Actor=@ben", "X-Api-Key", "key-admin")
	lines, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(lines) != 2 || w.Header().Get("Content-Disposition") == "" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Fatalf("%v: %v, %v", err, lines, w.Header())
	}
	if got := strings.Join(lines[1][2:], "|"); got != "user|'@ben||backup.start|backup of <shop>||refused|'=cmd()|198.51.100.1|'+curl" {
		t.Errorf("the line is %s", got)
	}
	if len(lines[0]) != len(lines[1]) || lines[0][3] != "Actor" {
		t.Errorf("the names are %v", lines[0])
	}
	w = s.get(t, "/api/audit?Format=jsonl&Actor=ada", "X-Api-Key", "key-admin")
	parts := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	var entry map[string]any
	if len(parts) != 2 || json.Unmarshal([]byte(parts[0]), &entry) != nil || entry["Detail"] != "=cmd()" || entry["Subject"] != "backup of <shop>" {
		t.Errorf("the lines are %v", parts)
	}
	if got := s.outcomes(a, "audit.export"); got != "key begun, key done, key begun, key done" {
		t.Errorf("recorded is %s", got)
	}
	a.failing = nil
	broken := errors.New("the database is gone")
	s.breaksExport(t, a, broken)
}

// breaksExport wants an export that can't be completed to be no export.
func (s *site) breaksExport(t *testing.T, a *fakeAccounts, why error) {
	t.Helper()
	a.failing = why
	if w := s.get(t, "/api/audit?Format=csv", "Cookie", "backupman=owner"); w.Code == http.StatusOK {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}
