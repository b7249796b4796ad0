package runs

import (
	"slices"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// State is how a run stands.
type State int

// The states of a run.
const (
	// Running says that it has not ended.
	Running State = iota
	// Done says that it came to its end.
	Done
	// Stopped says that it ended in the middle: it failed, or somebody stopped it.
	Stopped
)

// RestorePhases are the phases of a restore. One that overwrites something backs it up
// first, unless it was told not to.
func RestorePhases(r models.Restore) []models.RestorePhase {
	phases := []models.RestorePhase{models.RestoreFetching, models.RestoreChecking}
	if r.SafetyBackupID != "" || r.Phase == models.RestoreSafety {
		phases = append(phases, models.RestoreSafety)
	}
	return append(phases, models.RestoreRestoring)
}

// DrillPhases are the phases of a drill.
func DrillPhases() []models.RestorePhase {
	return []models.RestorePhase{models.RestoreFetching, models.RestoreChecking, models.RestoreRestoring, models.RestoreComparing}
}

// Steps tells how far a run came through its phases.
func Steps(phases []models.RestorePhase, at models.RestorePhase, s State) []components.Step {
	reached := slices.Index(phases, at) // -1 while it waits for its turn
	steps := make([]components.Step, 0, len(phases))
	for i, p := range phases {
		steps = append(steps, step(title(p), i, reached, s))
	}
	return steps
}

func step(title string, i, reached int, s State) components.Step {
	switch {
	case s == Done || i < reached:
		return components.StepDone(title, "")
	case i > reached:
		return components.StepAhead(title, "")
	case s == Stopped:
		return components.StepFailed(title, "")
	}
	return components.StepNow(title, "")
}

func title(p models.RestorePhase) string {
	switch p {
	case models.RestoreFetching:
		return "Read the copy"
	case models.RestoreChecking:
		return "Check the dump"
	case models.RestoreSafety:
		return "Safety backup"
	case models.RestoreRestoring:
		return "Restore"
	case models.RestoreComparing:
		return "Compare"
	}
	return string(p)
}

// Doing says in a few words what a phase does.
func Doing(p models.RestorePhase) string {
	switch p {
	case models.RestoreFetching:
		return "Reading the copy from its drive"
	case models.RestoreChecking:
		return "Unpacking the dump to its end"
	case models.RestoreSafety:
		return "Backing up what will be overwritten"
	case models.RestoreRestoring:
		return "Writing into the database"
	case models.RestoreComparing:
		return "Comparing what came out with the manifest"
	}
	return "Waiting for its turn"
}
