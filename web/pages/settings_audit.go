package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/settings"
)

// auditLength is how many entries one part of the log shows.
const auditLength = 50

// AuditList answers GET /settings/audit.
func (h *Handlers) AuditList(c *gin.Context) error {
	if h.Accounts == nil {
		return errNoAccounts()
	}
	f := settings.AuditFacts{Form: auditForm(c)}
	filter, err := auditFilter(f.Form)
	if why, refused := refusal(c, err); refused {
		f.Start, f.Problem = true, why.Sentence
		return h.showAudit(c, faultStatus(why), f)
	}
	after, err := parseMark(c.Query("after"))
	if err != nil {
		return err
	}
	if f.Entries, err = h.Accounts.AuditEntries(c.Request.Context(), filter, after, auditLength+1); err != nil {
		return fmt.Errorf("list the audit log: %w", err)
	}
	f.Start = after.IsZero()
	if len(f.Entries) > auditLength {
		f.Entries = f.Entries[:auditLength]
		last := f.Entries[auditLength-1]
		f.Older = mark(last.At, last.ID)
	}
	return h.showAudit(c, http.StatusOK, f)
}

func (h *Handlers) showAudit(c *gin.Context, status int, f settings.AuditFacts) error {
	return Render(c, status, settings.ShowAudit(settings.NewAuditView(h.settingsPage("Audit log"), f, h.Now())))
}

// auditForm is what narrows the log, as it was typed.
func auditForm(c *gin.Context) settings.AuditForm {
	return settings.AuditForm{
		Actor: strings.TrimSpace(c.Query("actor")), Action: strings.TrimSpace(c.Query("action")), Outcome: models.AuditOutcome(c.Query("outcome")),
		Since: c.Query("since"), Until: c.Query("until"),
	}
}

// auditFilter reads it; models.ErrInvalid says what can't be read. Days are in UTC, and
// both are part of what is looked for.
func auditFilter(f settings.AuditForm) (filter models.AuditFilter, err error) {
	filter = models.AuditFilter{Actor: f.Actor, Action: f.Action, Outcome: f.Outcome}
	if f.Outcome != "" && !slices.Contains(models.AuditOutcomes, f.Outcome) {
		return filter, models.Invalidf("%q is no outcome: choose done, refused or failed", string(f.Outcome))
	}
	since, err := endOfDay(f.Since)
	if err != nil {
		return filter, err
	}
	until, err := endOfDay(f.Until)
	if err != nil {
		return filter, err
	}
	if since != nil {
		filter.Since = since.Add(-24 * time.Hour)
	}
	if until != nil {
		filter.Until = *until
	}
	return filter, nil
}
