package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func audit(at time.Time, actor, action string, outcome models.AuditOutcome) models.AuditEntry {
	return models.AuditEntry{ID: models.NewID(), At: at, Kind: models.ActorUser, Actor: actor, Action: action, Outcome: outcome, Subject: "shop"}
}

func testAuditLog(t *testing.T, s *Store) {
	ctx := t.Context()
	at := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	hour := func(n int) time.Time { return at.Add(time.Duration(n) * time.Hour) }
	for i, e := range []models.AuditEntry{
		audit(at, "anna", "backup.start", models.AuditDone),
		audit(at, "otto", "backup.download", models.AuditRefused),
		audit(at, "anna", "backups.other", models.AuditDone),
		audit(at, "anna", "user.role", models.AuditFailed),
		audit(at, "otto", "backup", models.AuditDone),
	} {
		e.At = hour(i)
		must(t, s.InsertAuditEntry(ctx, e))
	}
	for name, c := range map[string]struct {
		filter models.AuditFilter
		want   string
	}{
		"all":              {models.AuditFilter{}, "backup user.role backups.other backup.download backup.start"},
		"an actor":         {models.AuditFilter{Actor: "otto"}, "backup backup.download"},
		"an action":        {models.AuditFilter{Action: "backup.start"}, "backup.start"},
		"a noun":           {models.AuditFilter{Action: "backup"}, "backup backup.download backup.start"},
		"no noun":          {models.AuditFilter{Action: "back"}, ""},
		"an outcome":       {models.AuditFilter{Outcome: models.AuditRefused}, "backup.download"},
		"since":            {models.AuditFilter{Since: hour(3)}, "backup user.role"},
		"until":            {models.AuditFilter{Until: hour(1)}, "backup.start"},
		"together":         {models.AuditFilter{Actor: "anna", Action: "backup", Until: hour(9)}, "backup.start"},
		"what is no UTF-8": {models.AuditFilter{Actor: "\xff", Action: "\xff", Outcome: "\xff"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := []string{}
			must(t, s.EachAuditEntry(ctx, c.filter, func(e models.AuditEntry) error { got = append(got, e.Action); return nil }))
			equal(t, "what was found", strings.Join(got, " "), c.want)
		})
	}

	strange := audit(hour(9), "x\xff", "backup.start", models.AuditFailed)
	strange.Subject, strange.Detail, strange.Agent = strings.Repeat("é", 600), strings.Repeat("d\xff", 40<<10), strings.Repeat("\xf0\x9f", 300)
	must(t, s.InsertAuditEntry(ctx, strange))

	equal(t, "how many were dropped", value(s.DropAuditEntries(ctx, hour(2)))(t), 2)
	equal(t, "how many are left", len(value(s.AuditEntries(ctx, models.AuditFilter{}, models.Cursor{}, 100))(t)), 4)
	wants(t, errorOf(s.AuditEntries(ctx, models.AuditFilter{}, models.Cursor{}, 0)), models.ErrInvalid)
}

// testLongAuditLog: pages neither repeat nor leave out entries of one moment.
func testLongAuditLog(t *testing.T, s *Store) {
	ctx := t.Context()
	at := time.Date(2025, 7, 2, 10, 0, 0, 0, time.UTC)
	const n = 2*chunk + 7
	entries := make([]models.AuditEntry, n)
	for i := range entries {
		entries[i] = audit(at.Add(time.Duration(i/40)*time.Second), fmt.Sprint("user", i%3), "backup.start", models.AuditDone)
	}
	must(t, s.db.CreateInBatches(entries, 100).Error)
	seen := map[string]bool{}
	last := at.Add(time.Hour)
	must(t, s.EachAuditEntry(ctx, models.AuditFilter{}, func(e models.AuditEntry) error {
		if seen[e.ID] || e.At.After(last) {
			t.Fatalf("the entry %s of %s came twice or late", e.ID, e.At)
		}
		seen[e.ID], last = true, e.At
		return nil
	}))
	equal(t, "the number of entries", len(seen), n)
	enough := errors.New("enough")
	if err := s.EachAuditEntry(ctx, models.AuditFilter{}, func(models.AuditEntry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("the walk ended in %v", err)
	}
	equal(t, "how many were dropped", value(s.DropAuditEntries(ctx, at.Add(time.Hour)))(t), n)
}
