package restores

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/layout"
)

func tones(steps []components.Step) string {
	var all []string
	for _, s := range steps {
		all = append(all, string(s.Tone))
	}
	return strings.Join(all, " ")
}

func TestHowARestoreStands(t *testing.T) {
	base := models.Restore{ID: "r", BackupID: "b", Label: "shop", TargetKind: models.TargetNew, TargetName: "shop_restored", CreatedAt: now}
	with := func(change func(*models.Restore)) models.Restore { r := base; change(&r); return r }
	for name, c := range map[string]struct {
		restore     models.Restore
		steps, says string
	}{
		"waiting":   {with(func(r *models.Restore) { r.Status, r.Phase = models.StatusPending, models.RestoreQueued }), "quiet quiet quiet", ""},
		"restoring": {with(func(r *models.Restore) { r.Status, r.Phase = models.StatusPending, models.RestoreRestoring }), "good good busy", ""},
		"backing up": {with(func(r *models.Restore) {
			r.Status, r.Phase, r.Replace = models.StatusPending, models.RestoreSafety, true
		}), "good good busy quiet", ""},
		"finished": {with(func(r *models.Restore) {
			r.Status, r.Phase, r.RestoreTook = models.StatusFinished, models.RestoreRestoring, 12*time.Second
		}),
			"good good good", "The new database shop_restored was restored in 12 s. It holds what the backup holds."},
		"finished, some tables, over others": {with(func(r *models.Restore) {
			r.Status, r.Phase, r.RestoreTook, r.SafetyBackupID, r.TargetKind = models.StatusFinished, models.RestoreRestoring, time.Second, "safe", models.TargetSource
			r.Tables = []models.TableName{{Name: "orders"}}
		}), "good good good good", "It holds of the backup: 1 table: orders. What was there before is backed up."},
		"failed while checking": {with(func(r *models.Restore) {
			r.Status, r.Phase, r.Error = models.StatusFailed, models.RestoreChecking, "the copy is damaged\nthe target was not touched"
		}), "good bad quiet", "The copy is damaged. The target was not touched."},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewRestoreView(layout.Page{}, c.restore, Known{}, now).Body
			if got := tones(b.Steps); got != c.steps {
				t.Errorf("the steps are %s, want %s", got, c.steps)
			}
			if (b.Meter == nil) != c.restore.Status.Settled() || (b.End == nil) == c.restore.Status.Settled() {
				t.Errorf("meter %v, end %v", b.Meter, b.End)
			}
			if b.End != nil && !strings.Contains(strings.Join(b.End.Lines, " "), c.says) {
				t.Errorf("it says %q, want %q", b.End.Lines, c.says)
			}
		})
	}
}

func TestHowADrillStands(t *testing.T) {
	base := models.Drill{ID: "d", BackupID: "b", JobID: "j", CreatedAt: now}
	with := func(change func(*models.Drill)) models.Drill { d := base; change(&d); return d }
	for name, c := range map[string]struct {
		drill        models.Drill
		steps, title string
	}{
		"running":   {with(func(d *models.Drill) { d.Phase = models.RestoreRestoring }), "good good busy quiet", ""},
		"proven":    {with(func(d *models.Drill) { d.Outcome, d.Level = models.DrillProven, models.LevelEquals }), "good good good good", "Restored and found equal"},
		"disproven": {with(func(d *models.Drill) { d.Outcome, d.Level = models.DrillDisproven, models.LevelStored }), "good bad quiet quiet", "This backup is not what was dumped"},
		"untold":    {with(func(d *models.Drill) { d.Outcome, d.Level = models.DrillUnverified, models.LevelDecodes }), "good good warn quiet", "It could not be verified"},
	} {
		t.Run(name, func(t *testing.T) {
			v := NewDrillView(layout.Page{}, c.drill, Known{Jobs: map[string]string{"j": "shop-nightly"}}, now)
			if got := tones(v.Body.Steps); got != c.steps || v.Body.Title != "Drill of shop-nightly" {
				t.Errorf("%q: the steps are %s, want %s", v.Body.Title, got, c.steps)
			}
			if c.title != "" && (v.Body.End == nil || v.Body.End.Title != c.title) || c.title == "" && v.Body.End != nil {
				t.Errorf("it ended with %+v, want %q", v.Body.End, c.title)
			}
		})
	}
}
