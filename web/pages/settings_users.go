package pages

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/settings"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/origin"
)

// settingsPage is a page of the settings.
func (h *Handlers) settingsPage(title string) layout.Page { return h.page(title, layout.SettingsPath) }

// UserList answers GET /settings/users.
func (h *Handlers) UserList(c *gin.Context) error {
	return h.showUsers(c, http.StatusOK, settings.UserFacts{})
}

func (h *Handlers) showUsers(c *gin.Context, status int, f settings.UserFacts) (err error) {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	if f.Users, err = h.Accounts.Users(c.Request.Context()); err != nil {
		return err
	}
	f.You = identity.Of(c).ID
	return Render(c, status, settings.ShowUsers(settings.NewUsersView(h.settingsPage("Users"), f, h.Now())))
}

// InviteUser answers POST /settings/users with the link of the invitation, once.
func (h *Handlers) InviteUser(c *gin.Context) error {
	if err := h.peopleForm(c); err != nil {
		return err
	}
	typed := settings.Invited{Name: strings.TrimSpace(field(c, "name")), Role: models.Role(field(c, "role"))}
	user, token, err := h.Accounts.InviteUser(c.Request.Context(), typed.Name, typed.Role)
	if why, refused := refusal(c, err); refused {
		return h.showUsers(c, faultStatus(why), settings.UserFacts{Invited: typed, Problem: why.Sentence})
	}
	if err != nil {
		return err
	}
	noteUser(c, user, "as "+string(user.Role))
	return h.showUsers(c, http.StatusOK, settings.UserFacts{Fresh: &settings.Invitation{Name: user.Name, Link: h.claimLink(c, token)}})
}

// claimLink is the address with which an invitation is used.
func (h *Handlers) claimLink(c *gin.Context, token models.Secret) string {
	return origin.Of(c.Request, h.AppURL, h.Proxies) + "/claim?" + url.Values{"token": {token.Reveal()}}.Encode()
}

// changeUser does something to the account of the address, and leads back to the list.
func (h *Handlers) changeUser(c *gin.Context, do func(id string) (models.User, string, error)) error {
	id, err := h.userID(c)
	if err != nil {
		return err
	}
	user, detail, err := do(id)
	if why, refused := refusal(c, err); refused {
		return h.showUsers(c, faultStatus(why), settings.UserFacts{About: id, Problem: why.Sentence})
	}
	if err != nil {
		return err
	}
	noteUser(c, user, detail)
	return seeOther(c, settings.UsersPath+"#user-"+id)
}

// userID returns the account of the address, and reads the form.
func (h *Handlers) userID(c *gin.Context) (string, error) {
	if h.Accounts == nil {
		return "", errNoAccounts()
	}
	id, err := pathID(c)
	if err != nil {
		return "", err
	}
	return id, form(c)
}

// SetUserRole answers POST /settings/users/:id/role.
func (h *Handlers) SetUserRole(c *gin.Context) error {
	return h.changeUser(c, func(id string) (models.User, string, error) {
		role := models.Role(field(c, "role"))
		user, err := h.Accounts.SetRole(c.Request.Context(), id, role)
		return user, "to " + string(role), err
	})
}

// DisableUser answers POST /settings/users/:id/disable.
func (h *Handlers) DisableUser(c *gin.Context) error { return h.setDisabled(c, true) }

// EnableUser answers POST /settings/users/:id/enable.
func (h *Handlers) EnableUser(c *gin.Context) error { return h.setDisabled(c, false) }

func (h *Handlers) setDisabled(c *gin.Context, disabled bool) error {
	return h.changeUser(c, func(id string) (models.User, string, error) {
		user, err := h.Accounts.SetDisabled(c.Request.Context(), id, disabled)
		return user, "", err
	})
}

// RemoveUser answers POST /settings/users/:id/remove.
func (h *Handlers) RemoveUser(c *gin.Context) error {
	return h.changeUser(c, func(id string) (models.User, string, error) {
		user, err := h.Accounts.RemoveUser(c.Request.Context(), id)
		return user, "", err
	})
}

// ReinviteUser answers POST /settings/users/:id/invite with the link of a new invitation,
// once.
func (h *Handlers) ReinviteUser(c *gin.Context) error {
	id, err := h.userID(c)
	if err != nil {
		return err
	}
	without := field(c, "without_second_factor") == "true"
	user, token, err := h.Accounts.Reinvite(c.Request.Context(), id, without)
	if why, refused := refusal(c, err); refused {
		return h.showUsers(c, faultStatus(why), settings.UserFacts{About: id, Problem: why.Sentence})
	}
	if err != nil {
		return err
	}
	detail := ""
	if without {
		detail = "without the second factor"
	}
	noteUser(c, user, detail)
	fresh := &settings.Invitation{Name: user.Name, Link: h.claimLink(c, token), Again: true}
	if identity.Of(c).ID == id {
		// The sessions of the account have ended, this one included: the link is all there is.
		return Render(c, http.StatusOK, settings.ShowUsers(settings.UsersView{Page: h.settingsPage("Users"), Fresh: fresh, Gone: true}))
	}
	return h.showUsers(c, http.StatusOK, settings.UserFacts{Fresh: fresh})
}
