package pages

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
)

// formUnlock returns what a form brings to open an encrypted backup with. It is never
// shown again.
func formUnlock(c *gin.Context) (models.Unlock, error) {
	if err := c.Request.ParseForm(); err != nil {
		return models.Unlock{}, formError(err)
	}
	form := c.Request.PostForm
	return models.Unlock{Identity: models.NewSecret(strings.TrimSpace(form.Get("identity"))), Passphrase: models.NewSecret(form.Get("passphrase"))}, nil
}
