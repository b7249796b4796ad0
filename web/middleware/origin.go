package middleware

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
)

// SameOrigin refuses requests that change something and that a browser sends
// for another site's page.
func SameOrigin(appURL string, refuse Refuse) gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	if u, err := url.Parse(appURL); err == nil && u.Host != "" {
		// An address that is no origin is trusted by nobody, which is the safe side.
		_ = protection.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	return guard(refuse, func(c *gin.Context) error {
		if protection.Check(c.Request) == nil {
			return nil
		}
		return &models.Fault{Kind: models.ErrForbidden, Sentence: "this request came from a page of another site, which may not change anything here"}
	})
}
