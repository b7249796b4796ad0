package store

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func testAPIKeys(t *testing.T, s *Store) {
	ctx := t.Context()
	now := models.Now()
	until := now.Add(time.Hour)
	k := models.APIKey{ID: models.NewID(), Name: "grafana", Hash: "h", Scopes: models.Scopes{models.ScopeRead, models.ScopeRun},
		JobIDs: []string{models.NewID()}, CreatedBy: "anna", CreatedAt: now, ExpiresAt: &until}
	must(t, s.InsertAPIKey(ctx, k))
	must(t, s.InsertAPIKey(ctx, models.APIKey{ID: models.NewID(), Name: "ci", Hash: "i", Scopes: models.Scopes{models.ScopeAdmin}, CreatedAt: now}))
	wants(t, s.InsertAPIKey(ctx, models.APIKey{ID: models.NewID(), Name: "grafana", CreatedAt: now}), models.ErrConflict)
	wants(t, errorOf(s.APIKey(ctx, models.NewID())), models.ErrNotFound)

	keys := value(s.APIKeys(ctx))(t)
	equal(t, "the number of keys", len(keys), 2)
	read := keys[1]
	equal(t, "the name", read.Name, "grafana")
	equal(t, "the number of scopes", len(read.Scopes), 2)
	equal(t, "the job", read.JobIDs[0], k.JobIDs[0])
	sameTime(t, "the end", read.ExpiresAt, until)
	equal(t, "the jobs of a key for all", len(keys[0].JobIDs), 0)

	must(t, s.TouchAPIKeys(ctx, nil))
	early, late := now.Add(time.Minute), now.Add(2*time.Minute)
	must(t, s.TouchAPIKeys(ctx, []models.APIKey{{ID: k.ID, UsedAt: &late, UsedFrom: "192.0.2.1"}, {ID: models.NewID(), UsedAt: &late}}))
	must(t, s.TouchAPIKeys(ctx, []models.APIKey{{ID: k.ID, UsedAt: &early, UsedFrom: "192.0.2.2"}}))
	read = value(s.APIKey(ctx, k.ID))(t)
	sameTime(t, "the newest use", read.UsedAt, late)
	equal(t, "the address of the newest use", read.UsedFrom, "192.0.2.1")

	equal(t, "the key that was removed", value(s.RemoveAPIKey(ctx, k.ID))(t).Name, "grafana")
	wants(t, errorOf(s.RemoveAPIKey(ctx, k.ID)), models.ErrNotFound)
	wants(t, errorOf(s.APIKey(ctx, k.ID)), models.ErrNotFound)
}
