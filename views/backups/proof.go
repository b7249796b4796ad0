package backups

import (
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/runs"
)

// shownDrills bounds how many drills the page of a backup lists.
const shownDrills = 10

// Proof tells whether a backup restores, and how that is known.
type Proof struct {
	Tone components.Tone
	Icon string
	// Title is the answer, Sentences explain it.
	Title     string
	Sentences []string
	// Ladder is the four levels, lowest first.
	Ladder []components.Step
	// Tested is when the newest drill ended, Copy the drive it read from, Server what
	// restored it, and Took how long the restore alone took; empty where not known.
	Tested             components.Moment
	Copy, Server, Took string
	// Lock is nil where a drill can't be asked for, or needs no key.
	Lock *Lock
	// Live is the drill that runs now; nil when none does. Awaited says that one is about to
	// begin by itself.
	Live    *LiveDrill
	Awaited bool
	// Drills are those that have ended, newest first; More says that there are older ones.
	Drills []DrillLine
	More   bool
	// Drill asks for one more; nil where none can be made now.
	Drill *components.Action
}

// LiveDrill is a drill that runs.
type LiveDrill struct {
	Path   string
	Meter  runs.Meter
	Steps  []components.Step
	Cancel components.Action
}

// DrillLine is one drill that has ended.
type DrillLine struct {
	Path  string
	Found models.DrillOutcome
	Chip  components.Chip
	When  components.Moment
	// Took is how long the whole drill took.
	Took string
	// Reason is the first of its sentences.
	Reason string
}

func newProof(f Facts, now time.Time) *Proof {
	p := &Proof{Ladder: ladder(f), Awaited: awaited(f, now)}
	p.Tone, p.Icon, p.Title, p.Sentences = proofWords(f)
	if p.Awaited {
		p.Tone, p.Icon, p.Title = components.ToneBusy, "turning", "A drill is about to begin"
	}
	ended := 0
	for _, d := range f.Drills {
		if d.Running() {
			p.Live = newLiveDrill(f, d, now)
			continue
		}
		if ended++; ended <= shownDrills {
			p.Drills = append(p.Drills, drillLine(d, now))
		}
	}
	p.More = ended > shownDrills
	if d := lastDrill(f.Drills); d != nil {
		p.Tested, p.Server, p.Copy = components.Ago(now, endOf(*d)), ServerWords(f.Provider, d.Server), copyOf(f, d.DriveFileID)
	}
	if took := f.Backup.RestoreTook; took > 0 {
		p.Took = human.Duration(took)
	}
	if p.Live == nil && !p.Awaited && f.Backup.Status == models.StatusFinished {
		p.Lock = newLock(f)
		p.Drill = &components.Action{ID: "drill-now", Path: Path(f.Backup.ID) + "/drill", Label: "Drill now", Icon: "shield", About: f.Backup.Label, Primary: f.Backup.ProvenAt == nil, Needs: models.ScopeRun}
	}
	return p
}

func proofIconClass(p Proof) string {
	if p.Icon == "turning" {
		return "mt-0.5 size-5 turning"
	}
	return "mt-0.5 size-5"
}

// awaitTime is how long the page looks for the drill that follows a backup, which waits
// for its turn.
const awaitTime = time.Minute

// awaited reports whether a drill follows that has not begun: the backup has just finished,
// and its job drills each one.
func awaited(f Facts, now time.Time) bool {
	b := f.Backup
	return f.DrillAfter && b.Status == models.StatusFinished && b.SettledAt != nil && now.Sub(*b.SettledAt) < awaitTime && len(f.Drills) == 0
}

// proofWords are the answer and what explains it.
func proofWords(f Facts) (components.Tone, string, string, []string) {
	b, last := f.Backup, lastDrill(f.Drills)
	untold := last != nil && last.Outcome == models.DrillUnverified
	switch {
	case b.DisprovenAt != nil && untold:
		return components.ToneBad, "warning", "This backup is not what was dumped", append([]string{"An earlier drill found it wrong. The newest could not tell:"}, human.Sentences(last.Reason)...)
	case b.DisprovenAt != nil:
		return components.ToneBad, "warning", "This backup is not what was dumped", reasonsOf(last)
	case b.ProvenAt != nil && untold:
		return components.ToneGood, "shield", "It was restored and found equal", append([]string{"That was an earlier drill. The newest could not be made:"}, human.Sentences(last.Reason)...)
	case b.ProvenAt != nil:
		return components.ToneGood, "shield", "It was restored and found equal", reasonsOf(last)
	case untold:
		return components.ToneWarn, "warning", "It could not be tested", reasonsOf(last)
	}
	for _, d := range f.Drills {
		if d.Running() {
			return components.ToneBusy, "turning", "It is being restored as a test", []string{"A drill restores it into a scratch database and compares every table with the manifest. Nothing else is touched."}
		}
	}
	return components.ToneWarn, "circle", "It was never restored as a test", []string{"A drill restores it into a scratch database and compares every table with the manifest. Nothing else is touched."}
}

// reasonsOf are the sentences of a drill; none where it left none.
func reasonsOf(d *models.Drill) []string {
	if d == nil {
		return nil
	}
	return human.Sentences(d.Reason)
}

// levels are the levels of proof, lowest first, what each says when it is reached, and
// what it is in the middle of a sentence.
var levels = []struct {
	level               models.ProofLevel
	title, words, prose string
}{
	{models.LevelStored, "Stored whole", "length and SHA-256 agree", "stored whole"},
	{models.LevelDecodes, "Decodes whole", "unpacked to its end mark", "decodes whole"},
	{models.LevelRestores, "Restores", "without an error", "restores"},
	{models.LevelEquals, "Equals", "every table and object", "restored and equal"},
}

// LevelWords say how far a drill came; empty when it did not come anywhere.
func LevelWords(l models.ProofLevel) string {
	if i := rankOf(l); i > 0 {
		return levels[i-1].prose
	}
	return ""
}

// rankOf counts the levels that are reached.
func rankOf(l models.ProofLevel) int {
	for i, known := range levels {
		if known.level == l {
			return i + 1
		}
	}
	return 0
}

// ladder tells which levels a backup has reached.
func ladder(f Facts) []components.Step { return rungs(reachedBy(f)) }

// rungs are the levels, of which some are reached. The next was found not to hold, or
// could not be tested.
func rungs(reached int, fails, untold bool) []components.Step {
	steps := make([]components.Step, 0, len(levels))
	for i, l := range levels {
		switch {
		case i < reached:
			steps = append(steps, components.StepDone(l.title, l.words))
		case i == reached && fails:
			steps = append(steps, components.StepFailed(l.title, "not so"))
		case i == reached && untold:
			steps = append(steps, components.Step{Title: l.title, Words: "could not be tested", Tone: components.ToneWarn, Icon: "warning"})
		default:
			steps = append(steps, components.StepAhead(l.title, "not tested"))
		}
	}
	return steps
}

// reachedBy counts the levels that are reached, and says whether the next was found
// not to hold, or could not be tested.
func reachedBy(f Facts) (reached int, fails, untold bool) {
	b, last := f.Backup, lastDrill(f.Drills)
	switch {
	case b.DisprovenAt != nil:
		return rankOf(b.ProofLevel), true, false
	case b.ProvenAt != nil:
		return len(levels), false, false
	}
	reached = rankOf(b.ProofLevel)
	if reached == 0 && slices.ContainsFunc(b.DriveFiles, func(f models.DriveFile) bool { return f.VerifiedAt != nil }) {
		reached = rankOf(models.LevelStored) // it was compared when it was made
	}
	return reached, false, last != nil && last.Outcome == models.DrillUnverified
}

// lastDrill returns the newest drill that has ended, or nil.
func lastDrill(newestFirst []models.Drill) *models.Drill {
	for i := range newestFirst {
		if !newestFirst[i].Running() {
			return &newestFirst[i]
		}
	}
	return nil
}

func newLiveDrill(f Facts, d models.Drill, now time.Time) *LiveDrill {
	return &LiveDrill{
		Path:  DrillPath(d.ID),
		Meter: runs.NewMeter(runs.OfDrill(d, f.Backup.Label, Path(d.BackupID)+"/proof"), f.Look, now),
		Steps: runs.Steps(runs.DrillPhases(), d.Phase, runs.Running),
		Cancel: components.Action{
			ID: "cancel-" + d.ID, Path: DrillPath(d.ID) + "/cancel?" + ofBackup, Label: "Stop", Icon: "stop", About: "the drill of " + f.Backup.Label, Waits: d.CancelAsked, Needs: models.ScopeRun,
		},
	}
}

// ofBackup marks a request that came from the page of a backup.
const ofBackup = "from=backup"

func drillLine(d models.Drill, now time.Time) DrillLine {
	line := DrillLine{Path: DrillPath(d.ID), Found: d.Outcome, Chip: DrillChip(d.Outcome), When: components.Ago(now, endOf(d)), Took: human.Duration(d.Duration)}
	if reasons := human.Sentences(d.Reason); len(reasons) > 0 {
		line.Reason = reasons[0]
	}
	return line
}

// endOf is when a drill ended; those of older versions were written down only then.
func endOf(d models.Drill) *time.Time {
	if d.SettledAt != nil {
		return d.SettledAt
	}
	return &d.CreatedAt
}

// DrillPath returns the address of a drill's page.
func DrillPath(id string) string { return "/drills/" + id }

// DrillChip says what a drill found.
func DrillChip(o models.DrillOutcome) components.Chip {
	switch o {
	case models.DrillRunning:
		return components.Chip{Tone: components.ToneBusy, Icon: "turning", Text: "Running"}
	case models.DrillProven:
		return components.Chip{Tone: components.ToneGood, Icon: "shield", Text: "Proven"}
	case models.DrillDisproven:
		return components.Chip{Tone: components.ToneBad, Icon: "warning", Text: "Disproven"}
	}
	return components.Chip{Tone: components.ToneWarn, Icon: "circle", Text: "Could not verify"}
}

// proofChip says what drills found of a backup; false where none found anything.
func proofChip(b models.Backup) (components.Chip, bool) {
	switch {
	case b.DisprovenAt != nil:
		return DrillChip(models.DrillDisproven), true
	case b.ProvenAt != nil:
		return DrillChip(models.DrillProven), true
	}
	return components.Chip{}, false
}

func chips(b models.Backup) []components.Chip {
	found := []components.Chip{backupChip(b)}
	if c, ok := proofChip(b); ok {
		found = append(found, c)
	}
	return found
}

// copyOf is the label of the drive that holds a copy of the backup; empty when it is
// not known.
func copyOf(f Facts, driveFileID string) string {
	for _, file := range f.Backup.DriveFiles {
		if file.ID == driveFileID {
			return copyName(f, file.DriveID)
		}
	}
	return ""
}

// DrillLadder tells how far one drill came that has ended.
func DrillLadder(d models.Drill) []components.Step {
	return rungs(rankOf(d.Level), d.Outcome == models.DrillDisproven, d.Outcome == models.DrillUnverified)
}
