package cookies

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/origin"
)

func context(cookies ...*http.Cookie) (*gin.Context, *httptest.ResponseRecorder) {
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodPost, "http://localhost:8080/sign-in", nil)
	c.Request.RemoteAddr = "127.0.0.1:4711"
	for _, cookie := range cookies {
		c.Request.AddCookie(cookie)
	}
	return c, w
}

func only(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	all := w.Result().Cookies()
	if len(all) != 1 {
		t.Fatalf("%d cookies were set", len(all))
	}
	return all[0]
}

func signedIn() models.SignedIn {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return models.SignedIn{Token: models.NewSecret("t0ken"), Session: models.Session{CreatedAt: at, ExpiresAt: at.Add(12 * time.Hour)}}
}

func TestTheCookieFollowsTheAddress(t *testing.T) {
	here := origin.Proxies{netip.MustParsePrefix("127.0.0.1/32")}
	for name, c := range map[string]struct {
		jar    Jar
		proto  string
		name   string
		secure bool
	}{
		"http":                      {Jar{}, "", "backupman", false},
		"forged https":              {Jar{}, "https", "backupman", false},
		"https through a proxy":     {Jar{Proxies: here}, "https", "__Host-backupman", true},
		"http through a proxy":      {Jar{AppURL: "https://b.example", Proxies: here}, "http", "backupman", false},
		"https as it is configured": {Jar{AppURL: "https://b.example"}, "", "__Host-backupman", true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, w := context()
			if c.proto != "" {
				ctx.Request.Header.Set("X-Forwarded-Proto", c.proto)
			}
			c.jar.SetSession(ctx, signedIn())
			got := only(t, w)
			if got.Name != c.name || got.Secure != c.secure || got.Value != "t0ken" {
				t.Errorf("the cookie is %s", got)
			}
			if !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.Path != "/" || got.Domain != "" || got.MaxAge != 12*60*60 {
				t.Errorf("the cookie is %s", got)
			}
		})
	}
}

func TestASessionIsRead(t *testing.T) {
	plain, prefixed := &http.Cookie{Name: "backupman", Value: "plain"}, &http.Cookie{Name: "__Host-backupman", Value: "prefixed"}
	https := Jar{AppURL: "https://b.example"}
	for name, c := range map[string]struct {
		jar     Jar
		cookies []*http.Cookie
		want    string
	}{
		"none":                                {Jar{}, nil, ""},
		"over http":                           {Jar{}, []*http.Cookie{plain}, "plain"},
		"over https":                          {https, []*http.Cookie{prefixed}, "prefixed"},
		"one without the prefix over https":   {https, []*http.Cookie{plain}, ""},
		"one of a neighbour beside the right": {https, []*http.Cookie{plain, prefixed}, "prefixed"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := context(c.cookies...)
			if got := c.jar.Session(ctx); got != c.want {
				t.Errorf("the session is %q, want %q", got, c.want)
			}
		})
	}
}

func TestASessionIsForgotten(t *testing.T) {
	ctx, w := context()
	Jar{}.ClearSession(ctx)
	if got := only(t, w); got.Name != "backupman" || got.MaxAge >= 0 || got.Value != "" {
		t.Errorf("the cookie is %s", got)
	}
}

func TestAStateIsTakenOnce(t *testing.T) {
	ctx, w := context()
	Jar{}.SetState(ctx, "s3aled")
	kept := only(t, w)
	if kept.MaxAge != 600 || !kept.HttpOnly || kept.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %s", kept)
	}
	ctx, w = context(kept)
	if got := (Jar{}).TakeState(ctx); got != "s3aled" {
		t.Errorf("the state is %q", got)
	}
	if got := only(t, w); got.Name != kept.Name || got.MaxAge >= 0 {
		t.Errorf("the cookie is then %s", got)
	}
	ctx, w = context()
	if got := (Jar{}).TakeState(ctx); got != "" || len(w.Result().Cookies()) != 0 {
		t.Errorf("without one: %q", got)
	}
}
