package pages

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/settings"
	"github.com/backupman/backupman/web/identity"
)

// secretDone is what can be said to have been done to a secret.
var secretDone = map[string]string{"set": "The secret is stored.", "removed": "The secret was removed."}

// SecretList answers GET /settings/secrets.
func (h *Handlers) SecretList(c *gin.Context) error {
	return h.showSecrets(c, http.StatusOK, settings.SecretFacts{Done: secretDone[c.Query("done")]})
}

func (h *Handlers) showSecrets(c *gin.Context, status int, f settings.SecretFacts) (err error) {
	if err := h.keepsSecrets(); err != nil {
		return err
	}
	if f.Stored, err = h.Secrets.StoredSecrets(c.Request.Context()); err != nil {
		return err
	}
	f.Uses = h.Secrets.SecretUses()
	return Render(c, status, settings.ShowSecrets(settings.NewSecretsView(h.settingsPage("Secrets"), f, h.Now())))
}

// keepsSecrets returns models.ErrNotFound where no secrets are kept, or nobody is told apart.
func (h *Handlers) keepsSecrets() error {
	switch {
	case h.Accounts == nil:
		return errNoAccounts()
	case h.Secrets == nil:
		return models.NotFoundf("no secrets are kept here: the configuration has the passwords itself")
	}
	return nil
}

// SetSecret answers POST /settings/secrets: it adds or replaces a secret. What was typed is
// never sent back.
func (h *Handlers) SetSecret(c *gin.Context) error {
	return h.changeSecret(c, "set", func(name string) error {
		value := pasted(field(c, "value"))
		if value.Empty() {
			return models.Invalidf("a secret is not empty: type its value")
		}
		return h.Secrets.SetSecret(c.Request.Context(), name, value, identity.Of(c).Name)
	})
}

// RemoveSecret answers POST /settings/secrets/remove.
func (h *Handlers) RemoveSecret(c *gin.Context) error {
	return h.changeSecret(c, "removed", func(name string) error { return h.Secrets.RemoveSecret(c.Request.Context(), name) })
}

func (h *Handlers) changeSecret(c *gin.Context, done string, do func(name string) error) error {
	if err := h.keepsSecrets(); err != nil {
		return err
	}
	if err := form(c); err != nil {
		return err
	}
	name := strings.TrimSpace(field(c, "name"))
	err := do(name)
	if why, refused := refusal(c, err); refused {
		return h.showSecrets(c, faultStatus(why), settings.SecretFacts{Name: name, Problem: why.Sentence})
	}
	if err != nil {
		return err
	}
	identity.Note(c, "secret "+name, "", "")
	return seeOther(c, settings.SecretsPath+"?done="+done)
}

// pasted is a value as it was before a form made its lines end as in mail. The end of the
// one line that a password has is not part of it; that of a private key is.
func pasted(text string) models.Secret {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if line, found := strings.CutSuffix(text, "\n"); found && !strings.Contains(line, "\n") {
		text = line
	}
	return models.NewSecret(text)
}
