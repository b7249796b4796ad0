package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/signin"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/origin"
)

const (
	signInPath = "/sign-in"
	codePath   = "/sign-in/code"
	// signedOutParameter says on the sign-in that somebody has just signed out.
	signedOutParameter = "signed-out"
)

// SignInPage answers GET /sign-in. Who is signed in already is led on.
func (h *Handlers) SignInPage(c *gin.Context) error {
	next := localPath(c.Query("next"))
	if h.Accounts == nil || identity.Of(c).Kind == models.ActorUser {
		return seeOther(c, next)
	}
	claimed, err := h.Accounts.Claimed(c.Request.Context())
	if err != nil {
		return err
	}
	if !claimed {
		return Render(c, http.StatusOK, signin.ShowUnclaimed(layout.Page{Title: "No owner yet"}))
	}
	return h.showSignIn(c, http.StatusOK, signin.View{Next: next, SignedOut: c.Query(signedOutParameter) != ""})
}

func (h *Handlers) showSignIn(c *gin.Context, status int, v signin.View) error {
	v.Page, v.Provider = layout.Page{Title: "Sign in"}, h.Accounts.Provider()
	return Render(c, status, signin.Show(v))
}

// SignIn answers POST /sign-in. What is refused is said on the form, which keeps the name.
func (h *Handlers) SignIn(c *gin.Context) error {
	if err := h.peopleForm(c); err != nil {
		return err
	}
	name, next := strings.TrimSpace(field(c, "name")), localPath(field(c, "next"))
	in, err := h.Accounts.SignIn(c.Request.Context(), name, secretField(c, "password"), h.client(c))
	if why, refused := refusal(c, err); refused {
		h.noteAccount(c, name, why)
		return h.showSignIn(c, faultStatus(why), signin.View{Name: name, Next: next, Problem: human.Sentence(why.Sentence)})
	}
	if err != nil {
		return err
	}
	return h.enter(c, in, next)
}

// client is where a request comes from.
func (h *Handlers) client(c *gin.Context) models.Client { return origin.Client(c.Request, h.Proxies) }

// noteAccount notes whose account somebody tried to sign in to. What is the name of no
// account is not written down: it may be a password that was typed into the wrong field.
// All accounts are asked for, so that the time tells nothing about one.
func (h *Handlers) noteAccount(c *gin.Context, name string, why *models.Fault) {
	if errors.Is(why, models.ErrTooMany) {
		return // many come at once, and the tries before were written down
	}
	users, err := h.Accounts.Users(c.Request.Context())
	if err != nil {
		return // the entry then names no account
	}
	for _, u := range users {
		if strings.EqualFold(u.Name, name) {
			noteUser(c, u, "")
		}
	}
}

// enter lets the browser show a session that has begun, ends the one that it showed
// before, and leads on: to the page that was wanted, or to the second step.
func (h *Handlers) enter(c *gin.Context, in models.SignedIn, next string) error {
	if before := h.Cookies.Session(c); before != "" {
		if err := h.Accounts.SignOut(c.Request.Context(), before); err != nil {
			return err
		}
	}
	h.Cookies.SetSession(c, in)
	if in.Session.Half {
		noteUser(c, in.User, "the code is still missing")
		return seeOther(c, withNext(codePath, next))
	}
	identity.Set(c, models.Actor{
		Kind: models.ActorUser, ID: in.User.ID, Name: in.User.Name, Role: in.User.Role, Scopes: in.User.Role.Scopes(), SessionID: in.Session.ID, Client: h.client(c),
	})
	noteUser(c, in.User, "with "+in.Session.Method)
	return seeOther(c, localPath(next))
}

// SignOut answers POST /sign-out: it ends the session of this browser, also half a one.
func (h *Handlers) SignOut(c *gin.Context) error {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	if token := h.Cookies.Session(c); token != "" {
		if err := h.Accounts.SignOut(c.Request.Context(), token); err != nil {
			return err
		}
	}
	h.Cookies.ClearSession(c)
	return seeOther(c, signInPath+"?"+signedOutParameter+"=true")
}
