package pages

import (
	"net/http"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestTheOwnAccount(t *testing.T) {
	h := newHouse(t).as(operatorID)
	h.accounts.begin(h.accounts.users[1], false, "link", models.Client{Address: "203.0.113.9", Agent: "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0"})
	p := wantPage(t, h.get("/account"), http.StatusOK, "grace", "operator: you may see everything", "Firefox on Linux", "This browser", "Edge on Windows", "203.0.113.9", "with an invitation")
	if got := len(p.all("form", "action", "")); got == 0 {
		t.Fatal("there are no forms")
	}
	for _, s := range h.accounts.sessions {
		here := h.accounts.sessions[h.cookies["backupman"]].ID == s.ID
		if got := len(p.all("form", "action", "/account/sessions/"+s.ID+"/end")); got != map[bool]int{true: 0, false: 1}[here] {
			t.Errorf("a session has %d buttons, here: %v", got, here)
		}
	}
}

func TestChangeThePassword(t *testing.T) {
	h := newHouse(t).as(operatorID)
	h.accounts.begin(h.accounts.users[1], false, "password", models.Client{})
	w := h.post("/account/password", "password", "wr0ng passw0rd", "fresh", "another long one", "again", "another long one")
	wantPage(t, w, http.StatusUnauthorized, "The password was not changed", "This is not your password.")
	if strings.Contains(w.Body.String(), "wr0ng passw0rd") || strings.Contains(w.Body.String(), "another long one") {
		t.Error("a password was sent back")
	}
	wantPage(t, h.post("/account/password", "password", password, "fresh", "another long one", "again", "something else"), http.StatusBadRequest, "The two passwords are not the same")
	wantTo(t, h.post("/account/password", "password", password, "fresh", "another long one", "again", "another long one"), "/account?done=password")
	if h.accounts.passwords[operatorID] != "another long one" || len(h.accounts.sessions) != 1 {
		t.Errorf("the password is %q in %d sessions", h.accounts.passwords[operatorID], len(h.accounts.sessions))
	}
	wantPage(t, h.get("/account?done=password"), http.StatusOK, "Your password was changed.")
	if p := wantPage(t, h.get("/account?done=%3Cb%3E"), http.StatusOK); len(p.all("", "id", "done")) != 0 {
		t.Error("an address can say what was done")
	}
}

func TestSetUpTheSecondFactor(t *testing.T) {
	h := newHouse(t).as(ownerID)
	wantTo(t, h.get("/account/second-factor"), "/account")
	wantPage(t, h.post("/account/second-factor", "password", "wrong"), http.StatusUnauthorized, "It was not begun")
	wantTo(t, h.post("/account/second-factor", "password", password), "/account/second-factor")
	p := wantPage(t, h.get("/account/second-factor"), http.StatusOK, "JBSW Y3DP EHPK 3PXP")
	if len(p.all("img", "src", "data:image/png;base64,UE5H")) != 1 {
		t.Error("there is no QR code")
	}
	wantPage(t, h.post("/account/second-factor/confirm", "code", "000000"), http.StatusBadRequest, "The code is not one of this secret.")
	w := h.post("/account/second-factor/confirm", "code", code)
	p = wantPage(t, w, http.StatusOK, "They are shown this once.", "aaaa-bbbb", "cccc-dddd")
	if len(p.all("button", "data-print", "")) != 1 {
		t.Error("the codes can't be printed")
	}
	if w := h.get("/account"); strings.Contains(w.Body.String(), "aaaa-bbbb") {
		t.Error("the codes are shown again")
	}
	wantPage(t, h.get("/account"), http.StatusOK, "2 recovery codes are left")
	wantPage(t, h.post("/account/recovery-codes", "password", "wrong"), http.StatusUnauthorized, "This is not your password.")
	wantPage(t, h.post("/account/recovery-codes", "password", password), http.StatusOK, "eeee-ffff")
	wantPage(t, h.post("/account/second-factor/remove", "password", "wrong"), http.StatusUnauthorized, "This is not your password.")
	wantTo(t, h.post("/account/second-factor/remove", "password", password), "/account?done=removed")
	if h.accounts.users[0].TOTPAt != nil {
		t.Error("the second factor is still on")
	}
}

func TestEndSessions(t *testing.T) {
	h := newHouse(t).as(operatorID)
	other := h.accounts.begin(h.accounts.users[1], false, "password", models.Client{})
	foreign := h.accounts.begin(h.accounts.users[0], false, "password", models.Client{})
	if w := h.post("/account/sessions/" + foreign.Session.ID + "/end"); w.Code != http.StatusNotFound {
		t.Errorf("the session of somebody else: status %d", w.Code)
	}
	if w := h.post("/account/sessions/x/end"); w.Code != http.StatusBadRequest {
		t.Errorf("what is no id: status %d", w.Code)
	}
	wantTo(t, h.post("/account/sessions/"+other.Session.ID+"/end"), "/account?done=ended")
	h.accounts.begin(h.accounts.users[1], false, "password", models.Client{})
	wantTo(t, h.post("/account/sessions/end"), "/account?done=others")
	if len(h.accounts.sessions) != 2 {
		t.Errorf("%d sessions are left", len(h.accounts.sessions))
	}
	wantPage(t, h.get("/account?done=others"), http.StatusOK, "All other browsers were signed out.")
}

func TestWhoIsVouchedForHasNoPasswordHere(t *testing.T) {
	h := newHouse(t).as(operatorID)
	h.accounts.provider = "Example ID"
	sum := "sum"
	h.accounts.users[1].PasswordHash, h.accounts.users[1].External = "", &sum
	p := wantPage(t, h.get("/account"), http.StatusOK, "You sign in with Example ID")
	if len(p.all("input", "type", "password")) != 0 {
		t.Error("a password is asked for that there is not")
	}
}
