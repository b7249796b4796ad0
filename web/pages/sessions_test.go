package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestSignInByPassword(t *testing.T) {
	h := newHouse(t)
	p := wantPage(t, h.get("/sign-in?next=/backups%3Fstatus%3Dfailed"), http.StatusOK, "Sign in", "Password")
	if got := p.value(t, "next"); got != "/backups?status=failed" {
		t.Errorf("next is %q", got)
	}
	if len(p.all("nav", "", "")) > 0 || strings.Contains(p.words(), "Sign in with") {
		t.Error("a stranger is shown navigation, or a provider that there is not")
	}
	wantTo(t, h.post("/sign-in", "name", " Ada ", "password", password, "next", "/backups?status=failed"), "/backups?status=failed")
	if h.accounts.sessions[h.cookies["backupman"]].UserID != ownerID {
		t.Fatalf("the browser shows %v", h.cookies)
	}
	if h.actor.ID != ownerID || h.noted.Subject != "user ada" || h.noted.Detail != "with password" {
		t.Errorf("recorded as %+v by %+v", h.noted, h.actor)
	}
	wantTo(t, h.get("/sign-in?next=/drives"), "/drives")
	wantTo(t, h.post("/sign-out"), "/sign-in?signed-out=true")
	if len(h.cookies) != 0 || len(h.accounts.sessions) != 0 {
		t.Errorf("left are %v and %v", h.cookies, h.accounts.sessions)
	}
	wantPage(t, h.get("/sign-in?signed-out=true"), http.StatusOK, "You are signed out.")
}

func TestASignInEndsTheSessionThatTheBrowserShowedBefore(t *testing.T) {
	h := newHouse(t).as(operatorID)
	planted := h.cookies["backupman"]
	wantTo(t, h.post("/sign-in", "name", "ada", "password", password), "/")
	if _, left := h.accounts.sessions[planted]; left || h.cookies["backupman"] == planted {
		t.Error("a session that somebody else may know goes on")
	}
}

func TestSignInThatIsRefused(t *testing.T) {
	h := newHouse(t)
	p := wantPage(t, h.post("/sign-in", "name", "ada", "password", "wr0ng", "next", "//evil.example"), http.StatusUnauthorized, "You are not signed in", "The name or the password is wrong.")
	if p.value(t, "name") != "ada" || p.value(t, "password") != "" || p.value(t, "next") != "/" {
		t.Errorf("the form holds %q, %q, %q", p.value(t, "name"), p.value(t, "password"), p.value(t, "next"))
	}
	if h.noted.Subject != "user ada" || h.noted.ID != ownerID || h.noted.Refused == "" {
		t.Errorf("noted %+v", h.noted)
	}
	w := h.post("/sign-in", "name", "pasted-passw0rd", "password", "")
	wantPage(t, w, http.StatusUnauthorized)
	if h.noted.Subject != "" || h.noted.Refused == "" {
		t.Errorf("what is the name of no account was noted: %+v", h.noted)
	}
	h.post("/sign-in", "name", "ada", "password", "x")
	wantPage(t, h.post("/sign-in", "name", "ada", "password", password), http.StatusTooManyRequests, "Too many tries have failed for this account: try again in 5 minutes.")
	if len(h.cookies) != 0 {
		t.Errorf("the browser shows %v", h.cookies)
	}
	h.accounts.failing = errors.New("the database is away")
	if w := h.post("/sign-in", "name", "ada", "password", password); w.Code != http.StatusInternalServerError {
		t.Errorf("an error of the server's own is told as %d", w.Code)
	}
}

func TestSignInWithASecondFactor(t *testing.T) {
	h := newHouse(t)
	h.accounts.users[0].TOTPAt = &testNow
	wantTo(t, h.get("/sign-in/code?next=/drives"), "/sign-in?next=%2Fdrives")
	wantTo(t, h.post("/sign-in", "name", "ada", "password", password, "next", "/drives"), "/sign-in/code?next=%2Fdrives")
	if h.actor.Kind != models.ActorNobody {
		t.Errorf("half a session is %+v", h.actor)
	}
	half := h.cookies["backupman"]
	if w := h.get("/account"); w.Code != http.StatusNotFound {
		t.Errorf("half a session opens the account: %d", w.Code)
	}
	p := wantPage(t, h.get("/sign-in/code?next=/drives"), http.StatusOK, "One more step", "ada")
	if p.value(t, "next") != "/drives" {
		t.Errorf("next is %q", p.value(t, "next"))
	}
	p = wantPage(t, h.post("/sign-in/code", "code", "000000", "next", "/drives"), http.StatusUnauthorized, "The code is wrong, or was used before.")
	if p.value(t, "code") != "" || p.value(t, "next") != "/drives" || h.noted.Refused == "" {
		t.Errorf("asked again with %q, noted %+v", p.value(t, "code"), h.noted)
	}
	wantTo(t, h.post("/sign-in/code", "code", code, "next", "/drives"), "/drives")
	if h.cookies["backupman"] == half || h.actor.ID != ownerID {
		t.Errorf("the whole session is shown as the half one, by %+v", h.actor)
	}
	wantTo(t, h.get("/sign-in/code"), "/sign-in")
}

func TestACodeThatComesTooLateAsksForThePasswordAgain(t *testing.T) {
	h := newHouse(t)
	h.accounts.users[0].TOTPAt = &testNow
	h.post("/sign-in", "name", "ada", "password", password)
	clear(h.accounts.sessions)
	p := wantPage(t, h.post("/sign-in/code", "code", code, "next", "/drives"), http.StatusUnauthorized, "The time for the code is over: sign in again.")
	if p.value(t, "next") != "/drives" || len(p.all("input", "name", "password")) != 1 {
		t.Error("the password is not asked for")
	}
}

func TestSignInWithTheProvider(t *testing.T) {
	h := newHouse(t)
	h.accounts.provider = "Example ID"
	wantPage(t, h.get("/sign-in"), http.StatusOK, "Sign in with Example ID")
	p := wantPage(t, h.post("/sign-in/provider", "next", "/drives"), http.StatusOK, "Go on to Example ID")
	const away = "https://id.example/authorize?redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fsign-in%2Fprovider%2Fback"
	if len(p.all("a", "href", away)) != 1 || len(p.all("meta", "content", "0;url="+away)) != 1 {
		t.Error("the page does not lead to the provider")
	}
	if got, _ := url.QueryUnescape(h.cookies["backupman-state"]); !strings.Contains(got, "sealed") {
		t.Errorf("the browser keeps %v", h.cookies)
	}
	h.cookies["backupman-state"] = "sealed /drives"
	wantTo(t, h.get("/sign-in/provider/back?code=good&state=x"), "/drives")
	if h.cookies["backupman"] == "" || h.cookies["backupman-state"] != "" {
		t.Errorf("the browser shows %v", h.cookies)
	}
	delete(h.cookies, "backupman")
	wantPage(t, h.get("/sign-in/provider/back?error=%3Cscript%3E&code=good"), http.StatusUnauthorized, "The identity provider did not let you in.")
}

func TestTheProviderCannotLeadElsewhere(t *testing.T) {
	h := newHouse(t)
	h.cookies["backupman-state"] = "sealed //evil.example"
	wantTo(t, h.get("/sign-in/provider/back?code=good"), "/")
}

func TestClaim(t *testing.T) {
	h := newHouse(t)
	h.accounts.users = nil
	h.accounts.invitations["first"] = ""
	wantPage(t, h.get("/sign-in"), http.StatusOK, "This server has no owner yet", "backupman claim")
	p := wantPage(t, h.get("/claim?token=first"), http.StatusOK, "Make this server yours")
	if p.value(t, "token") != "first" {
		t.Errorf("the token is %q", p.value(t, "token"))
	}
	p = wantPage(t, h.post("/claim", "token", "first", "name", "grace", "password", "short", "again", "short"), http.StatusBadRequest, "The password is too short.")
	if p.value(t, "name") != "grace" || p.value(t, "password") != "" {
		t.Error("the name is not kept, or the password is")
	}
	wantPage(t, h.post("/claim", "token", "first", "name", "grace", "password", password, "again", password+"r"), http.StatusBadRequest, "The two passwords are not the same")
	wantTo(t, h.post("/claim?token=first", "name", "grace", "password", password, "again", password), "/")
	if h.actor.Name != "grace" || h.cookies["backupman"] == "" {
		t.Errorf("signed in is %+v", h.actor)
	}
	wantPage(t, h.get("/claim?token=first"), http.StatusNotFound, "This link does not work", "The invitation was used, replaced, or has ended.")
	wantPage(t, h.post("/claim", "token", "first", "name", "eve", "password", password, "again", password), http.StatusNotFound, "This link does not work")
}

func TestAnInvitedPersonChoosesAPassword(t *testing.T) {
	h := newHouse(t)
	h.accounts.users = append(h.accounts.users, models.User{ID: invitedID, Name: "alan", Role: models.RoleViewer, CreatedAt: testNow})
	h.accounts.invitations["new"], h.accounts.invitations["again"] = invitedID, operatorID
	p := wantPage(t, h.get("/claim?token=new"), http.StatusOK, "Welcome, alan", "You were invited as viewer")
	if len(p.all("input", "autocomplete", "new-password")) != 2 {
		t.Error("password managers are not told of a new password")
	}
	wantTo(t, h.post("/claim", "token", "new", "name", "somebody else", "password", password, "again", password), "/")
	if h.actor.Name != "alan" {
		t.Errorf("signed in is %+v", h.actor)
	}
	h.accounts.users[1].TOTPAt = &testNow
	wantPage(t, h.get("/claim?token=again"), http.StatusOK, "Choose a new password", "grace")
	wantTo(t, h.post("/claim", "token", "again", "password", password, "again", password), "/sign-in/code")
}

func TestWithoutAccountsThereIsNothingToSignInTo(t *testing.T) {
	h := newHouse(t)
	h.pages.Accounts = nil
	wantTo(t, h.get("/sign-in"), "/")
	for _, path := range []string{"/claim?token=x", "/account", "/sign-in/code", "/settings/users", "/settings/keys", "/settings/secrets", "/settings/audit", "/settings/audit/export"} {
		if w := h.get(path); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "accounts are switched off") {
			t.Errorf("%s: status %d: %s", path, w.Code, w.Body)
		}
	}
}
