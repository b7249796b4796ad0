package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

// auditFormats are the forms in which the page hands the log out.
var auditFormats = map[string]string{"csv": api.FormatCSV, "json": api.FormatLines}

// ExportAudit answers GET /settings/audit/export with the log, newest first, as CSV or as
// a line of JSON for each entry.
func (h *Handlers) ExportAudit(c *gin.Context) error {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	filter, err := auditFilter(auditForm(c))
	if err != nil {
		return err
	}
	format, known := auditFormats[c.DefaultQuery("Format", "csv")]
	if !known {
		return models.Invalidf("%q is no format of the audit log: choose csv or json", c.Query("Format"))
	}
	return api.SendAudit(c, h.Now(), format, func(do func(models.AuditEntry) error) error {
		return h.Accounts.EachAuditEntry(c.Request.Context(), filter, do)
	})
}
