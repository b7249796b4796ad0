package pages

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/net/html"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/static"
	"github.com/backupman/backupman/web/cookies"
	"github.com/backupman/backupman/web/identity"
)

const (
	jobID     = "0197c9a4-0000-7000-8000-000000000001"
	otherID   = "0197c9a4-0000-7000-8000-000000000002"
	unknownID = "0197c9a4-0000-7000-8000-0000000000ff"
)

// house is the pages about people over fakes, and a browser that keeps cookies.
type house struct {
	t        *testing.T
	accounts *fakeAccounts
	secrets  *fakeSecrets
	kits     *fakeKits
	pages    *Handlers
	engine   *gin.Engine
	cookies  map[string]string
	// refused is the sentence that the newest answer noted as a refusal, noted what it was about.
	noted identity.Noted
	actor models.Actor
}

func newHouse(t *testing.T) *house {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	h := &house{t: t, accounts: newAccounts(), cookies: map[string]string{}, engine: gin.New()}
	h.secrets = &fakeSecrets{values: map[string]string{}, uses: map[string][]string{}}
	h.kits = &fakeKits{kit: models.Kit{JobID: jobID, Label: "billing", FileName: "billing-kit.txt", Text: "RECOVERY KIT of billing", Encryption: models.Encryption{Recipients: []string{"age1" + strings.Repeat("q", 58)}}}}
	plans := fakePlans{jobs: []models.Job{{ID: jobID, Label: "billing"}, {ID: otherID, Label: "wiki"}}}
	h.pages = &Handlers{Accounts: h.accounts, Secrets: h.secrets, Kits: h.kits, Plans: plans, Cookies: cookies.Jar{}, Version: "test", Now: func() time.Time { return testNow }}
	h.route()
	return h
}

// route is the part of the table of routes that is about people.
func (h *house) route() {
	p := h.pages
	h.engine.Use(h.who)
	h.engine.GET(static.Prefix+"*name", gin.WrapH(static.Handler()))
	for path, do := range map[string]func(*gin.Context) error{
		"/sign-in": p.SignInPage, "/sign-in/code": p.CodePage, ProviderBack: p.EndProvider, "/claim": p.Invitation, "/account": p.Account, "/account/second-factor": p.PendingTOTP,
		"/settings/users": p.UserList, "/settings/keys": p.KeyList, "/settings/secrets": p.SecretList, "/settings/audit": p.AuditList, "/settings/audit/export": p.ExportAudit, "/jobs/:id/kit": p.Kit,
	} {
		h.engine.GET(path, h.do(do))
	}
	for path, do := range map[string]func(*gin.Context) error{
		"/sign-in": p.SignIn, "/sign-in/code": p.EnterCode, "/sign-in/provider": p.BeginProvider, "/sign-out": p.SignOut, "/claim": p.AcceptInvitation,
		"/account/password": p.ChangePassword, "/account/second-factor": p.StartTOTP, "/account/second-factor/confirm": p.ConfirmTOTP, "/account/second-factor/remove": p.RemoveTOTP,
		"/account/recovery-codes": p.NewRecoveryCodes, "/account/sessions/:id/end": p.EndSession, "/account/sessions/end": p.EndSessions,
		"/settings/users": p.InviteUser, "/settings/users/:id/role": p.SetUserRole, "/settings/users/:id/disable": p.DisableUser, "/settings/users/:id/enable": p.EnableUser,
		"/settings/users/:id/invite": p.ReinviteUser, "/settings/users/:id/remove": p.RemoveUser, "/settings/keys": p.CreateKey, "/settings/keys/:id/remove": p.RemoveKey,
		"/settings/secrets": p.SetSecret, "/settings/secrets/remove": p.RemoveSecret, "/jobs/:id/kit": p.TakeKit,
	} {
		h.engine.POST(path, h.do(do))
	}
}

// who finds out whose session the cookie is.
func (h *house) who(c *gin.Context) {
	actor := models.Actor{Kind: models.ActorNobody, Name: "nobody"}
	if u, s, err := h.accounts.Session(c, h.pages.Cookies.Session(c), models.Client{}); err == nil {
		actor = models.Actor{Kind: models.ActorUser, ID: u.ID, Name: u.Name, Role: u.Role, Scopes: u.Role.Scopes(), SessionID: s.ID}
	}
	identity.Set(c, actor)
}

func (h *house) do(handle func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := handle(c)
		h.noted, h.actor = identity.NotedOf(c), identity.Of(c)
		if err == nil {
			return
		}
		var why *models.Fault
		if !errors.As(err, &why) {
			why = &models.Fault{Kind: err, Sentence: "internal: " + err.Error()}
			c.String(http.StatusInternalServerError, "%s", why.Sentence)
			return
		}
		c.String(faultStatus(why), "%s", why.Sentence)
	}
}

// ask sends one request with the cookies that there are, and keeps those of the answer.
func (h *house) ask(method, path string, values url.Values) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, "http://localhost:8080"+path, strings.NewReader(values.Encode()))
	r.RemoteAddr = "127.0.0.1:4711"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range h.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	h.engine.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		h.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(h.cookies, c.Name)
		}
	}
	return w
}

func (h *house) get(path string) *httptest.ResponseRecorder {
	h.t.Helper()
	return h.ask(http.MethodGet, path, nil)
}

func (h *house) post(path string, pairs ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return h.ask(http.MethodPost, path, values)
}

// as signs somebody in.
func (h *house) as(id string) *house {
	h.t.Helper()
	u, err := h.accounts.User(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	in := h.accounts.begin(u, false, "password", models.Client{Address: "127.0.0.1", Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
	h.cookies["backupman"] = in.Token.Reveal()
	return h
}

// wantTo asserts that an answer leads on.
func wantTo(t *testing.T, w *httptest.ResponseRecorder, to string) {
	t.Helper()
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != to {
		t.Fatalf("status %d to %q, want %q: %s", w.Code, got, to, w.Body)
	}
}

// wantPage asserts a status and sentences of a page, and returns it.
func wantPage(t *testing.T, w *httptest.ResponseRecorder, status int, says ...string) page {
	t.Helper()
	p := newPage(t, w)
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, p.words())
	}
	for _, s := range says {
		if !strings.Contains(p.words(), s) {
			t.Errorf("the page does not say %q: %s", s, p.words())
		}
	}
	return p
}

// page is a page that was parsed.
type page struct{ root *html.Node }

func newPage(t *testing.T, w *httptest.ResponseRecorder) page {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return page{root}
}

// main is what the page shows beside its frame.
func (p page) main() *html.Node {
	if found := p.all("main", "", ""); len(found) == 1 {
		return found[0]
	}
	return p.root
}

func (p page) words() string {
	var b strings.Builder
	for n := range p.main().Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// all returns the elements of a tag with an attribute of a value; what is empty does not narrow.
func (p page) all(tag, name, value string) []*html.Node {
	var found []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && (tag == "" || n.Data == tag) && (name == "" || has(n, name, value)) {
			found = append(found, n)
		}
	}
	return found
}

func has(n *html.Node, name, value string) bool {
	for _, a := range n.Attr {
		if a.Key == name && (value == "" || a.Val == value) {
			return true
		}
	}
	return false
}

// value is what a field of the page holds.
func (p page) value(t *testing.T, name string) string {
	t.Helper()
	found := p.all("input", "name", name)
	if len(found) == 0 {
		t.Fatalf("there is no field %q", name)
	}
	for _, a := range found[0].Attr {
		if a.Key == "value" {
			return a.Val
		}
	}
	return ""
}
