package runs

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// Facts is what is known of a run that has not ended.
type Facts struct {
	// About names it for those who cannot see the bar.
	About       string
	Phase       models.RestorePhase
	Done, Total int64
	// CancelAsked says that somebody wants it to stop.
	CancelAsked bool
	CreatedAt   time.Time
	// Path is where the part of the page asks for the next look.
	Path string
}

// Meter is how far a run has come.
type Meter struct {
	// Doing is a short sentence.
	Doing    string
	Progress components.Progress
	// Moves says that there is something to show a bar for.
	Moves bool
	// Bytes, Rate and Elapsed are words; empty when there is nothing to tell.
	Bytes, Rate, Elapsed string
	// NextPath is where to look again.
	NextPath string
}

// NewMeter builds the meter from what is known, and from what the page saw before.
func NewMeter(f Facts, earlier Look, now time.Time) Meter {
	look := Look{Phase: f.Phase, Done: f.Done, At: now}
	m := Meter{Doing: Doing(f.Phase), NextPath: f.Path + "?" + look.query(), Elapsed: human.Duration(max(now.Sub(f.CreatedAt), 0))}
	if f.CancelAsked {
		m.Doing = "Stopping"
	}
	if f.Phase == models.RestoreQueued {
		return m
	}
	m.Moves, m.Rate, m.Bytes = true, look.rate(earlier), bytesWords(f.Done, f.Total)
	m.Progress = components.Progress{Label: "Progress of " + f.About, Percent: percent(f.Done, f.Total)}
	return m
}

func bytesWords(done, total int64) string {
	switch {
	case done <= 0:
		return ""
	case total <= 0:
		return human.Bytes(done)
	}
	return human.Bytes(min(done, total)) + " of " + human.Bytes(total)
}

// percent is -1 where nobody can tell. It stays below 100, because only the end of
// the phase is its end.
func percent(done, total int64) int {
	if total <= 0 || done <= 0 {
		return -1
	}
	return int(min(float64(done)/float64(total)*100, 99))
}

// OfDrill gathers what is known of a running drill of a backup of a label.
func OfDrill(d models.Drill, label, path string) Facts {
	return Facts{About: "the drill of " + label, Phase: d.Phase, Done: d.Done, Total: d.Total, CancelAsked: d.CancelAsked, CreatedAt: d.CreatedAt, Path: path}
}

// OfRestore gathers what is known of a running restore.
func OfRestore(r models.Restore, path string) Facts {
	return Facts{About: "the restore of " + r.Label, Phase: r.Phase, Done: r.Done, Total: r.Total, CancelAsked: r.CancelAsked, CreatedAt: r.CreatedAt, Path: path}
}
