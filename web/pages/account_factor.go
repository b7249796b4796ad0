package pages

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/account"
	"github.com/backupman/backupman/web/identity"
)

const factorPath = account.Path + "/second-factor"

// StartTOTP answers POST /account/second-factor: it makes a secret, which a code must
// confirm.
func (h *Handlers) StartTOTP(c *gin.Context) error {
	done, err := h.ownForm(c, account.FactorForm, func(actor models.Actor) error {
		return h.Accounts.StartTOTP(c.Request.Context(), actor.ID, secretField(c, "password"))
	})
	if !done {
		return err
	}
	return seeOther(c, factorPath)
}

// PendingTOTP answers GET /account/second-factor with the secret that waits for its code.
func (h *Handlers) PendingTOTP(c *gin.Context) error { return h.showFactor(c, http.StatusOK, "") }

func (h *Handlers) showFactor(c *gin.Context, status int, problem string) error {
	actor, err := h.self(c)
	if err != nil {
		return err
	}
	pending, err := h.Accounts.PendingTOTP(c.Request.Context(), actor.ID)
	if errors.Is(err, models.ErrNotFound) {
		return seeOther(c, account.Path)
	}
	if err != nil {
		return err
	}
	Plain(c)
	page := h.page("Second factor", account.Path)
	return Render(c, status, account.ShowFactor(account.NewFactorView(page, actor.Name, pending.Secret, pending.Image, problem)))
}

// ConfirmTOTP answers POST /account/second-factor/confirm with the recovery codes, once.
func (h *Handlers) ConfirmTOTP(c *gin.Context) error {
	actor, err := h.self(c)
	if err != nil {
		return err
	}
	if err := form(c); err != nil {
		return err
	}
	noteNamed(c, actor.Name, actor.ID, "")
	codes, err := h.Accounts.ConfirmTOTP(c.Request.Context(), actor.ID, secretField(c, "code"))
	if why, refused := refusal(c, err); refused {
		return h.showFactor(c, faultStatus(why), why.Sentence)
	}
	if err != nil {
		return err
	}
	return h.showCodes(c, codes, true)
}

func (h *Handlers) showCodes(c *gin.Context, codes []string, fresh bool) error {
	view := account.CodesView{Page: h.page("Recovery codes", account.Path), Name: identity.Of(c).Name, Codes: codes, Fresh: fresh, Made: h.Now().UTC().Format(time.DateOnly)}
	return Render(c, http.StatusOK, account.ShowCodes(view))
}

// RemoveTOTP answers POST /account/second-factor/remove.
func (h *Handlers) RemoveTOTP(c *gin.Context) error {
	done, err := h.ownForm(c, account.RemoveForm, func(actor models.Actor) error {
		return h.Accounts.RemoveTOTP(c.Request.Context(), actor.ID, secretField(c, "password"))
	})
	if !done {
		return err
	}
	return seeOther(c, account.Path+"?done=removed")
}

// NewRecoveryCodes answers POST /account/recovery-codes with new ones, once.
func (h *Handlers) NewRecoveryCodes(c *gin.Context) error {
	var codes []string
	done, err := h.ownForm(c, account.CodesForm, func(actor models.Actor) (err error) {
		codes, err = h.Accounts.NewRecoveryCodes(c.Request.Context(), actor.ID, secretField(c, "password"))
		return err
	})
	if !done {
		return err
	}
	return h.showCodes(c, codes, false)
}
