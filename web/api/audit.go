package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// AuditEntries is the envelope of the audit log.
type AuditEntries struct {
	Results []AuditEntry `json:"Results"`
	// After continues the list: it names the last entry of this part. It is null at the end.
	After *string `json:"After"`
}

// AuditEntry says who did what to what, from where.
type AuditEntry struct {
	ID        string    `json:"Id"`
	At        time.Time `json:"At"`
	Kind      string    `json:"Kind"`
	Actor     string    `json:"Actor"`
	ActorID   *string   `json:"ActorId"`
	Action    string    `json:"Action"`
	Subject   string    `json:"Subject"`
	SubjectID *string   `json:"SubjectId"`
	Outcome   string    `json:"Outcome"`
	Detail    string    `json:"Detail"`
	Address   string    `json:"Address"`
	Agent     string    `json:"Agent"`
}

// NewAuditEntry returns the API's form of an entry.
func NewAuditEntry(e models.AuditEntry) AuditEntry {
	return AuditEntry{ID: e.ID, At: e.At.UTC(), Kind: string(e.Kind), Actor: e.Actor, ActorID: orNull(e.ActorID), Action: e.Action, Subject: e.Subject,
		SubjectID: orNull(e.SubjectID), Outcome: string(e.Outcome), Detail: e.Detail, Address: e.Address, Agent: e.Agent}
}

// auditQuery is what was asked of the audit log.
type auditQuery struct {
	filter models.AuditFilter
	limit  int
	after  models.Cursor
	format string
}

// Audit answers GET /api/audit with a part of the audit log, newest first, or with ?Format=
// all of what the filters let through as a file. That is an export, and recorded as one.
func (h *Handlers) Audit(c *gin.Context) error {
	q, err := parseAudit(c.Request.URL.Query())
	if err != nil {
		return err
	}
	if q.format != "" {
		return SendAudit(c, h.Now(), q.format, func(do func(models.AuditEntry) error) error {
			return h.Accounts.EachAuditEntry(c.Request.Context(), q.filter, do)
		})
	}
	identity.NoteLook(c)
	found, err := h.Accounts.AuditEntries(c.Request.Context(), q.filter, q.after, q.limit)
	if err != nil {
		return err
	}
	told := AuditEntries{Results: make([]AuditEntry, 0, len(found))}
	for _, e := range found {
		told.Results = append(told.Results, NewAuditEntry(e))
	}
	if len(found) == q.limit {
		last := found[len(found)-1]
		place := auditPlace(last)
		told.After = &place
	}
	c.PureJSON(http.StatusOK, told)
	return nil
}

// parseAudit reads the query. Since and Until are times or days.
func parseAudit(values url.Values) (auditQuery, error) {
	q := auditQuery{limit: defaultPart}
	err := setAll(values, map[string]func(string) error{
		"Actor":   func(v string) error { q.filter.Actor = v; return nil },
		"Action":  func(v string) error { q.filter.Action = v; return nil },
		"Outcome": func(v string) (err error) { q.filter.Outcome, err = parseAuditOutcome(v); return err },
		"Since":   func(v string) (err error) { q.filter.Since, err = parseTime("Since", v); return err },
		"Until":   func(v string) (err error) { q.filter.Until, err = parseTime("Until", v); return err },
		"Limit":   func(v string) (err error) { q.limit, err = parseLimit(v); return err },
		"After":   func(v string) (err error) { q.after, err = parseAuditPlace(v); return err },
		"Format":  func(v string) (err error) { q.format, err = parseFormat(v); return err },
	})
	return q, err
}

func parseAuditOutcome(v string) (models.AuditOutcome, error) {
	o := models.AuditOutcome(v)
	if slices.Contains(models.AuditOutcomes, o) {
		return o, nil
	}
	return "", models.Invalidf("%q is no outcome: use begun, done, refused or failed", v)
}

func parseFormat(v string) (string, error) {
	if v == FormatCSV || v == FormatLines {
		return v, nil
	}
	return "", models.Invalidf("%q is no format: use %s or %s", v, FormatCSV, FormatLines)
}

// auditPlace names the place behind an entry: the microsecond and the id of it, so that it
// holds although the entry may be dropped meanwhile.
func auditPlace(e models.AuditEntry) string {
	return strconv.FormatInt(e.At.UnixMicro(), 10) + "." + e.ID
}

func parseAuditPlace(v string) (models.Cursor, error) {
	micros, id, _ := strings.Cut(v, ".")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || models.CheckID(id) != nil {
		return models.Cursor{}, models.Invalidf("After is no place in the list: take the After of the part before")
	}
	return models.Cursor{CreatedAt: time.UnixMicro(at).UTC(), ID: id}, nil
}
