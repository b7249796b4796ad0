package pages

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/settings"
	"github.com/backupman/backupman/web/identity"
)

// KeyList answers GET /settings/keys.
func (h *Handlers) KeyList(c *gin.Context) error {
	return h.showKeys(c, http.StatusOK, settings.KeyFacts{})
}

func (h *Handlers) showKeys(c *gin.Context, status int, f settings.KeyFacts) (err error) {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	if f.Keys, err = h.Accounts.APIKeys(c.Request.Context()); err != nil {
		return err
	}
	if f.Jobs, err = h.Plans.Jobs(c.Request.Context()); err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	return Render(c, status, settings.ShowKeys(settings.NewKeysView(h.settingsPage("API keys"), f, h.Now())))
}

// CreateKey answers POST /settings/keys with the key, once.
func (h *Handlers) CreateKey(c *gin.Context) error {
	if err := h.peopleForm(c); err != nil {
		return err
	}
	typed := settings.KeyForm{Name: strings.TrimSpace(field(c, "name")), JobIDs: c.Request.PostForm["job"], Expires: field(c, "expires")}
	for _, s := range c.Request.PostForm["scope"] {
		typed.Scopes = append(typed.Scopes, models.Scope(s))
	}
	key, secret, err := h.createKey(c, typed)
	if why, refused := refusal(c, err); refused {
		return h.showKeys(c, faultStatus(why), settings.KeyFacts{Typed: typed, Problem: why.Sentence})
	}
	if err != nil {
		return err
	}
	identity.Note(c, "API key "+key.Name, key.ID, "")
	return h.showKeys(c, http.StatusOK, settings.KeyFacts{Fresh: &settings.FreshKey{Name: key.Name, Key: secret.Reveal()}})
}

func (h *Handlers) createKey(c *gin.Context, f settings.KeyForm) (models.APIKey, models.Secret, error) {
	expires, err := endOfDay(f.Expires)
	if err != nil {
		return models.APIKey{}, models.Secret{}, err
	}
	for _, id := range f.JobIDs {
		if _, err := h.Plans.Job(c.Request.Context(), id); err != nil {
			return models.APIKey{}, models.Secret{}, err
		}
	}
	return h.Accounts.CreateKey(c.Request.Context(), identity.Of(c), f.Name, f.Scopes, f.JobIDs, expires)
}

// endOfDay returns the end of a day in UTC; nil for none.
func endOfDay(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil, models.Invalidf("%q is no day: write it as 2027-03-31", text)
	}
	end := day.AddDate(0, 0, 1)
	return &end, nil
}

// RemoveKey answers POST /settings/keys/:id/remove.
func (h *Handlers) RemoveKey(c *gin.Context) error {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	id, err := pathID(c)
	if err != nil {
		return err
	}
	key, err := h.Accounts.RemoveKey(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "API key "+key.Name, key.ID, "")
	return seeOther(c, settings.KeysPath)
}
