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

// Path returns the address of a restore's page.
func Path(id string) string { return "/restores/" + id }

// RunView is the page of one restore, or of one drill.
type RunView struct {
	Page layout.Page
	Body RunBody
	Log  string
	// BackPath leads back to where it belongs.
	BackPath, BackWords string
}

// RunBody is the part of the page that changes while it runs.
type RunBody struct {
	Title   string
	Chip    components.Chip
	Started components.Moment
	Trigger string
	Steps   []components.Step
	// Meter is nil once it has ended.
	Meter  *runs.Meter
	Cancel components.Action
	// End says how it ended; nil before.
	End *End
	// Warnings are sentences about what did not come back as it was.
	Warnings []string
	Facts    []Fact
}

// End is how a restore or a drill ended.
type End struct {
	Tone  components.Tone
	Icon  string
	Title string
	Lines []string
	// Path leads to what to do next; empty when there is nothing.
	Path, Words string
}

// Fact is one thing that is known of it.
type Fact struct {
	Term, Value string
	// Path leads to it; empty when it leads nowhere.
	Path string
	// Long asks for the whole width of a narrow screen.
	Long bool
}

// Known is what is known beside a restore or a drill itself.
type Known struct {
	// Backup is what is restored; nil when it is gone, or for an upload.
	Backup *models.Backup
	// Gone is the sentence that says what became of a backup that is gone.
	Gone string
	// Drives are by id.
	Drives map[string]models.Drive
	// Jobs are the labels of jobs, by id.
	Jobs map[string]string
	// Provider is the kind of database; empty where it is not known.
	Provider string
	Log      string
	// Look is what the page saw before.
	Look runs.Look
}

// NewRestoreView builds the page of a restore.
func NewRestoreView(page layout.Page, r models.Restore, k Known, now time.Time) RunView {
	return RunView{Page: page, Body: restoreBody(r, k, now), Log: k.Log, BackPath: "/restores", BackWords: "All restores"}
}

func restoreBody(r models.Restore, k Known, now time.Time) RunBody {
	b := RunBody{
		Title: "Restore of " + r.Label, Chip: restoreChip(r.Status), Started: components.Ago(now, &r.CreatedAt), Trigger: backups.TriggerWords(r.Trigger),
		Steps: runs.Steps(runs.RestorePhases(r), r.Phase, restoreState(r.Status)), Warnings: human.Sentences(r.Warnings), Facts: restoreFacts(r, k),
	}
	if r.Status == models.StatusPending {
		meter := runs.NewMeter(runs.OfRestore(r, Path(r.ID)+"/live"), k.Look, now)
		b.Meter = &meter
		b.Cancel = cancel(r.ID, Path(r.ID), "the restore of "+r.Label, r.CancelAsked)
		return b
	}
	b.End = restoreEnd(r)
	return b
}

func cancel(id, path, about string, asked bool) components.Action {
	return components.Action{ID: "cancel-" + id, Path: path + "/cancel", Label: "Stop", Icon: "stop", About: about, Waits: asked, Needs: models.ScopeRun}
}

func restoreState(s models.Status) runs.State {
	switch s {
	case models.StatusFinished:
		return runs.Done
	case models.StatusFailed:
		return runs.Stopped
	}
	return runs.Running
}

func restoreChip(s models.Status) components.Chip {
	switch s {
	case models.StatusFinished:
		return components.Chip{Tone: components.ToneGood, Icon: "check", Text: "Finished"}
	case models.StatusFailed:
		return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Failed"}
	}
	return components.Chip{Tone: components.ToneBusy, Icon: "turning", Text: "Running"}
}

// restoreEnd says what happened, and what the target holds now.
func restoreEnd(r models.Restore) *End {
	if r.Status == models.StatusFailed {
		e := &End{Tone: components.ToneBad, Icon: "cross", Title: "The restore failed", Lines: human.Sentences(r.Error)}
		if r.SafetyBackupID != "" {
			e.Path, e.Words = backups.Path(r.SafetyBackupID), "The backup of what was there before"
		}
		return e
	}
	said := human.Sentence(targetWords(r) + " was restored in " + human.Duration(r.RestoreTook))
	e := &End{Tone: components.ToneGood, Icon: "check", Title: "The restore finished", Lines: []string{said + " " + nowHolds(r)}}
	if r.SafetyBackupID != "" {
		e.Lines = append(e.Lines, "What was there before is backed up.")
		e.Path, e.Words = backups.Path(r.SafetyBackupID), "See the safety backup"
	}
	return e
}

// nowHolds says what the target of a finished restore holds.
func nowHolds(r models.Restore) string {
	switch {
	case r.TargetKind == models.TargetFile:
		return "It is the unpacked dump."
	case r.Whole():
		return "It holds what the backup holds."
	}
	return "It holds of the backup: " + TableWords(r.Tables) + "."
}

// targetWords name the target of a restore.
func targetWords(r models.Restore) string {
	switch r.TargetKind {
	case models.TargetFile:
		return "the file " + r.TargetName
	case models.TargetNew:
		if r.Provider == "sqlite" {
			return "the new file " + r.TargetName
		}
		return "the new database " + r.TargetName
	}
	if r.Provider == "sqlite" {
		return "the file " + r.TargetName
	}
	return "the database " + r.TargetName
}

func restoreFacts(r models.Restore, k Known) []Fact {
	facts := []Fact{{Term: "Into", Value: targetWords(r), Long: true}}
	if r.TargetLabel != "" {
		facts = append(facts, Fact{Term: "Data source", Value: r.TargetLabel})
	}
	if r.Whole() {
		facts = append(facts, Fact{Term: "What", Value: "Everything"})
	} else {
		facts = append(facts, Fact{Term: "What", Value: TableWords(r.Tables)})
	}
	facts = append(facts, fromFact(r.BackupID, r.FileName))
	facts = append(facts, goneFacts(k)...)
	if drive := driveOf(k, r.DriveFileID); drive != "" {
		facts = append(facts, Fact{Term: "From the copy on", Value: drive})
	}
	if r.Replace {
		facts = append(facts, safetyFact(r))
	}
	if r.RestoreTook > 0 {
		facts = append(facts, Fact{Term: "Restoring took", Value: human.Duration(r.RestoreTook)})
	}
	return facts
}

func fromFact(backupID, name string) Fact {
	if backupID == "" {
		return Fact{Term: "From the uploaded file", Value: name, Long: true}
	}
	return Fact{Term: "From the backup", Value: name, Path: backups.Path(backupID), Long: true}
}

// goneFacts say what became of a backup that was removed.
func goneFacts(k Known) []Fact {
	if k.Gone == "" {
		return nil
	}
	return []Fact{{Term: "That backup now", Value: k.Gone, Long: true}}
}

func safetyFact(r models.Restore) Fact {
	switch {
	case r.SafetyBackupID != "":
		return Fact{Term: "Safety backup", Value: "of what was there", Path: backups.Path(r.SafetyBackupID)}
	case r.Status == models.StatusPending:
		return Fact{Term: "Safety backup", Value: "none yet"}
	}
	return Fact{Term: "Safety backup", Value: "none"}
}

// driveOf is the label of the drive that holds a copy; empty where that is not known.
func driveOf(k Known, driveFileID string) string {
	if k.Backup == nil {
		return ""
	}
	for _, f := range k.Backup.DriveFiles {
		if f.ID != driveFileID {
			continue
		}
		if d, ok := k.Drives[f.DriveID]; ok {
			return d.Label
		}
	}
	return ""
}
