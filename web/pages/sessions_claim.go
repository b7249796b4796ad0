package pages

import (
	"cmp"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/signin"
	"github.com/backupman/backupman/web/identity"
)

// Invitation answers GET /claim: the page on which the first owner, or somebody who was
// invited, chooses a password.
func (h *Handlers) Invitation(c *gin.Context) error {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	return h.showClaim(c, c.Query("token"), "", nil)
}

// showClaim shows the form of an invitation, or that it is none any more.
func (h *Handlers) showClaim(c *gin.Context, token, name string, problem *models.Fault) error {
	user, err := h.Accounts.Invited(c.Request.Context(), token)
	if why, refused := refusal(c, err); refused {
		return Render(c, faultStatus(why), signin.ShowSpent(layout.Page{Title: "This link does not work"}, human.Sentence(why.Sentence)))
	}
	if err != nil {
		return err
	}
	noteUser(c, user, "")
	Plain(c) // the form holds the token
	v := signin.ClaimView{Page: layout.Page{Title: "Choose a password"}, Token: token, First: user.ID == "", Name: user.Name, Role: string(user.Role), Again: user.PasswordHash != ""}
	if v.First {
		v.Name = name
	}
	status := http.StatusOK
	if problem != nil {
		identity.NoteRefusal(c, problem.Sentence)
		status, v.Problem = faultStatus(problem), human.Sentence(problem.Sentence)
	}
	return Render(c, status, signin.ShowClaim(v))
}

// AcceptInvitation answers POST /claim: it uses the invitation and signs the person in.
func (h *Handlers) AcceptInvitation(c *gin.Context) error {
	if err := h.peopleForm(c); err != nil {
		return err
	}
	token, name, password := cmp.Or(field(c, "token"), c.Query("token")), field(c, "name"), secretField(c, "password")
	err := sameTwice(password, secretField(c, "again"))
	var in models.SignedIn
	if err == nil {
		in, err = h.Accounts.Accept(c.Request.Context(), token, name, password, h.client(c))
	}
	if why, refused := refusal(c, err); refused {
		return h.showClaim(c, token, name, why)
	}
	if err != nil {
		return err
	}
	return h.enter(c, in, "/")
}
