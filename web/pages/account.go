package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/account"
	"github.com/backupman/backupman/web/identity"
)

// accountDone is what can be said to have been done on the account's page.
var accountDone = map[string]string{
	"password": "Your password was changed. All other browsers were signed out.",
	"removed":  "The second factor is off.",
	"ended":    "That browser was signed out.",
	"others":   "All other browsers were signed out.",
}

// noteUser notes an account that something is done to.
func noteUser(c *gin.Context, u models.User, detail string) { noteNamed(c, u.Name, u.ID, detail) }

func noteNamed(c *gin.Context, name, id, detail string) {
	if name != "" {
		identity.Note(c, "user "+name, id, detail)
	}
}

// self returns who is signed in; models.ErrNotFound where accounts are switched off.
func (h *Handlers) self(c *gin.Context) (models.Actor, error) {
	actor := identity.Of(c)
	if h.Accounts == nil || actor.Kind != models.ActorUser {
		return actor, errNoAccounts()
	}
	return actor, nil
}

// Account answers GET /account.
func (h *Handlers) Account(c *gin.Context) error {
	return h.showAccount(c, http.StatusOK, account.Facts{Done: accountDone[c.Query("done")]})
}

// showAccount shows the page; f says what became of a form.
func (h *Handlers) showAccount(c *gin.Context, status int, f account.Facts) error {
	actor, err := h.self(c)
	if err != nil {
		return err
	}
	if f.User, err = h.Accounts.User(c.Request.Context(), actor.ID); err != nil {
		return err
	}
	if f.Sessions, err = h.Accounts.Sessions(c.Request.Context(), actor.ID); err != nil {
		return err
	}
	f.SessionID, f.Provider = actor.SessionID, h.Accounts.Provider()
	return Render(c, status, account.Show(account.NewView(h.page("Your account", account.Path), f, h.Now())))
}

// ownForm does what a form of the account's page asks for. Its error is told on the page.
func (h *Handlers) ownForm(c *gin.Context, which account.Form, do func(actor models.Actor) error) (done bool, err error) {
	actor, err := h.self(c)
	if err != nil {
		return false, err
	}
	if err = form(c); err != nil {
		return false, err
	}
	noteNamed(c, actor.Name, actor.ID, "")
	err = do(actor)
	if why, refused := refusal(c, err); refused {
		return false, h.showAccount(c, faultStatus(why), account.Facts{Refused: which, Problem: why.Sentence})
	}
	return err == nil, err
}

// ChangePassword answers POST /account/password.
func (h *Handlers) ChangePassword(c *gin.Context) error {
	done, err := h.ownForm(c, account.PasswordForm, func(actor models.Actor) error {
		fresh := secretField(c, "fresh")
		if err := sameTwice(fresh, secretField(c, "again")); err != nil {
			return err
		}
		return h.Accounts.ChangePassword(c.Request.Context(), actor.ID, actor.SessionID, secretField(c, "password"), fresh)
	})
	if !done {
		return err
	}
	return seeOther(c, account.Path+"?done=password")
}

// EndSession answers POST /account/sessions/:id/end.
func (h *Handlers) EndSession(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	actor, err := h.self(c)
	if err != nil {
		return err
	}
	if err := h.Accounts.EndSession(c.Request.Context(), actor.ID, id); err != nil {
		return err
	}
	return seeOther(c, account.Path+"?done=ended")
}

// EndSessions answers POST /account/sessions/end: it ends all but this browser's.
func (h *Handlers) EndSessions(c *gin.Context) error {
	actor, err := h.self(c)
	if err != nil {
		return err
	}
	if err := h.Accounts.EndSessions(c.Request.Context(), actor.ID, actor.SessionID); err != nil {
		return err
	}
	return seeOther(c, account.Path+"?done=others")
}
