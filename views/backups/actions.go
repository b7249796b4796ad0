package backups

import (
	"slices"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// actions are what can be asked for; what mends a failed backup stands where it says so. A pending backup offers nothing, and one
// whose job is gone cannot be run again.
func actions(f Facts) []components.Action {
	b := f.Backup
	if !b.Status.Settled() {
		return nil
	}
	var found []components.Action
	if anyFinished(b) && !(f.Comparison != nil && f.Comparison.Running) {
		found = append(found, components.Action{Path: Path(b.ID) + "/verify", Label: "Check copies now", Icon: "check", About: b.Label, Needs: models.ScopeRun})
	}
	if !f.JobGone {
		found = append(found, components.Action{Path: "/jobs/" + b.JobID + "/run", Label: "Run again", Icon: "play", About: b.Label, Needs: models.ScopeRun})
	}
	return found
}

// mending is what can be done about a failed backup. One whose dump is good needs
// only its copies; a retry then matters where that dump is gone.
func mending(b models.Backup) []components.Action {
	retry := components.Action{Path: Path(b.ID) + "/retry", Label: "Retry", Icon: "retry", About: b.Label, Needs: models.ScopeRun}
	if b.DumpedAt == nil {
		retry.Primary = true
		return []components.Action{retry}
	}
	heal := components.Action{Path: Path(b.ID) + "/heal", Label: "Make the missing copies", Icon: "copy", About: b.Label, Primary: true, Needs: models.ScopeRun}
	return []components.Action{heal, retry}
}

// wayOut says what to do about a failed backup.
func wayOut(b models.Backup) string {
	const retry = "Retry does the same, and dumps the database anew only when both are gone."
	switch {
	case b.CancelAskedAt != nil && b.DumpedAt == nil:
		return "Retry dumps the database anew."
	case b.CancelAskedAt != nil:
		return "Nothing more happens by itself: make the missing copies when you want them."
	case b.DumpedAt == nil:
		return "Once that is mended, press Retry: the database is dumped anew."
	case slices.ContainsFunc(b.DriveFiles, func(f models.DriveFile) bool { return f.HealAt != nil }):
		return "The missing copies are made again by themselves, from the dump or from a good copy. To have them now, press Make the missing copies. " + retry
	}
	return "Once that is mended, press Make the missing copies: they are made from the dump, or from a good copy. " + retry
}
