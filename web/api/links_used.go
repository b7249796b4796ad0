package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// UsedLinks remembers the download links that were opened, until they expire.
type UsedLinks interface {
	// UseLink notes that a link is opened, and returns what was noted the first time.
	UseLink(ctx context.Context, l models.UsedLink) (models.UsedLink, error)
	// EndLink notes that the whole file was sent.
	EndLink(ctx context.Context, hash string, at time.Time) error
}

// ShowsLink reports whether a request shows a signed link, whole or not: it is then
// answered to nobody for another reason.
func ShowsLink(c *gin.Context) bool {
	q := c.Request.URL.Query()
	return q.Has(signatureParameter) || q.Has(expiresParameter)
}

// openLink takes a signed link. It opens one download: until its file was sent whole once,
// the machine that opened it first may try again, and nobody else may at all.
func (h *Handlers) openLink(c *gin.Context, backupID string) (hash string, err error) {
	query := c.Request.URL.Query()
	if err := h.Links.Check(backupID, query); err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(query.Get(signatureParameter)))
	hash = hex.EncodeToString(digest[:])
	from := identity.Of(c).Client
	first, err := h.Used.UseLink(c.Request.Context(), models.UsedLink{Hash: hash, Address: from.Address, UsedAt: h.Now(), ExpiresAt: h.Links.expires(query)})
	switch {
	case err != nil:
		return "", err
	case first.DoneAt != nil:
		return "", refused("this download link was used: each opens one download, so ask for a new one")
	case first.Address != from.Address:
		return "", refused("this download link was opened from another address: each is for one machine, so ask for a new one")
	}
	identity.Set(c, models.Actor{Kind: models.ActorLink, Name: "a download link", Scopes: models.Scopes{models.ScopeRestore}, Client: from})
	return hash, nil
}
