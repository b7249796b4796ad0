package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// Secrets is the envelope of the list of stored secrets.
type Secrets struct {
	Results []StoredSecret `json:"Results"`
}

// StoredSecret is a secret with a name, of which the value is never told.
type StoredSecret struct {
	Name string `json:"Name"`
	// Set is false for one that the configuration refers to and nobody has stored.
	Set   bool       `json:"Set"`
	SetBy *string    `json:"SetBy"`
	SetAt *time.Time `json:"SetAt"`
	// Uses are what the configuration uses it for.
	Uses []string `json:"Uses"`
}

// ListSecrets answers GET /api/secrets, by name.
func (h *Handlers) ListSecrets(c *gin.Context) error {
	stored, err := h.Secrets.StoredSecrets(c.Request.Context())
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, NewSecrets(stored, h.Secrets.SecretUses()))
	return nil
}

// NewSecrets tells the secrets that are stored or used, by name.
func NewSecrets(stored []models.StoredSecret, uses map[string][]string) Secrets {
	told := Secrets{Results: make([]StoredSecret, 0, len(stored))}
	for _, s := range stored {
		at := s.CreatedAt
		if s.UpdatedAt != nil {
			at = *s.UpdatedAt
		}
		told.Results = append(told.Results, StoredSecret{Name: s.Name, Set: true, SetBy: orNull(s.SetBy), SetAt: known(&at), Uses: list(uses[s.Name])})
	}
	for name, all := range uses {
		if !slices.ContainsFunc(stored, func(s models.StoredSecret) bool { return s.Name == name }) {
			told.Results = append(told.Results, StoredSecret{Name: name, Uses: list(all)})
		}
	}
	slices.SortFunc(told.Results, func(a, b StoredSecret) int { return strings.Compare(a.Name, b.Name) })
	return told
}

// SetSecret answers PUT /api/secrets/*name: it stores the value of the body, in the place
// of the one that was there.
func (h *Handlers) SetSecret(c *gin.Context) error {
	var body struct {
		Value *string `json:"Value"`
	}
	if err := readObject(c.Request.Body, &body, `{"Value": "…"}`); err != nil {
		return err
	}
	if body.Value == nil || *body.Value == "" {
		return models.Invalidf("Value is missing: send the secret, or remove it with DELETE")
	}
	name := secretName(c)
	if err := h.Secrets.SetSecret(c.Request.Context(), name, models.NewSecret(*body.Value), identity.Of(c).Name); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// RemoveSecret answers DELETE /api/secrets/*name.
func (h *Handlers) RemoveSecret(c *gin.Context) error {
	if err := h.Secrets.RemoveSecret(c.Request.Context(), secretName(c)); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// secretName is the rest of the path, which may have slashes in it.
func secretName(c *gin.Context) string {
	name := strings.TrimPrefix(c.Param("name"), "/")
	identity.Note(c, "secret "+name, "", "")
	return name
}
