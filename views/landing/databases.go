package landing

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// DatabaseLine tells how well one database is proven.
type DatabaseLine struct {
	Name, Kind string
	Chip       components.Chip
	// Proven is its newest proven backup.
	Proven CardBackup
	// RestoreTook says how long a restore takes; empty while that is not known.
	RestoreTook string
}

// database is what the jobs of one source make together.
type database struct {
	name, provider string
	restorable     bool
	// proven is the newest proven backup of all its jobs.
	proven *models.Backup
	// disproven says that the newest backup of one of its jobs was found wrong.
	disproven bool
	// took is how long the newest measured restore took.
	took time.Duration
}

// databases gathers the jobs by their source, in the order in which these come up.
func databases(facts []JobFacts) []*database {
	found, order := map[string]*database{}, []*database(nil)
	for _, f := range facts {
		d, ok := found[f.Job.SourceID]
		if !ok {
			d = &database{name: databaseName(f), provider: f.SourceProvider}
			found[f.Job.SourceID], order = d, append(order, d)
		}
		d.add(f)
	}
	return order
}

func (d *database) add(f JobFacts) {
	d.restorable = d.restorable || restorable(f)
	d.disproven = d.disproven || disproven(f)
	if f.NewestProven == nil || d.proven != nil && !f.NewestProven.CreatedAt.After(d.proven.CreatedAt) {
		return
	}
	d.proven, d.took = f.NewestProven, f.NewestProven.RestoreTook
}

func databaseName(f JobFacts) string {
	if f.SourceLabel == "" {
		return f.Job.Label
	}
	return f.SourceLabel
}

func databaseLines(facts []JobFacts, now time.Time) []DatabaseLine {
	var lines []DatabaseLine
	for _, d := range databases(facts) {
		line := DatabaseLine{Name: d.name, Chip: d.chip(), Proven: cardBackup(d.proven, now)}
		if d.provider != "" {
			line.Kind = backups.ProviderName(d.provider)
		}
		if d.took > 0 {
			line.RestoreTook = human.Duration(d.took)
		}
		lines = append(lines, line)
	}
	return lines
}

func (d *database) chip() components.Chip {
	switch {
	case d.disproven:
		return Disproven.chip()
	case d.proven != nil:
		return Proven.chip()
	case d.restorable:
		return Unproven.chip()
	}
	return components.Chip{Tone: components.ToneBad, Icon: "cross", Text: "Nothing to restore"}
}
