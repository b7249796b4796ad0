package backups

import (
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// RunFacts is what is known of a pending backup.
type RunFacts struct {
	Backup models.Backup
	Known  Known
	// Log is what the page lacks of the log, and LogLength how many bytes all of it has.
	Log       string
	LogLength int
	// Recent is the end of the log, with lines that the page has.
	Recent string
	// Earlier is what the page saw before; zero when it is new.
	Earlier Look
	// ReadAt is when all of it was read; zero for now.
	ReadAt time.Time
}

// Run is a pending backup while people watch.
type Run struct {
	ID, Label string
	// Chip is the status at the head of the page.
	Chip components.Chip
	Live Live
	// Rate is how fast the database is read now. Tables says how many have passed; either is
	// empty while that is not known. Expected says when the run may end.
	Rate, Tables, Expected string
	Steps                  []components.Step
	Drives                 []DriveLine
	// Cancelling says that somebody has asked for the end.
	Cancelling bool
	// NextPath is where to look again, LogPath where the whole log is.
	NextPath, LogPath string
	// Log are the lines that the page lacks. Whole says that they are all that it shows.
	Log   string
	Whole bool
	// Said is what those hear who don't see the page; empty when the phase is still the same.
	Said string
}

// DriveLine is how far a drive is with its copy.
type DriveLine struct {
	ID, Drive string
	Chip      components.Chip
	Progress  components.Progress
	// Moves says that there is something to show a bar for.
	Moves bool
	// Bytes and Rate are words; either may be empty. Trouble is a sentence.
	Bytes, Rate, Trouble string
}

// NewRun builds what is shown of a pending backup.
func NewRun(f RunFacts, now time.Time) Run {
	if f.ReadAt.IsZero() {
		f.ReadAt = now
	}
	b, look := f.Backup, lookAt(f.Backup, f.LogLength, f.ReadAt)
	r := Run{ID: b.ID, Label: b.Label, Live: NewLive(b, f.Known, now), Steps: runSteps(b, now), Cancelling: b.CancelAskedAt != nil,
		NextPath: Path(b.ID) + "/live?" + look.query(), LogPath: Path(b.ID) + "/log", Log: f.Log}
	r.Whole = f.Earlier.Log == 0 || f.LogLength < f.Earlier.Log
	if r.Whole {
		r.Log = lastLines(f.Log, shownLines)
	}
	if b.Phase == models.PhaseDumping {
		r.Rate = look.readRate(f.Earlier)
	}
	if b.TablesTotal > 0 && b.Phase != models.PhaseQueued {
		r.Tables = human.Count(int64(b.TablesDone)) + " of " + human.Plural(int64(b.TablesTotal), "table")
	}
	r.Expected = expected(b, f.Known.Last, now)
	r.Chip = chips(b)[0]
	if r.Cancelling {
		r.Live.Doing, r.Expected = "Stopping", ""
	}
	if f.Earlier.Phase != "" && f.Earlier.Phase != b.Phase {
		r.Said = b.Label + ": " + r.Live.Doing + "."
	}
	for i, file := range b.DriveFiles {
		r.Drives = append(r.Drives, driveLine(f, look, i, file))
	}
	return r
}

// shownLines is how many lines of the log a page begins with.
const shownLines = 200

// lastLines returns the last n lines of a text.
func lastLines(text string, n int) string {
	at := len(text)
	for range n + 1 {
		next := strings.LastIndexByte(text[:at], '\n')
		if next < 0 {
			return text
		}
		at = next
	}
	return text[at+1:]
}

// runSteps are what a backup goes through, with how long each took.
func runSteps(b models.Backup, now time.Time) []components.Step {
	const wait, read, copies, compare = "Wait for a place", "Read the database", "Copy to the drives", "Compare the copies"
	again := b.DumpedAt != nil && b.StartedAt != nil && b.StartedAt.After(*b.DumpedAt)
	if b.StartedAt == nil || b.Phase == models.PhaseQueued {
		return []components.Step{components.StepNow(wait, since(b.CreatedAt, now)), components.StepAhead(read, ""), components.StepAhead(copies, ""), components.StepAhead(compare, "")}
	}
	waited := ""
	if b.Attempt == 1 {
		waited = "took " + since(b.CreatedAt, *b.StartedAt)
	}
	steps := []components.Step{components.StepDone(wait, waited)}
	switch {
	case again:
		steps = append(steps, components.StepDone(read, "good since an earlier try"))
	case b.DumpedAt != nil:
		steps = append(steps, components.StepDone(read, "took "+since(*b.StartedAt, *b.DumpedAt)))
	default:
		return append(steps, components.StepNow(read, since(*b.StartedAt, now)), components.StepNow(copies, "as it is read"), components.StepAhead(compare, ""))
	}
	from := *b.DumpedAt
	if again {
		from = *b.StartedAt
	}
	if b.Phase == models.PhaseVerifying {
		return append(steps, components.StepDone(copies, ""), components.StepNow(compare, ""))
	}
	return append(steps, components.StepNow(copies, since(from, now)), components.StepAhead(compare, ""))
}

func since(from, to time.Time) string { return human.Duration(max(to.Sub(from), 0)) }

// expected says when a run may end, by how long the last one took; empty when nobody knows.
func expected(b models.Backup, last *models.Backup, now time.Time) string {
	if last == nil || last.StartedAt == nil || last.SettledAt == nil || b.StartedAt == nil || b.Phase == models.PhaseQueued || b.Attempt > 1 || last.Attempt > 1 {
		return ""
	}
	took := last.SettledAt.Sub(*last.StartedAt)
	left := took - now.Sub(*b.StartedAt)
	switch {
	case took <= 0:
		return ""
	case left > 0:
		return "done in about " + human.Span(max(left, time.Second)) + ", if it goes as last time"
	}
	return "last time it took " + human.Duration(took)
}

func driveLine(f RunFacts, look Look, i int, file models.DriveFile) DriveLine {
	b := f.Backup
	d := DriveLine{ID: file.ID, Drive: "a drive that is gone", Chip: statusChip(file.Status), Bytes: sentWords(b, file), Trouble: human.Sentence(file.Error)}
	if row, ok := f.Known.Drives[file.DriveID]; ok {
		d.Drive = row.Label
	}
	d.Progress = components.Progress{Label: "Copy on " + d.Drive, Percent: -1}
	if file.Status != models.StatusPending {
		return d
	}
	switch {
	case b.Phase == models.PhaseQueued || b.StartedAt == nil:
		d.Chip = components.Chip{Tone: components.ToneQuiet, Icon: "waiting", Text: "Waits"}
		return d
	case b.DumpedAt != nil && file.Size >= b.Size:
		d.Chip.Text = "Comparing"
	default:
		d.Chip.Text = "Copying"
	}
	d.Moves, d.Rate = true, look.sentRate(f.Earlier, i)
	if b.DumpedAt != nil {
		d.Progress.Percent = share(file.Size, b.Size)
	} else if f.Known.Last != nil {
		d.Progress.Percent = share(file.Size, f.Known.Last.Size)
	}
	if look.stands(f.Earlier, i) {
		d.Trouble = waitsFor(f.Recent, d.Drive)
	}
	return d
}

// sentWords says how much of a copy a drive has taken.
func sentWords(b models.Backup, f models.DriveFile) string {
	switch {
	case f.Size == 0:
		return ""
	case f.Status == models.StatusFinished:
		return human.Bytes(f.Size)
	case b.DumpedAt == nil:
		return human.Bytes(f.Size)
	}
	return human.Bytes(min(f.Size, b.Size)) + " of " + human.Bytes(b.Size)
}

// waitsFor returns what the newest lines of a log say of a drive that is tried again.
func waitsFor(log, drive string) string {
	mark := "the copy on " + drive + " waits and is tried again: "
	at := strings.LastIndex(log, mark)
	if at < 0 {
		return ""
	}
	said, _, _ := strings.Cut(log[at+len(mark):], "\n")
	return human.Sentence("it waits and is tried again: " + said)
}
