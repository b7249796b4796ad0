package jobs

import (
	"cmp"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// partLength is how many backups one part of the plan shows.
const partLength = 25

// Plan is what the rules say of all copies of a job.
type Plan struct {
	// Rests says why nothing is removed now; empty when nothing forbids it.
	Rests string
	// Removes and Keeps sum the plan up; Backups is how many it is about.
	Removes, Keeps Sum
	Backups        int
	// Rows are those of the part that is shown, what loses copies first.
	Rows []PlanRow
	// Range says which part it is, such as "26 to 50 of 312"; empty when that is all.
	Range string
	// BeforePath and AfterPath lead to the parts beside it; empty when there is none.
	BeforePath, AfterPath string
}

// Sum counts copies, and the drives that they are on.
type Sum struct {
	Copies int
	Bytes  int64
	Drives []string
}

// Words say a sum: "3 copies (1.2 GB)".
func (s Sum) Words() string {
	return human.Plural(int64(s.Copies), "copy", "copies") + " (" + human.Bytes(s.Bytes) + ")"
}

// PlanRow is what the rules say of one backup.
type PlanRow struct {
	Path  string
	Made  components.Moment
	Age   components.Moment
	Size  int64
	Proof backups.ProofMark
	// Pinned says that somebody asked for it to be kept.
	Pinned bool
	Copies []PlanCopy
}

// PlanCopy is what the rules say of one copy, or of several of which they say the same.
type PlanCopy struct {
	Drives []string
	Goes   bool
	Reason string
}

// newPlan lays a plan out. from is the place of the first row that is shown.
func newPlan(f Facts, now time.Time) Plan {
	p := Plan{Rests: human.Sentence(f.Plan.Rests), Backups: len(f.Plan.Backups)}
	for _, b := range f.Plan.Backups {
		for _, c := range b.Copies {
			sum := &p.Keeps
			if c.Remove {
				sum = &p.Removes
			}
			sum.add(c.DriveFile, f.driveName(c.DriveFile.DriveID))
		}
	}
	ordered := removalsFirst(f.Plan.Backups)
	from := min(max(f.From, 0), max(len(ordered)-1, 0)) / partLength * partLength
	to := min(from+partLength, len(ordered))
	for _, d := range ordered[from:to] {
		p.Rows = append(p.Rows, newPlanRow(f, d, now))
	}
	if len(ordered) > partLength {
		p.Range = human.Count(int64(from+1)) + " to " + human.Count(int64(to)) + " of " + human.Plural(int64(len(ordered)), "backup")
	}
	if from > 0 {
		p.BeforePath = planPath(f.Job.ID, f.Form, from-partLength)
	}
	if to < len(ordered) {
		p.AfterPath = planPath(f.Job.ID, f.Form, to)
	}
	return p
}

func (s *Sum) add(file models.DriveFile, drive string) {
	s.Copies++
	s.Bytes += file.Size
	if !slices.Contains(s.Drives, drive) {
		s.Drives = append(s.Drives, drive)
	}
}

// removalsFirst orders backups by how much of them goes: all copies, some, none. Among
// equals the order stays, which is newest first.
func removalsFirst(all []models.BackupDecision) []models.BackupDecision {
	ordered := slices.Clone(all)
	rank := func(d models.BackupDecision) int {
		switch {
		case len(d.Copies) > 0 && d.Gone():
			return 0
		case slices.ContainsFunc(d.Copies, func(c models.CopyDecision) bool { return c.Remove }):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(ordered, func(a, b models.BackupDecision) int { return cmp.Compare(rank(a), rank(b)) })
	return ordered
}

func newPlanRow(f Facts, d models.BackupDecision, now time.Time) PlanRow {
	b := d.Backup
	row := PlanRow{Path: backups.Path(b.ID), Made: clock(b.CreatedAt, f.Job, now), Age: components.Ago(now, &b.CreatedAt), Size: b.Size, Proof: backups.NewProofMark(b, now), Pinned: b.Pinned(now)}
	for _, c := range d.Copies {
		row.add(PlanCopy{Drives: []string{f.driveName(c.DriveFile.DriveID)}, Goes: c.Remove, Reason: human.List(c.Reasons)})
	}
	for _, c := range row.Copies {
		slices.Sort(c.Drives)
	}
	slices.SortStableFunc(row.Copies, func(a, b PlanCopy) int { return cmp.Compare(a.Drives[0], b.Drives[0]) })
	return row
}

// add tells of another copy, together with those of which the same is said.
func (r *PlanRow) add(c PlanCopy) {
	for i, other := range r.Copies {
		if other.Goes == c.Goes && other.Reason == c.Reason {
			r.Copies[i].Drives = append(other.Drives, c.Drives...)
			return
		}
	}
	r.Copies = append(r.Copies, c)
}

// verb is what becomes of the copies: "goes", "go", "stays" or "stay".
func (c PlanCopy) verb() string {
	switch {
	case len(c.Drives) > 1 && c.Goes:
		return "go"
	case len(c.Drives) > 1:
		return "stay"
	case c.Goes:
		return "goes"
	}
	return "stays"
}
