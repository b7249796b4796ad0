package landing

import (
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// Summary is the answer across all databases.
type Summary struct {
	Tone components.Tone
	Icon string
	// Answer is a word or three, Detail a sentence.
	Answer, Detail string
	Facts          []SummaryFact
	// Drives says which drives failed their newest checks; empty when none did.
	Drives string
	// Room tells of the drives, MoreDrives how many are not told of.
	Room       []DriveLine
	MoreDrives int
	// Next is when the next run is planned; unknown when none is.
	Next components.Moment
	// Swapped says that the summary goes with a fragment and replaces the page's own.
	Swapped bool
}

// SummaryFact is one number across the top.
type SummaryFact struct {
	Term, Value string
	// Note says more in a few words; it may be empty.
	Note   string
	Moment components.Moment
}

// tally sorts the databases and jobs by what can be said of them. A database
// counts by its best job: two jobs may back up the same one.
type tally struct {
	databases int
	// lost are the databases without a backup to restore, unproven those without
	// a proven one.
	lost, unproven []string
	// failing, overdue and waiting are jobs: those whose newest run is no good or wants
	// a look, those that should have run since, and those that never ran.
	failing, overdue, waiting []string
	// left are the labels of what is set up and does not run.
	left         []string
	running      bool
	newest, next *time.Time
}

func count(known []*database) tally {
	t := tally{}
	for _, d := range known {
		t.databases++
		if !d.restorable {
			t.lost = append(t.lost, d.name)
		}
		if d.proven == nil {
			t.unproven = append(t.unproven, d.name)
		}
		for i, f := range d.jobs {
			t.add(f, d.states[i])
		}
	}
	return t
}

// restorable says that there is a backup which is not known to be bad.
func restorable(f JobFacts) bool {
	return f.NewestProven != nil || goodCopies(f.Newest) > 0 || f.Partly != nil || f.NewestFinished != nil && !disproven(f)
}

func (t *tally) add(f JobFacts, s State) {
	switch s {
	case Failing, Disproven, Suspect:
		t.failing = append(t.failing, f.Job.Label)
	case Overdue:
		t.overdue = append(t.overdue, f.Job.Label)
	case Never:
		t.waiting = append(t.waiting, f.Job.Label)
	case Running:
		t.running = true
	}
	if b := newestGood(f); b != nil && (t.newest == nil || b.CreatedAt.After(*t.newest)) {
		t.newest = &b.CreatedAt
	}
	if f.NextRun != nil && (t.next == nil || f.NextRun.Before(*t.next)) {
		t.next = f.NextRun
	}
}

// newestGood is the newest backup with a copy that can be restored.
func newestGood(f JobFacts) *models.Backup {
	if goodCopies(f.Newest) > 0 {
		return f.Newest
	}
	if partlyIsNewest(f) {
		return f.Partly
	}
	return f.NewestFinished
}

// newSummary answers for all databases together, and tells of the drives.
func newSummary(known []*database, f Facts, now time.Time) Summary {
	t := count(known)
	for _, l := range f.Left {
		t.left = append(t.left, l.Label)
	}
	s := answer(t)
	s.Drives = driveWords(f.Drives)
	if s.Drives != "" && s.Tone == components.ToneGood {
		s.Tone, s.Icon, s.Answer = components.ToneWarn, "warning", "Yes, but look"
	}
	s.Room, s.MoreDrives = driveLines(f.Drives)
	s.Facts = []SummaryFact{
		{Term: "Proven by a test restore", Value: ratio(t.databases-len(t.unproven), t.databases), Note: ratio(t.databases-len(t.lost), t.databases) + " backed up"},
		stored(f.Drives),
		success(f.Pasts),
		{Term: "Newest backup", Moment: components.Ago(now, t.newest), Value: "none yet"},
	}
	s.Next = components.Ago(now, t.next)
	return s
}

// stored tells how much all drives hold.
func stored(drives []DriveFacts) SummaryFact {
	bytes, on := int64(0), int64(0)
	for _, d := range drives {
		if d.Bytes > 0 {
			bytes, on = bytes+d.Bytes, on+1
		}
	}
	if on == 0 {
		return SummaryFact{Term: "Stored", Value: "nothing yet"}
	}
	return SummaryFact{Term: "Stored", Value: human.Bytes(bytes), Note: "on " + human.Plural(on, "drive")}
}

// success tells how many of the runs of the last days went well.
func success(pasts map[string]Past) SummaryFact {
	good, all := 0, 0
	for _, p := range pasts {
		good, all = good+p.Good, all+p.Good+p.Bad
	}
	f := SummaryFact{Term: "Success in " + strconv.Itoa(PastDays) + " days", Value: "no run yet"}
	if all > 0 {
		f.Value, f.Note = percent(good, all), ratio(good, all)+" runs"
	}
	return f
}

// percent never says that all went well, or nothing did, where that is not so.
func percent(part, whole int) string {
	n := part * 100 / whole
	if n == 0 && part > 0 {
		return "under 1 %"
	}
	return strconv.Itoa(n) + " %"
}

// answer is the one word that the page is there for.
func answer(t tally) Summary {
	switch {
	case len(t.lost) == t.databases && t.running && len(t.failing) == 0:
		return Summary{Tone: components.ToneBusy, Icon: "turning", Answer: "Not yet", Detail: "The first backup is being made."}
	case len(t.lost) == t.databases:
		return Summary{Tone: components.ToneBad, Icon: "cross", Answer: "No", Detail: "There is no backup to restore from."}
	case len(t.lost) > 0:
		return Summary{Tone: components.ToneBad, Icon: "warning", Answer: "Only partly", Detail: "Nothing of " + human.Names(t.lost) + " can be restored."}
	case len(t.failing)+len(t.overdue)+len(t.left) > 0:
		return Summary{Tone: components.ToneWarn, Icon: "warning", Answer: "Yes, but look", Detail: "Every database can be restored." + attention(t)}
	case len(t.unproven) > 0:
		return Summary{Tone: components.ToneWarn, Icon: "check", Answer: "Very likely", Detail: "Every database is backed up, but no test restore has proven " + human.Names(t.unproven) + " yet."}
	}
	detail := "Every database has a backup that was restored as a test and found equal."
	if len(t.waiting) > 0 {
		detail += " Waiting for a first run: " + human.Names(t.waiting) + "."
	}
	return Summary{Tone: components.ToneGood, Icon: "shield", Answer: "Yes", Detail: detail}
}

// attention says what needs a look.
func attention(t tally) string {
	said := ""
	if len(t.failing) > 0 {
		said += " What needs attention: " + human.Names(t.failing) + "."
	}
	if len(t.overdue) > 0 {
		said += " Without the backup that was due: " + human.Names(t.overdue) + "."
	}
	if len(t.left) > 0 {
		said += " Set up and not running: " + human.Names(t.left) + "."
	}
	return said
}

func ratio(part, whole int) string {
	return human.Count(int64(part)) + " of " + human.Count(int64(whole))
}
