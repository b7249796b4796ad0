package auth

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestWorkWritesAtItsEnd(t *testing.T) {
	b, in := claimed(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Work(ctx) }()
	b.pass(time.Minute)
	equal(t, "what the token opens", b.opens(t, in.Token), true)
	cancel()
	must(t, <-ended)
	session, _, err := b.store.Session(t.Context(), in.Session.TokenHash)
	must(t, err)
	equal(t, "when the session was seen", session.SeenAt, b.clock())
}

func TestDrop(t *testing.T) {
	ctx := t.Context()
	b, in := claimed(t, func(o *Options) { o.AuditKeep = 48 * time.Hour })
	must(t, b.Record(ctx, models.AuditEntry{Kind: models.ActorUser, Actor: "anna", Action: "user.role", Outcome: models.AuditDone}))
	b.pass(47 * time.Hour)
	must(t, b.drop(ctx))
	entries := value(b.AuditEntries(ctx, models.AuditFilter{}, models.Cursor{}, 10))(t)
	if len(entries) != 1 || entries[0].ID == "" || entries[0].At.IsZero() {
		t.Errorf("the audit log is %+v", entries)
	}
	equal(t, "the sessions in the database", len(value(b.store.Sessions(ctx, in.User.ID))(t)), 0)
	b.pass(2 * time.Hour)
	must(t, b.drop(ctx))
	must(t, b.EachAuditEntry(ctx, models.AuditFilter{}, func(models.AuditEntry) error { return errors.New("an old entry is left") }))
}

// TestDropKeepsWhatIsSeen: a session that was seen and not yet written down goes on.
func TestDropKeepsWhatIsSeen(t *testing.T) {
	b, in := claimed(t)
	for range 3 {
		b.pass(50 * time.Minute)
		equal(t, "what the token opens", b.opens(t, in.Token), true)
	}
	must(t, b.drop(t.Context()))
	equal(t, "what the token opens", b.opens(t, in.Token), true)
}
