package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Keys is the envelope of the list of API keys.
type Keys struct {
	Results []Key `json:"Results"`
}

// Key is an API key, of which the key itself is not kept.
type Key struct {
	ID     string   `json:"Id"`
	Name   string   `json:"Name"`
	Scopes []string `json:"Scopes"`
	// JobIDs are the only jobs that the key is for; empty for all.
	JobIDs    []string  `json:"JobIds"`
	CreatedBy string    `json:"CreatedBy"`
	CreatedAt time.Time `json:"CreatedAt"`
	// ExpiresAt is null for never. UsedAt is the newest use, give or take a minute.
	ExpiresAt *time.Time `json:"ExpiresAt"`
	UsedAt    *time.Time `json:"UsedAt"`
	UsedFrom  *string    `json:"UsedFrom"`
}

// NewKey is a key that was just made, with what is shown this once.
type NewKey struct {
	Key
	Secret string `json:"Key"`
}

func newKey(k models.APIKey) Key {
	dto := Key{ID: k.ID, Name: k.Name, Scopes: []string{}, JobIDs: list(k.JobIDs), CreatedBy: k.CreatedBy, CreatedAt: whole(k.CreatedAt),
		ExpiresAt: known(k.ExpiresAt), UsedAt: known(k.UsedAt), UsedFrom: orNull(k.UsedFrom)}
	for _, s := range k.Scopes {
		dto.Scopes = append(dto.Scopes, string(s))
	}
	return dto
}

// ListKeys answers GET /api/keys.
func (h *Handlers) ListKeys(c *gin.Context) error {
	found, err := h.Accounts.APIKeys(c.Request.Context())
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewKeys(found))
	return nil
}

// NewKeys tells keys.
func NewKeys(found []models.APIKey) Keys {
	told := Keys{Results: make([]Key, 0, len(found))}
	for _, k := range found {
		told.Results = append(told.Results, newKey(k))
	}
	return told
}

// NewCreatedKey tells a key with its secret, this once.
func NewCreatedKey(k models.APIKey, secret models.Secret) NewKey {
	return NewKey{Key: newKey(k), Secret: secret.Reveal()}
}

type keyRequest struct {
	Name   string   `json:"Name"`
	Scopes []string `json:"Scopes"`
	// Jobs are labels or ids; none is all.
	Jobs []string `json:"Jobs"`
	// ExpiresAt is a time, or the last day of the key in UTC; empty for never.
	ExpiresAt string `json:"ExpiresAt"`
}

// CreateKey answers POST /api/keys with the key itself, which is shown this once.
func (h *Handlers) CreateKey(c *gin.Context) error {
	var body keyRequest
	if err := readObject(c.Request.Body, &body, `{"Name": "ci", "Scopes": ["run"], "Jobs": ["shop-nightly"], "ExpiresAt": "2027-12-31"}`); err != nil {
		return err
	}
	scopes, err := parseScopes(body.Scopes)
	if err != nil {
		return err
	}
	expires, err := h.parseExpiry(body.ExpiresAt)
	if err != nil {
		return err
	}
	jobIDs, err := h.jobIDs(c.Request.Context(), body.Jobs)
	if err != nil {
		return err
	}
	k, secret, err := h.Accounts.CreateKey(c.Request.Context(), identity.Of(c), body.Name, scopes, jobIDs, expires)
	if err != nil {
		return err
	}
	identity.Note(c, "API key "+k.Name, k.ID, "")
	c.PureJSON(http.StatusCreated, NewCreatedKey(k, secret))
	return nil
}

// RemoveKey answers DELETE /api/keys/:id: the key opens nothing any more.
func (h *Handlers) RemoveKey(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	k, err := h.Accounts.RemoveKey(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "API key "+k.Name, k.ID, "")
	c.Status(http.StatusNoContent)
	return nil
}

func parseScopes(words []string) (models.Scopes, error) {
	var scopes models.Scopes
	for _, word := range words {
		scope := models.Scope(word)
		if !slices.Contains(models.AllScopes, scope) {
			return nil, models.Invalidf("%q is no scope: use read, run, restore or admin in Scopes", word)
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return nil, models.Invalidf("Scopes is empty: say what the key may do, as in [\"read\"]")
	}
	return scopes, nil
}

func (h *Handlers) parseExpiry(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	at, err := parseTime("ExpiresAt", text)
	if err != nil {
		return nil, err
	}
	if len(text) == len(time.DateOnly) {
		at = at.AddDate(0, 0, 1)
	}
	if !at.After(h.Now()) {
		return nil, models.Invalidf("ExpiresAt is over already: choose a later day")
	}
	return &at, nil
}

// jobIDs finds jobs by their labels or ids.
func (h *Handlers) jobIDs(ctx context.Context, names []string) ([]string, error) {
	var found []string
	for _, name := range names {
		job, err := h.job(ctx, name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(found, job.ID) {
			found = append(found, job.ID)
		}
	}
	return found, nil
}
