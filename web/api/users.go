package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/origin"
)

// Users is the envelope of the list of accounts.
type Users struct {
	Results []User `json:"Results"`
}

// User is an account.
type User struct {
	ID   string `json:"Id"`
	Name string `json:"Name"`
	Role string `json:"Role"`
	// Issuer is the identity provider that vouches for the person; null for none.
	Issuer *string `json:"Issuer"`
	// HasPassword is false for somebody who has not used an invitation yet.
	HasPassword  bool `json:"HasPassword"`
	SecondFactor bool `json:"SecondFactor"`
	// SignedInAt is null for never, DisabledAt for an account that is not disabled.
	SignedInAt *time.Time `json:"SignedInAt"`
	DisabledAt *time.Time `json:"DisabledAt"`
	CreatedAt  time.Time  `json:"CreatedAt"`
}

// Invited is an account with the link that lets its person choose a password.
type Invited struct {
	User
	// Link is shown this once.
	Link string `json:"Link"`
}

// NewUser tells an account.
func NewUser(u models.User) User {
	return User{ID: u.ID, Name: u.Name, Role: string(u.Role), Issuer: orNull(u.Issuer), HasPassword: u.PasswordHash != "", SecondFactor: u.SecondFactor(),
		SignedInAt: known(u.SignedIn), DisabledAt: known(u.DisabledAt), CreatedAt: whole(u.CreatedAt)}
}

// ListUsers answers GET /api/users.
func (h *Handlers) ListUsers(c *gin.Context) error {
	found, err := h.Accounts.Users(c.Request.Context())
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewUsers(found))
	return nil
}

// NewInvited tells an account with the link of its invitation, this once.
func NewInvited(u models.User, link string) Invited {
	return Invited{User: NewUser(u), Link: link}
}

// NewUsers tells accounts.
func NewUsers(found []models.User) Users {
	told := Users{Results: make([]User, 0, len(found))}
	for _, u := range found {
		told.Results = append(told.Results, NewUser(u))
	}
	return told
}

type inviteRequest struct {
	Name string `json:"Name"`
	Role string `json:"Role"`
}

// InviteUser answers POST /api/users with the account and its invitation.
func (h *Handlers) InviteUser(c *gin.Context) error {
	var body inviteRequest
	if err := readObject(c.Request.Body, &body, `{"Name": "ada", "Role": "operator"}`); err != nil {
		return err
	}
	role, err := parseRole(body.Role)
	if err != nil {
		return err
	}
	u, token, err := h.Accounts.InviteUser(c.Request.Context(), body.Name, role)
	if err != nil {
		return err
	}
	noteUser(c, u, "as "+string(u.Role))
	return h.tellInvited(c, http.StatusCreated, u, token)
}

// ReinviteUser answers POST /api/users/:id/invite with a new invitation, which ends the
// person's sessions.
func (h *Handlers) ReinviteUser(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	var body struct {
		WithoutSecondFactor bool `json:"WithoutSecondFactor"`
	}
	if err := readObject(c.Request.Body, &body, `{"WithoutSecondFactor": true}`); err != nil {
		return err
	}
	u, token, err := h.Accounts.Reinvite(c.Request.Context(), id, body.WithoutSecondFactor)
	if err != nil {
		return err
	}
	detail := ""
	if body.WithoutSecondFactor {
		detail = "without the second factor"
	}
	noteUser(c, u, detail)
	return h.tellInvited(c, http.StatusOK, u, token)
}

func (h *Handlers) tellInvited(c *gin.Context, status int, u models.User, token models.Secret) error {
	link := origin.Of(c.Request, h.AppURL, h.Proxies) + "/claim?" + url.Values{"token": {token.Reveal()}}.Encode()
	c.PureJSON(status, NewInvited(u, link))
	return nil
}

// SetUserRole answers POST /api/users/:id/role.
func (h *Handlers) SetUserRole(c *gin.Context) error {
	var body struct {
		Role string `json:"Role"`
	}
	if err := readObject(c.Request.Body, &body, `{"Role": "viewer"}`); err != nil {
		return err
	}
	role, err := parseRole(body.Role)
	if err != nil {
		return err
	}
	return h.changeUser(c, func(ctx context.Context, id string) (models.User, error) {
		u, err := h.Accounts.SetRole(ctx, id, role)
		noteUser(c, u, "to "+string(role))
		return u, err
	})
}

// DisableUser answers POST /api/users/:id/disable, which ends the person's sessions.
func (h *Handlers) DisableUser(c *gin.Context) error { return h.turnUser(c, true) }

// EnableUser answers POST /api/users/:id/enable.
func (h *Handlers) EnableUser(c *gin.Context) error { return h.turnUser(c, false) }

func (h *Handlers) turnUser(c *gin.Context, disabled bool) error {
	return h.changeUser(c, func(ctx context.Context, id string) (models.User, error) {
		return h.Accounts.SetDisabled(ctx, id, disabled)
	})
}

func (h *Handlers) changeUser(c *gin.Context, change func(ctx context.Context, id string) (models.User, error)) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	u, err := change(c.Request.Context(), id)
	if err != nil {
		return err
	}
	noteUser(c, u, "")
	c.PureJSON(http.StatusOK, NewUser(u))
	return nil
}

// RemoveUser answers DELETE /api/users/:id.
func (h *Handlers) RemoveUser(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	u, err := h.Accounts.RemoveUser(c.Request.Context(), id)
	if err != nil {
		return err
	}
	noteUser(c, u, "")
	c.Status(http.StatusNoContent)
	return nil
}

// noteUser says for the audit log whom a request is about.
func noteUser(c *gin.Context, u models.User, detail string) {
	if u.Name != "" {
		identity.Note(c, "user "+u.Name, u.ID, detail)
	}
}

func parseRole(word string) (models.Role, error) {
	if role := models.Role(word); slices.Contains(models.Roles, role) {
		return role, nil
	}
	return "", models.Invalidf("%q is no role: use owner, operator or viewer in Role", word)
}
