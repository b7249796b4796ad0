package restores

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/runs"
)

// NewDrillView builds the page of a drill.
func NewDrillView(page layout.Page, d models.Drill, k Known, now time.Time) RunView {
	return RunView{Page: page, Body: drillBody(d, k, now), Log: k.Log, BackPath: backups.Path(d.BackupID), BackWords: "The backup of " + drillLabel(d, k)}
}

// drillLabel names what was drilled.
func drillLabel(d models.Drill, k Known) string {
	if k.Backup != nil {
		return k.Backup.Label
	}
	if label := k.Jobs[d.JobID]; label != "" {
		return label
	}
	return "a job that is gone"
}

func drillBody(d models.Drill, k Known, now time.Time) RunBody {
	b := RunBody{
		Title: "Drill of " + drillLabel(d, k), Chip: backups.DrillChip(d.Outcome), Started: components.Ago(now, &d.CreatedAt), Trigger: backups.TriggerWords(d.Trigger),
		Steps: runs.Steps(runs.DrillPhases(), d.Phase, runs.Running), Facts: drillFacts(d, k),
	}
	if d.Running() {
		meter := runs.NewMeter(runs.OfDrill(d, drillLabel(d, k), backups.DrillPath(d.ID)+"/live"), k.Look, now)
		b.Meter = &meter
		b.Cancel = cancel(d.ID, backups.DrillPath(d.ID), "the drill of "+drillLabel(d, k), d.CancelAsked)
		return b
	}
	b.Steps = backups.DrillLadder(d)
	b.End = drillEnd(d)
	return b
}

func drillEnd(d models.Drill) *End {
	e := &End{Lines: human.Sentences(d.Reason)}
	switch d.Outcome {
	case models.DrillProven:
		e.Tone, e.Icon, e.Title = components.ToneGood, "shield", "Restored and found equal"
	case models.DrillDisproven:
		e.Tone, e.Icon, e.Title = components.ToneBad, "warning", "This backup is not what was dumped"
	default:
		e.Tone, e.Icon, e.Title = components.ToneWarn, "circle", "It could not be verified"
	}
	return e
}

func drillFacts(d models.Drill, k Known) []Fact {
	facts := []Fact{{Term: "Scratch database", Value: scratchWords(d.Scratch)}}
	for _, f := range []Fact{{Term: "Restored by", Value: backups.ServerWords(k.Provider, d.Server)}, {Term: "From the copy on", Value: driveOf(k, d.DriveFileID)}} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	if d.RestoreTook > 0 {
		facts = append(facts, Fact{Term: "The restore alone took", Value: human.Duration(d.RestoreTook)})
	}
	if d.Duration > 0 {
		facts = append(facts, Fact{Term: "The whole drill took", Value: human.Duration(d.Duration)})
	}
	return append(facts, goneFacts(k)...)
}

// scratchWords say where the scratch database was.
func scratchWords(scratch string) string {
	if scratch == "" || scratch == models.ScratchTemporary {
		return "a private one, removed since"
	}
	return "on the server of " + scratch + ", dropped since"
}
