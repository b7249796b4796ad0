package web

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// codeNow is what an authenticator shows: RFC 6238.
func codeNow(t *testing.T, secret string, now time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	must(t, err)
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, now.Unix()/30)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
}

// form sends a form with a cookie, and returns the answer and the cookie that comes with it.
func (r *realSite) form(t *testing.T, path, cookie string, fields url.Values) (*httptest.ResponseRecorder, string) {
	t.Helper()
	w := r.ask(t, http.MethodPost, path, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Cookie", "backupman="+cookie)
	for _, c := range w.Result().Cookies() {
		if c.Name == "backupman" {
			return w, c.Value
		}
	}
	return w, ""
}

// withSecondFactor switches the owner's second factor on, and returns a recovery code.
func (r *realSite) withSecondFactor(t *testing.T, password string) string {
	t.Helper()
	owner, err := r.accounts.UserByName(t.Context(), "ada")
	must(t, err)
	must(t, r.accounts.StartTOTP(t.Context(), owner.ID, models.NewSecret(password)))
	pending, err := r.accounts.PendingTOTP(t.Context(), owner.ID)
	must(t, err)
	codes, err := r.accounts.ConfirmTOTP(t.Context(), owner.ID, models.NewSecret(codeNow(t, pending.Secret, time.Now())))
	must(t, err)
	return codes[0]
}

// TestSignInWithBothFactors goes through the pages as a browser does, over real accounts.
func TestSignInWithBothFactors(t *testing.T) {
	const password = "four words beside each other"
	r := newRealSite(t)
	code := r.withSecondFactor(t, password)
	w, half := r.form(t, "/sign-in", "", url.Values{"name": {"ada"}, "password": {password}, "next": {"/drives"}})
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/sign-in/code?next=%2Fdrives" || half == "" {
		t.Fatalf("the password leads to %q: status %d", got, w.Code)
	}
	if w := r.get(t, "/sign-in/code?next=%2Fdrives", "Cookie", "backupman="+half); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `name="code"`) {
		t.Fatalf("the code is not asked for: status %d, to %q", w.Code, w.Header().Get("Location"))
	}
	for _, path := range []string{"/", "/account"} {
		if w := r.get(t, path, "Cookie", "backupman="+half); w.Code != http.StatusSeeOther {
			t.Errorf("%s opens with half a session: status %d", path, w.Code)
		}
	}
	if w := r.get(t, "/api/whoami", "Cookie", "backupman="+half); w.Code != http.StatusUnauthorized {
		t.Errorf("the API opens with half a session: status %d", w.Code)
	}
	w, _ = r.form(t, "/sign-in/code", half, url.Values{"code": {"aaaa-bbbb-cccc-dddd"}, "next": {"/drives"}})
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `name="code"`) || strings.Contains(w.Body.String(), `type="password"`) {
		t.Errorf("a wrong code: status %d, and it is not asked for again", w.Code)
	}
	w, whole := r.form(t, "/sign-in/code", half, url.Values{"code": {code}, "next": {"/drives"}})
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/drives" || whole == "" || whole == half {
		t.Fatalf("the code leads to %q: status %d", got, w.Code)
	}
	if w := r.get(t, "/account", "Cookie", "backupman="+whole); w.Code != http.StatusOK {
		t.Errorf("the session opens nothing: status %d", w.Code)
	}
	if w := r.get(t, "/sign-in/code", "Cookie", "backupman="+half); w.Code != http.StatusSeeOther {
		t.Errorf("half a session goes on after the code: status %d", w.Code)
	}
}
