package landing

import (
	"cmp"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/charts"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// Row is one database: how well it is protected, by what, and what to do about it.
type Row struct {
	// ID is that of its source.
	ID, Name, Kind string
	State          State
	Chip           components.Chip
	// Reason says why it is judged so.
	Reason string
	// Proven is its newest proven backup, Newest the newest that can be restored.
	Proven, Newest CardBackup
	// RestoreTook says how long a restore takes; empty while that is not known.
	RestoreTook string
	// Copies are those of its newest proven backup, or else of its newest.
	Copies []Copy
	// NextRun is the first of its jobs to run; unknown when none is planned.
	NextRun, NextIn components.Moment
	// Paused says that all of its schedules are.
	Paused bool
	// Strip, Size and Took are the pictures of its past; the strip has no days where no job
	// backs it up.
	Strip      charts.Strip
	Size, Took charts.Spark
	// Mend is what mends the database where no job of it does; nil where nothing is to mend.
	Mend *Button
	Jobs []JobCard
	// Swapped says that the head of the row goes with a fragment and replaces the page's own.
	Swapped bool
}

// Copy is one place where a backup is.
type Copy struct {
	Drive string
	Tone  components.Tone
	// Trouble says what is wrong with it; empty when nothing is.
	Trouble string
}

// database is what the jobs of one source make together.
type database struct {
	id, name, provider string
	jobs               []JobFacts
	states             []State
	restorable         bool
	// proven is the newest proven backup of all its jobs.
	proven *models.Backup
	// disproven says that the newest backup of one of its jobs was found wrong.
	disproven bool
}

// databases gathers the jobs by their source. Sources that no job backs up come last.
func databases(facts []JobFacts, sources []models.Source) []*database {
	found, order := map[string]*database{}, []*database(nil)
	for _, f := range facts {
		d, ok := found[f.Job.SourceID]
		if !ok {
			d = &database{id: f.Job.SourceID, name: databaseName(f), provider: f.SourceProvider}
			found[d.id], order = d, append(order, d)
		}
		d.add(f)
	}
	for _, s := range sources {
		if found[s.ID] == nil {
			order = append(order, &database{id: s.ID, name: s.Label, provider: s.Provider})
		}
	}
	return order
}

func (d *database) add(f JobFacts) {
	d.jobs, d.states = append(d.jobs, f), append(d.states, Judge(f))
	d.restorable = d.restorable || restorable(f)
	d.disproven = d.disproven || disproven(f)
	if f.NewestProven != nil && (d.proven == nil || f.NewestProven.CreatedAt.After(d.proven.CreatedAt)) {
		d.proven = f.NewestProven
	}
}

func databaseName(f JobFacts) string {
	return cmp.Or(f.SourceLabel, f.Job.Label)
}

// judge decides what can be said of the database: what is wrong with one of its jobs, or
// else the best that one of them has done. A run that is under way changes nothing before
// it has ended. why is the job that it is about; nil without jobs.
func (d *database) judge() (s State, why *JobFacts) {
	if len(d.jobs) == 0 {
		return Unprotected, nil
	}
	worst, at := d.worst(Disproven)
	if worst == Never && d.restorable {
		worst, at = d.worst(Never + 1) // another job of it has a backup, and says more
	}
	if worst > Never && d.proven != nil {
		return Proven, &d.jobs[d.provenBy()]
	}
	return worst, &d.jobs[at]
}

// worst is the worst state of a job that is none before a given one, and the job's place.
func (d *database) worst(from State) (worst State, at int) {
	worst = Proven
	for i := range d.jobs {
		if s := settledState(d.states[i], d.jobs[i]); s >= from && s <= worst {
			worst, at = s, i
		}
	}
	return worst, at
}

// provenBy is the place of the job whose backup is proven.
func (d *database) provenBy() int {
	return max(0, slices.IndexFunc(d.jobs, func(f JobFacts) bool { return f.NewestProven == d.proven }))
}

// settledState is what could be said of a job if its run were not under way.
func settledState(s State, f JobFacts) State {
	if s != Running || f.NewestFinished == nil {
		return s
	}
	settled := f
	settled.Newest, settled.Due = f.NewestFinished, nil
	return Judge(settled)
}

// newest is the newest backup of the database that can be restored.
func (d *database) newest() (newest *models.Backup) {
	for _, f := range d.jobs {
		if b := newestGood(f); b != nil && (newest == nil || b.CreatedAt.After(newest.CreatedAt)) {
			newest = b
		}
	}
	return newest
}

// newRow builds the row of a database.
func newRow(d *database, f Facts, now time.Time) Row {
	state, why := d.judge()
	row := Row{ID: d.id, Name: d.name, State: state, Chip: d.chip(state, now), Reason: d.reason(state, why, now)}
	if d.provider != "" {
		row.Kind = backups.ProviderName(d.provider)
	}
	newest := d.newest()
	row.Proven, row.Newest = cardBackup(d.proven, now), cardBackup(newest, now)
	if d.proven != nil && d.proven.RestoreTook > 0 {
		row.RestoreTook = human.Duration(d.proven.RestoreTook)
	}
	row.Copies = copies(cmp.Or(d.proven, newest), f.Drives)
	row.addTimes(d, now)
	row.addPast(d, f.Pasts[d.id])
	row.addJobs(d, f, now)
	row.Mend = d.mend(row, f.Drives)
	return row
}

// chip says the verdict in a word or two.
func (d *database) chip(s State, now time.Time) components.Chip {
	c := s.chip()
	switch s {
	case Proven:
		c.Since = components.Ago(now, d.proven.ProvenAt)
	case Unproven:
		c.Text = "Backed up, not proven"
	}
	return c
}

// reason says in a sentence why the database is judged so.
func (d *database) reason(s State, why *JobFacts, now time.Time) string {
	if why == nil {
		return "No job backs it up."
	}
	newest := d.newest()
	switch {
	case s == Proven && newest != nil && newest.CreatedAt.After(d.proven.CreatedAt):
		return "The backup of " + human.Age(now, d.proven.CreatedAt) + " was restored as a test and found equal. The newest, of " + human.Age(now, newest.CreatedAt) + ", is not proven yet."
	case s == Proven:
		return "Restored as a test " + human.Age(now, *d.proven.ProvenAt) + " and found equal, table by table."
	}
	said := verdict(s, *why, now)
	if len(d.jobs) > 1 && s.NeedsAttention() {
		said = why.Job.Label + ": " + said
	}
	return said
}

// copies tells where a backup is, and which of the places are in trouble.
func copies(b *models.Backup, drives []DriveFacts) []Copy {
	if b == nil {
		return nil
	}
	found := make([]Copy, 0, len(b.DriveFiles))
	for _, file := range b.DriveFiles {
		at := slices.IndexFunc(drives, func(d DriveFacts) bool { return d.ID == file.DriveID })
		c := Copy{Drive: "a drive that is gone", Tone: components.ToneQuiet}
		if at >= 0 {
			c.Drive = drives[at].Label
		}
		switch {
		case file.Status == models.StatusFailed && b.Cancelled():
			c.Trouble = "its run was cancelled before it was made"
		case file.Status == models.StatusFailed:
			c.Tone, c.Trouble = components.ToneBad, "the copy failed"
		case file.Status == models.StatusPending:
			c.Tone, c.Trouble = components.ToneBusy, "on its way"
		case at < 0:
			c.Tone, c.Trouble = components.ToneWarn, "its drive left the configuration"
		case drives[at].Trouble:
			c.Tone, c.Trouble = components.ToneWarn, "the drive failed its newest check"
		}
		found = append(found, c)
	}
	return found
}

// addTimes adds when the database is backed up next.
func (r *Row) addTimes(d *database, now time.Time) {
	var next *JobFacts
	paused := 0
	for i := range d.jobs {
		f := &d.jobs[i]
		if f.Job.PausedAt != nil {
			paused++
		} else if f.NextRun != nil && (next == nil || f.NextRun.Before(*next.NextRun)) {
			next = f
		}
	}
	r.Paused = paused > 0 && paused == len(d.jobs)
	if next != nil {
		r.NextRun, r.NextIn = components.At(*next.NextRun, zone(next.Job)), components.Ago(now, next.NextRun)
	}
}

// addPast adds the pictures.
func (r *Row) addPast(d *database, past Past) {
	if len(d.jobs) == 0 {
		return
	}
	r.Strip = charts.Strip{Label: d.name, Path: "/jobs/" + d.jobs[0].Job.ID + "#history", Days: past.Days}
	r.Size = charts.Spark{Term: "Size", Subject: d.name, Values: past.Sizes}
	r.Took = charts.Spark{Term: "Duration", Subject: d.name, Values: past.Took}
	if n := len(past.Sizes); n > 0 {
		r.Size.First, r.Size.Last = human.Bytes(int64(past.Sizes[0])), human.Bytes(int64(past.Sizes[n-1]))
		r.Took.First, r.Took.Last = human.Duration(seconds(past.Took[0])), human.Duration(seconds(past.Took[n-1]))
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// addJobs adds the cards of the jobs, the most urgent first.
func (r *Row) addJobs(d *database, f Facts, now time.Time) {
	for _, j := range d.jobs {
		card := NewJobCard(j, now)
		card.Alone = len(d.jobs) == 1
		card.Named = card.Alone && card.Label == r.Name
		if b := signIn(j, f.Drives); b != nil && card.State == Failing {
			card.Mend = b
		}
		r.Jobs = append(r.Jobs, card)
	}
	slices.SortStableFunc(r.Jobs, func(a, b JobCard) int {
		return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Label, b.Label))
	})
}
