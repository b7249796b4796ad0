package setup

import (
	"strconv"

	"github.com/backupman/backupman/views/components"
)

// Stage is one step of the guided set-up.
type Stage int

// The steps, in their order.
const (
	StageSource Stage = iota
	StageCheck
	StageDrives
	StageJob
	StageRun
)

var stageTitles = []string{"Database", "Check", "Drives", "Schedule", "First backup"}

// steps are all steps while one of them is gone through.
func steps(at Stage) []components.Step {
	all := make([]components.Step, 0, len(stageTitles))
	for i, title := range stageTitles {
		switch {
		case Stage(i) < at:
			all = append(all, components.StepDone(title, ""))
		case Stage(i) == at:
			all = append(all, components.Step{Title: title, Words: "now", Tone: components.ToneBusy, Icon: "here", Current: true})
		default:
			all = append(all, components.StepAhead(title, "to come"))
		}
	}
	return all
}

// short is the step in a few words, for narrow screens.
func short(at Stage) string {
	return "Step " + strconv.Itoa(int(at)+1) + " of " + strconv.Itoa(len(stageTitles)) + ": " + stageTitles[at]
}
