package pages

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestInviteSomebody(t *testing.T) {
	h := newHouse(t).as(ownerID)
	wantPage(t, h.get("/settings/users"), http.StatusOK, "ada", "grace", "You", "This is the only owner who can sign in.")
	p := wantPage(t, h.post("/settings/users", "name", "grace", "role", "viewer"), http.StatusConflict, "There is an account called grace already.")
	if p.value(t, "name") != "grace" {
		t.Error("the name is not kept")
	}
	w := h.post("/settings/users", "name", "alan", "role", "viewer")
	wantPage(t, w, http.StatusOK, "alan is invited", "It works once, for three days", "http://localhost:8080/claim?token=token-2", "Invited")
	if h.noted.Subject != "user alan" || h.noted.Detail != "as viewer" {
		t.Errorf("noted %+v", h.noted)
	}
	if strings.Contains(h.get("/settings/users").Body.String(), "token-2") {
		t.Error("the link is shown again")
	}
}

func TestChangeAUser(t *testing.T) {
	h := newHouse(t).as(ownerID)
	back := "/settings/users#user-" + operatorID
	at := "/settings/users/" + operatorID
	wantTo(t, h.post(at+"/role", "role", "viewer"), back)
	wantPage(t, h.post(at+"/role", "role", "god"), http.StatusBadRequest, "\"god\" is not a role.")
	wantTo(t, h.post(at+"/disable"), back)
	wantPage(t, h.get("/settings/users"), http.StatusOK, "Disabled", "Let in again")
	wantTo(t, h.post(at+"/enable"), back)
	if u := h.accounts.users[1]; u.Role != models.RoleViewer || u.DisabledAt != nil || h.noted.Subject != "user grace" {
		t.Errorf("the account is %+v, noted %+v", u, h.noted)
	}
	h.accounts.users[1].TOTPAt = &testNow
	wantPage(t, h.post(at+"/invite", "without_second_factor", "true"), http.StatusOK, "A new invitation for grace", "/claim?token=")
	if h.accounts.users[1].TOTPAt != nil {
		t.Error("the second factor is still on")
	}
	wantTo(t, h.post(at+"/remove"), back)
	if len(h.accounts.users) != 1 {
		t.Error("the account is still there")
	}
	if w := h.post(at + "/remove"); w.Code != http.StatusNotFound {
		t.Errorf("an account that is gone: %d", w.Code)
	}
}

// TestRemovingWhomAProviderVouchesFor says what it does not do: the account is made anew.
func TestRemovingWhomAProviderVouchesFor(t *testing.T) {
	const back = "grace comes back with the next sign-in at https://id.example"
	h := newHouse(t).as(ownerID)
	if strings.Contains(wantPage(t, h.get("/settings/users"), http.StatusOK).words(), back) {
		t.Error("an account of this server is said to come back")
	}
	h.accounts.users[1].Issuer = "https://id.example"
	wantPage(t, h.get("/settings/users"), http.StatusOK, back, "disable the account")
}

func TestTheLastOwnerStays(t *testing.T) {
	h := newHouse(t).as(ownerID)
	at := "/settings/users/" + ownerID
	for what, values := range map[string][]string{"role": {"role", "viewer"}, "disable": nil, "remove": nil} {
		wantPage(t, h.post(at+"/"+what, values...), http.StatusConflict, "Ada is the only owner who can sign in.")
	}
	p := wantPage(t, h.get("/settings/users"), http.StatusOK)
	for _, what := range []string{"role", "disable", "remove"} {
		if len(p.all("form", "action", at+"/"+what)) != 0 || len(p.all("form", "action", "/settings/users/"+operatorID+"/"+what)) != 1 {
			t.Errorf("the form %s is offered for the last owner, or not for others", what)
		}
	}
	wantPage(t, h.post(at+"/invite"), http.StatusOK, "You are signed out everywhere by that.", "/claim?token=")
}

func TestAKeyIsShownOnce(t *testing.T) {
	h := newHouse(t).as(ownerID)
	wantPage(t, h.get("/settings/keys"), http.StatusOK, "There is no API key yet", "billing", "wiki")
	p := wantPage(t, h.post("/settings/keys", "name", "monitoring", "job", jobID), http.StatusBadRequest, "Say what the key may do.")
	if p.value(t, "name") != "monitoring" || !has(p.all("input", "value", jobID)[0], "checked", "") {
		t.Error("what was typed is not kept")
	}
	w := h.post("/settings/keys", "name", "monitoring", "scope", "read", "scope", "run", "job", jobID, "expires", "2026-12-31")
	p = wantPage(t, w, http.StatusOK, "bmk_s3cret", "can’t be shown again", "read and run", "billing")
	if len(p.all("button", "data-copy", "fresh-key")) != 1 || h.noted.Subject != "API key monitoring" {
		t.Error("the key can't be copied, or was not noted")
	}
	k := h.accounts.keys[0]
	if k.ExpiresAt == nil || !k.ExpiresAt.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) || k.CreatedBy != "ada" || len(k.JobIDs) != 1 {
		t.Errorf("the key is %+v", k)
	}
	if strings.Contains(h.get("/settings/keys").Body.String(), "bmk_s3cret") {
		t.Error("the key is shown again")
	}
	wantTo(t, h.post("/settings/keys/"+keyID+"/remove"), "/settings/keys")
	if len(h.accounts.keys) != 0 {
		t.Error("the key is still there")
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		pairs  []string
		status int
		says   string
	}{
		"no name":       {[]string{"scope", "read"}, http.StatusBadRequest, "A key needs a name."},
		"no day":        {[]string{"name", "x", "scope", "read", "expires", "31.12.2026"}, http.StatusBadRequest, "is no day"},
		"ended already": {[]string{"name", "x", "scope", "read", "expires", "2026-11-22"}, http.StatusBadRequest, "have ended already"},
		"no such job":   {[]string{"name", "x", "scope", "read", "job", unknownID}, http.StatusNotFound, "There is no job"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t).as(ownerID)
			wantPage(t, h.post("/settings/keys", c.pairs...), c.status, c.says)
			if len(h.accounts.keys) != 0 {
				t.Error("a key was made")
			}
		})
	}
}

func TestSecretsAreWrittenOnly(t *testing.T) {
	h := newHouse(t).as(ownerID)
	h.secrets.uses["shop-password"] = []string{"data source shop: password"}
	wantPage(t, h.get("/settings/secrets"), http.StatusOK, "1 secret that the configuration uses is not set yet", "shop-password", "Not set yet", "data source shop: password")
	wantTo(t, h.post("/settings/secrets", "name", "shop-password", "value", "canary-1\r\n"), "/settings/secrets?done=set")
	wantTo(t, h.post("/settings/secrets", "name", "sftp/key", "value", "canary-2\r\nline\r\n"), "/settings/secrets?done=set")
	if h.secrets.values["shop-password"] != "canary-1" || h.secrets.values["sftp/key"] != "canary-2\nline\n" {
		t.Errorf("kept are %q", h.secrets.values)
	}
	w := h.get("/settings/secrets?done=set")
	wantPage(t, w, http.StatusOK, "The secret is stored.", "Set", "By ada", "Nothing in the configuration uses it.")
	refused := h.post("/settings/secrets", "name", "not a name", "value", "canary-3")
	p := wantPage(t, refused, http.StatusBadRequest, "That is not a name of a secret.")
	if len(p.all("input", "value", "not a name")) != 1 {
		t.Error("the name is not kept")
	}
	wantPage(t, h.post("/settings/secrets", "name", "shop-password", "value", ""), http.StatusBadRequest, "A secret is not empty")
	for _, body := range []string{w.Body.String(), refused.Body.String()} {
		if strings.Contains(body, "canary") {
			t.Error("a secret was sent back")
		}
	}
	wantPage(t, h.post("/settings/secrets/remove", "name", "shop-password"), http.StatusConflict, "The configuration uses the secret shop-password.")
	wantTo(t, h.post("/settings/secrets/remove", "name", "sftp/key"), "/settings/secrets?done=removed")
	if h.noted.Subject != "secret sftp/key" || len(h.secrets.stored) != 1 {
		t.Errorf("noted %+v, kept %v", h.noted, h.secrets.stored)
	}
	h.pages.Secrets = nil
	if w := h.get("/settings/secrets"); w.Code != http.StatusNotFound {
		t.Errorf("where no secrets are kept: %d", w.Code)
	}
}

// logged fills the log with n entries.
func logged(h *house, n int) {
	for i := range n {
		e := models.AuditEntry{
			ID: fmt.Sprintf("0197c9a4-0000-7000-8000-%012d", i), At: testNow.Add(-time.Duration(n-i) * time.Minute), Kind: models.ActorUser, Actor: "ada", Action: "backup.start",
			Subject: "billing", SubjectID: jobID, Outcome: models.AuditDone, Address: "127.0.0.1",
		}
		h.accounts.audit = append([]models.AuditEntry{e}, h.accounts.audit...)
	}
}

func TestTheAuditLogIsLookedThroughInParts(t *testing.T) {
	h := newHouse(t).as(ownerID)
	wantPage(t, h.get("/settings/audit"), http.StatusOK, "Nothing has been done yet")
	logged(h, auditLength+3)
	p := wantPage(t, h.get("/settings/audit?actor=ada"), http.StatusOK)
	older := p.all("a", "id", "older")
	if got := len(p.all("tr", "data-outcome", "Done")); got != auditLength || len(older) != 1 || len(p.all("a", "id", "newest")) != 0 {
		t.Fatalf("the first part has %d entries and %d links on", got, len(older))
	}
	href := ""
	for _, a := range older[0].Attr {
		if a.Key == "href" {
			href = a.Val
		}
	}
	if !strings.Contains(href, "actor=ada") {
		t.Errorf("the next part forgets what is looked for: %s", href)
	}
	p = wantPage(t, h.get(href), http.StatusOK)
	if got := len(p.all("tr", "data-outcome", "")); got != 3 || len(p.all("a", "id", "older")) != 0 || len(p.all("a", "id", "newest")) != 1 {
		t.Errorf("the second part has %d entries", got)
	}
	if w := h.get("/settings/audit?after=x"); w.Code != http.StatusBadRequest {
		t.Errorf("what is no place in the log: %d", w.Code)
	}
}

func TestTheAuditLogIsNarrowed(t *testing.T) {
	h := newHouse(t).as(ownerID)
	wantPage(t, h.get("/settings/audit?actor=ada&action=backup&outcome=refused&since=2026-11-01&until=2026-11-22"), http.StatusOK, "Nothing matches")
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	if got, want := h.accounts.filters[0], (models.AuditFilter{Actor: "ada", Action: "backup", Outcome: models.AuditRefused, Since: day(1), Until: day(23)}); got != want {
		t.Errorf("asked for %+v, want %+v", got, want)
	}
	p := wantPage(t, h.get("/settings/audit?since=yesterday&actor=ada"), http.StatusBadRequest, "\"yesterday\" is no day")
	if p.value(t, "actor") != "ada" {
		t.Error("what was typed is not kept")
	}
	wantPage(t, h.get("/settings/audit?outcome=maybe"), http.StatusBadRequest, "is no outcome")
}

func TestTheAuditLogIsExported(t *testing.T) {
	h := newHouse(t).as(ownerID)
	logged(h, 2)
	h.accounts.audit[0].Actor = "=HYPERLINK(1)"
	w := h.get("/settings/audit/export?Format=csv&action=backup")
	rows, err := csv.NewReader(bytes.NewReader(w.Body.Bytes())).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][3] != "'=HYPERLINK(1)" || rows[2][3] != "ada" || h.accounts.filters[0].Action != "backup" {
		t.Errorf("the rows are %v: %v", rows, err)
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="backupman-audit-20261123.csv"` {
		t.Errorf("saved as %s", got)
	}
	w = h.get("/settings/audit/export?Format=json")
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	var first map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || len(lines) != 2 || first["Actor"] != "=HYPERLINK(1)" || first["SubjectId"] != jobID {
		t.Errorf("the lines are %s: %v", w.Body, err)
	}
	if w := h.get("/settings/audit/export?Format=xml"); w.Code != http.StatusBadRequest {
		t.Errorf("a format that there is not: %d", w.Code)
	}
	h.accounts.failing = errors.New("the database is away")
	if w := h.get("/settings/audit/export"); strings.Contains(w.Body.String(), "0000000001") && w.Code == http.StatusOK && !strings.Contains(w.Body.String(), "internal") {
		t.Error("a part of the log is handed out as the whole")
	}
}

func TestTheRecoveryKit(t *testing.T) {
	h := newHouse(t).as(ownerID)
	at := "/jobs/" + jobID + "/kit"
	wantPage(t, h.get(at), http.StatusOK, "Recovery kit of billing", "Nobody has taken this kit yet", "RECOVERY KIT of billing", "the private key", "Take the kit")
	if h.kits.taken != 0 {
		t.Error("looking at the kit notes that it was taken")
	}
	w := h.post(at)
	if w.Code != http.StatusOK || w.Body.String() != "RECOVERY KIT of billing" || w.Header().Get("Content-Disposition") != "attachment; filename=billing-kit.txt" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("status %d, %v: %s", w.Code, w.Header(), w.Body)
	}
	if h.kits.taken != 1 || h.noted.Subject != "recovery kit of billing" {
		t.Errorf("taken %d times, noted %+v", h.kits.taken, h.noted)
	}
	wantPage(t, h.get(at), http.StatusOK, "This kit was taken")
	h.kits.kit.Current = false
	wantPage(t, h.get(at), http.StatusOK, "The kit that was taken is out of date")
	if p := wantPage(t, h.as(operatorID).get(at), http.StatusOK, "An owner takes the kit."); len(p.all("form", "action", at)) != 0 {
		t.Error("who is no owner is offered the kit")
	}
	if w := h.get("/jobs/" + otherID + "/kit"); w.Code != http.StatusNotFound {
		t.Errorf("a job without: %d", w.Code)
	}
}

// TestNamesAreNeverHTML names everything that a person can name a script.
func TestNamesAreNeverHTML(t *testing.T) {
	const hostile = `"><script>window.hit=1</script>`
	h := newHouse(t).as(ownerID)
	h.accounts.users[0].Name, h.accounts.users[1].Name, h.accounts.users[1].Issuer = hostile, hostile, hostile
	h.accounts.provider, h.accounts.pending[ownerID] = hostile, hostile
	h.accounts.keys = []models.APIKey{{ID: keyID, Name: hostile, Scopes: models.Scopes{hostile}, CreatedBy: hostile, UsedFrom: hostile, UsedAt: &testNow, CreatedAt: testNow}}
	h.secrets.stored = []models.StoredSecret{{Name: hostile, SetBy: hostile, CreatedAt: testNow}}
	h.secrets.uses = map[string][]string{hostile: {hostile}, "other": {hostile}}
	h.kits.kit.Label, h.kits.kit.Text, h.kits.kit.FileName = hostile, hostile, hostile
	h.accounts.audit = []models.AuditEntry{{ID: keyID, At: testNow, Kind: hostile, Actor: hostile, Action: hostile, Subject: hostile, Outcome: hostile, Detail: hostile, Address: hostile, Agent: hostile}}
	h.accounts.begin(h.accounts.users[0], false, hostile, models.Client{Address: hostile, Agent: hostile})
	h.accounts.invitations["new"] = operatorID
	answers := map[string]string{}
	for _, path := range []string{"/account", "/account/second-factor", "/settings/users", "/settings/keys", "/settings/secrets", "/settings/audit", "/jobs/" + jobID + "/kit", "/claim?token=new"} {
		answers[path] = h.get(path).Body.String()
	}
	answers["a user that is refused"] = h.post("/settings/users", "name", hostile, "role", "x").Body.String()
	answers["a key that is refused"] = h.post("/settings/keys", "name", hostile, "expires", hostile).Body.String()
	answers["a secret that is refused"] = h.post("/settings/secrets", "name", hostile).Body.String()
	h.cookies = map[string]string{}
	answers["a sign-in"] = h.post("/sign-in", "name", hostile, "next", hostile).Body.String()
	answers["an audit filter"] = h.as(ownerID).get("/settings/audit?since=" + "%22%3E%3Cscript%3E").Body.String()
	for where, body := range answers {
		if strings.Contains(body, "<script>") {
			t.Errorf("%s: a name is HTML", where)
		}
		if !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s does not show the name at all: %.2000s", where, body)
		}
	}
}
