package backups

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
)

// What is known of a backup's proof is told by four levels, an answer and what explains it.
func TestProof(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	finished := models.Backup{ID: "b", Label: "shop", Status: models.StatusFinished}
	with := func(change func(*models.Backup)) models.Backup { b := finished; change(&b); return b }
	drill := func(o models.DrillOutcome, l models.ProofLevel, reason string) models.Drill {
		return models.Drill{ID: "d", BackupID: "b", Outcome: o, Level: l, Reason: reason, CreatedAt: now, SettledAt: &now}
	}
	equal := drill(models.DrillProven, models.LevelEquals, "3 tables were equal")
	wrong := drill(models.DrillDisproven, models.LevelRestores, "the table a is missing\nthe table b is missing")
	untold := drill(models.DrillUnverified, models.LevelDecodes, "no PostgreSQL 18 is installed: install it")
	running := models.Drill{ID: "r", BackupID: "b", Phase: models.RestoreFetching, CreatedAt: now}
	proven := with(func(b *models.Backup) {
		b.ProvenAt, b.ProofLevel, b.RestoreTook = &now, models.LevelEquals, 2*time.Second
	})
	disproven := with(func(b *models.Backup) { b.DisprovenAt, b.ProofLevel = &now, models.LevelRestores })
	for name, c := range map[string]struct {
		backup             models.Backup
		drills             []models.Drill
		ladder, title, say string
		live, asks         bool
	}{
		"never drilled":                {finished, nil, "quiet quiet quiet quiet", "It was never restored as a test", "scratch database", false, true},
		"compared when it was made":    {with(func(b *models.Backup) { b.DriveFiles = []models.DriveFile{{VerifiedAt: &now}} }), nil, "good quiet quiet quiet", "It was never restored", "", false, true},
		"proven":                       {proven, []models.Drill{equal}, "good good good good", "It was restored and found equal", "3 tables were equal.", false, true},
		"proven, then not testable":    {proven, []models.Drill{untold, equal}, "good good good good", "It was restored and found equal", "The newest could not be made: No PostgreSQL 18 is installed", false, true},
		"disproven":                    {disproven, []models.Drill{wrong}, "good good good bad", "This backup is not what was dumped", "The table a is missing. The table b is missing.", false, true},
		"disproven, then not testable": {disproven, []models.Drill{untold, wrong}, "good good good bad", "This backup is not what was dumped", "An earlier drill found it wrong", false, true},
		"not testable":                 {with(func(b *models.Backup) { b.ProofLevel = models.LevelDecodes }), []models.Drill{untold}, "good good warn quiet", "It could not be tested", "install it.", false, true},
		"first drill running":          {finished, []models.Drill{running}, "quiet quiet quiet quiet", "It is being restored as a test", "", true, false},
		"drilled again":                {proven, []models.Drill{running, equal}, "good good good good", "It was restored and found equal", "3 tables were equal.", true, false},
		"failed":                       {with(func(b *models.Backup) { b.Status = models.StatusFailed }), nil, "quiet quiet quiet quiet", "It was never restored", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProof(Facts{Backup: c.backup, Drills: c.drills}, now)
			var ladder []string
			for _, s := range p.Ladder {
				ladder = append(ladder, string(s.Tone))
			}
			if got := strings.Join(ladder, " "); got != c.ladder {
				t.Errorf("the ladder is %s, want %s", got, c.ladder)
			}
			if said := strings.Join(p.Sentences, " "); !strings.HasPrefix(p.Title, c.title) || !strings.Contains(said, c.say) {
				t.Errorf("it says %q: %q", p.Title, said)
			}
			if (p.Live != nil) != c.live || (p.Drill != nil) != c.asks {
				t.Errorf("live %v, asks %v", p.Live, p.Drill)
			}
		})
	}
}

func TestManyDrillsAreNotAllListed(t *testing.T) {
	now := time.Now()
	var drills []models.Drill
	for range shownDrills + 5 {
		drills = append(drills, models.Drill{Outcome: models.DrillProven, CreatedAt: now})
	}
	if p := newProof(Facts{Drills: drills}, now); len(p.Drills) != shownDrills || !p.More {
		t.Errorf("%d are listed, more: %v", len(p.Drills), p.More)
	}
}

// A page of a backup that has just finished goes on looking for the drill that follows.
func TestADrillThatFollowsIsAwaited(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	settled := now.Add(-10 * time.Second)
	f := Facts{Backup: models.Backup{ID: "b", Label: "shop", Status: models.StatusFinished, SettledAt: &settled}, DrillAfter: true}
	looks := func(f Facts, at time.Time) bool {
		b := NewDetailView(layout.Page{}, f, at).Body
		return bodyPolling(b)["hx-get"] == "/backups/b/proof" && b.Proof.Drill == nil
	}
	if !looks(f, now) {
		t.Error("nothing looks for it")
	}
	if looks(f, now.Add(awaitTime)) {
		t.Error("it is looked for although none has begun for long")
	}
	untold := f
	untold.DrillAfter = false
	drilled := f
	drilled.Drills = []models.Drill{{ID: "d", BackupID: "b", Outcome: models.DrillProven, SettledAt: &settled}}
	for name, f := range map[string]Facts{"a job without drills": untold, "a drill that has ended": drilled} {
		if looks(f, now) {
			t.Errorf("%s: a drill is awaited", name)
		}
	}
}
