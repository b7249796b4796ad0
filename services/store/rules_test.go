package store

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// testRulesSince sees after which changes rules remove nothing for a while: all that make
// them keep something else than before.
func testRulesSince(t *testing.T, s *Store) {
	ctx, f := t.Context(), configure(t, s)
	p := plan("nightly")
	changed := func(what string, want bool) {
		t.Helper()
		before := value(s.Job(ctx, f.job.ID))(t).RetentionAt
		must(t, s.ApplyPlan(ctx, p))
		now := value(s.Job(ctx, f.job.ID))(t).RetentionAt
		if is := now != nil && (before == nil || now.After(*before)); is != want {
			t.Errorf("after %s rules hold since %v, before since %v", what, now, before)
		}
	}
	job := &p.Jobs[0].Job
	changed("nothing", false)
	job.Spread = time.Hour
	changed("another spread", false)
	job.Retention.Last = 3
	changed("another rule", true)
	job.Timezone = "Asia/Tokyo"
	changed("another calendar", true)
	p.Sources = append(p.Sources, models.Source{Label: "another", Provider: p.Sources[0].Provider})
	p.Jobs[0].Source = "another"
	changed("another source", true)
	jobs := p.Jobs
	p.Jobs = nil
	changed("it has left", false)
	p.Jobs = jobs
	changed("it is back", true)
}
