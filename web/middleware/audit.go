package middleware

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
)

// recordTime bounds how long an entry may take to be written.
const recordTime = 10 * time.Second

// Recorder writes the audit log.
type Recorder struct {
	// Record adds an entry.
	Record func(ctx context.Context, e models.AuditEntry) error
	Log    *slog.Logger
	// Strangers bounds how many entries those make who did not show who they are.
	Strangers *Budget
}

// Audit records what became of every request of a route, after its answer, and that it was
// begun where that is asked for (identity.Record). Strangers are recorded only where they
// may try to become somebody.
func (r *Recorder) Audit(action string, open bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		begun := false
		identity.OnRecord(c, func() error {
			if begun {
				return nil
			}
			e := entry(c, action)
			e.Outcome = models.AuditBegun
			if err := r.write(c, e); err != nil {
				return fmt.Errorf("write the audit log: %w", err)
			}
			begun = true
			return nil
		})
		defer func() {
			cause := recover()
			e := entry(c, action)
			e.Outcome, e.Detail = outcome(c, cause != nil, e.Detail)
			looked := e.Outcome == models.AuditDone && !begun && identity.NotedOf(c).Looked
			if !looked && (open || e.Kind != models.ActorNobody) {
				_ = r.write(c, e) // It was logged, and the answer has been given.
			}
			if cause != nil {
				panic(cause)
			}
		}()
		c.Next()
	}
}

// Begin records that a request was begun, and refuses it when that can't be written down.
func Begin(refuse Refuse) gin.HandlerFunc { return guard(refuse, identity.Record) }

// write adds an entry, whether or not somebody still waits for the answer.
func (r *Recorder) write(c *gin.Context, e models.AuditEntry) error {
	if e.Kind == models.ActorNobody {
		unsaid, ok := r.Strangers.Take()
		if !ok {
			return nil
		}
		if unsaid > 0 {
			e.Detail = strings.TrimSpace(e.Detail + fmt.Sprintf(" (%d more tries of strangers were not recorded before this one)", unsaid))
		}
	}
	e.Actor, e.Subject, e.Detail = fit(e.Actor, 255), fit(e.Subject, 512), fit(e.Detail, 4096)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), recordTime)
	defer cancel()
	err := r.Record(ctx, e)
	if err != nil {
		r.Log.ErrorContext(ctx, "AUDIT ENTRY LOST: something was done and could not be recorded", "actor", e.Actor, "action", e.Action,
			"subject", e.Subject, "subject_id", e.SubjectID, "outcome", e.Outcome, "address", e.Address, "error", err)
	}
	return err
}

func entry(c *gin.Context, action string) models.AuditEntry {
	actor, noted := identity.Of(c), identity.NotedOf(c)
	e := models.AuditEntry{Kind: actor.Kind, Actor: actor.Name, ActorID: actor.ID, Action: action, Subject: noted.Subject, SubjectID: noted.ID,
		Detail: noted.Detail, Address: actor.Client.Address, Agent: actor.Client.Agent}
	if noted.Action != "" {
		e.Action = noted.Action
	}
	if e.Subject == "" {
		e.Subject, _, _ = strings.Cut(e.Action, ".")
		e.Subject = strings.TrimSpace(e.Subject + " " + strings.TrimPrefix(c.Param("name"), "/"))
	}
	if e.SubjectID == "" && models.CheckID(c.Param("id")) == nil {
		e.SubjectID = c.Param("id")
	}
	return e
}

// fit makes what people and programs sent fit an entry: no control characters, which a
// terminal could take for commands, and no more than there is room for.
func fit(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.ToValidUTF8(text[:min(len(text), limit)], "")
}

// outcome tells what became of a request by its answer.
func outcome(c *gin.Context, cut bool, detail string) (models.AuditOutcome, string) {
	refused := identity.NotedOf(c).Refused
	switch status := c.Writer.Status(); {
	case cut:
		return models.AuditFailed, sentences(detail, refused, "the answer was cut off")
	case status >= http.StatusInternalServerError:
		return models.AuditFailed, sentences(detail, refused)
	case status >= http.StatusBadRequest:
		return models.AuditRefused, sentences(detail, refused)
	}
	return models.AuditDone, detail
}

func sentences(all ...string) string {
	var said []string
	for _, s := range all {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, ": ")
}
