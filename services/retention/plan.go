// Package retention decides which copies of backups are kept, and removes the others.
//
// The decision is a pure function (Plan) of what there is, the rules and the clock, and
// says of each copy why it stays or goes. Below the rules lies a floor that no rule
// reaches (guards.go): what is kept whatever they say. And there are states in which
// nothing is removed at all (rests.go).
//
// A removal is written down in the transaction that takes the copy off its backup, before
// a drive is asked, and tried until the drive has confirmed it (remove.go). So a process
// may end at any point: nothing is removed that was not written down, and nothing that
// was written down is forgotten.
package retention

import (
	"cmp"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
)

// PlanOptions are what a plan depends on besides the snapshot.
type PlanOptions struct {
	Now time.Time
	// ByHand says that a person asks for the removal now, who needs no time to think.
	ByHand bool
	// Rules, when set, take the place of the job's own on all drives.
	Rules *models.Retention
}

// Plan decides about all copies of a job. It changes nothing that it is given.
func Plan(s models.RetentionSnapshot, o PlanOptions) models.RetentionPlan {
	return planner{guards: guards, rests: rests}.plan(s, o)
}

// Due returns the copies that a plan removes now: none while it rests.
func Due(p models.RetentionPlan) []models.CopyDecision {
	if p.Rests != "" {
		return nil
	}
	return p.Removals()
}

// planner is Plan with guards and rests of its own, of which tests leave some out.
type planner struct {
	guards []guard
	rests  []rest
}

func (p planner) plan(s models.RetentionSnapshot, o PlanOptions) models.RetentionPlan {
	if o.Rules != nil {
		s.Job.Retention, s.Job.DriveRetention = *o.Rules, nil
	}
	f := factsOf(s, o)
	for _, c := range f.copies {
		p.judge(f, c)
	}
	kept := f.goodKept()
	for _, c := range f.copies {
		if c.undecided {
			c.judgeFailed(kept)
		}
	}
	plan := models.RetentionPlan{Job: s.Job, Backups: f.decisions()}
	for _, r := range p.rests {
		if plan.Rests = r.why(f); plan.Rests != "" {
			plan.ByHand = r.byItself
			break
		}
	}
	return plan
}

// judge decides about one copy, or leaves it undecided when that depends on the others.
func (p planner) judge(f *facts, c *copyFacts) {
	for _, g := range p.guards {
		c.keepFor(g.why(f, c))
	}
	rules := f.Job.RetentionOn(c.file.DriveID)
	switch {
	case rules.IsZero():
		c.keepFor("no rules hold for " + f.drive(c) + ", where all is kept")
	case c.good:
		for _, reason := range c.ruled {
			c.keepFor(reason)
		}
		c.otherwiseGo(cmp.Or(c.cut, "no rule of retention keeps it"))
	case c.backup.DisprovenAt != nil:
		if newest := f.newestGood[c.file.DriveID]; newest == nil || newest.rank > c.rank {
			c.keepFor("a drill found it wrong, and " + f.drive(c) + " has no newer good copy")
		}
		c.otherwiseGo("a drill found it wrong, and " + f.drive(c) + " has a newer good copy")
	default:
		c.undecided = !c.decided()
	}
}

// judgeFailed decides about a copy that is not good: it goes with the last good copy of
// its backup. Where there never was one it goes when all that is kept is younger.
func (c *copyFacts) judgeFailed(all keptCopies) {
	switch kept, had := all.ofRank[c.rank]; {
	case kept > 0:
		c.keepFor("failed, and a good copy of the backup is kept")
	case had:
		c.otherwiseGo("failed, and the last good copy of the backup goes")
	case c.file.HealAt != nil:
		c.keepFor("failed, and is made again by itself")
	case c.rank > all.oldest && len(all.ofRank) > 0:
		c.otherwiseGo("failed, and all that is kept is younger")
	case len(all.ofRank) > 0:
		c.keepFor("failed, and an older backup is kept")
	default:
		c.keepFor("failed, and there is no good copy yet")
	}
}

// keptCopies says which good copies are kept.
type keptCopies struct {
	// ofRank counts them by their backup, also when none of its good copies is kept.
	ofRank map[int]int
	// oldest is the rank of the oldest backup of which one is kept.
	oldest int
}

func (f *facts) goodKept() keptCopies {
	all := keptCopies{ofRank: map[int]int{}}
	for _, c := range f.copies {
		if !c.good {
			continue
		}
		all.ofRank[c.rank] += 0
		if !c.decision.Remove {
			all.ofRank[c.rank]++
			all.oldest = c.rank
		}
	}
	return all
}

// facts is a snapshot, sorted out.
type facts struct {
	models.RetentionSnapshot
	now    time.Time
	byHand bool
	zone   *time.Location
	// copies are all, those of the newest backup first.
	copies []*copyFacts
	// newestGood has the newest good copy on each drive, by the drive's id.
	newestGood map[string]*copyFacts
	// goodOn counts the backups with a good copy on each drive.
	goodOn map[string]int
	// proven is the rank of the newest proven backup that has a good copy; -1 when
	// there is none.
	proven int
}

// copyFacts is one copy and what is decided about it.
type copyFacts struct {
	backup *models.Backup
	file   models.DriveFile
	// rank is the place of the backup, from the newest on, which is 0.
	rank int
	// good says that the copy may be counted on.
	good bool
	// ruled are why the rules keep a good copy, cut why its size does not let them.
	ruled     []string
	cut       string
	undecided bool
	decision  models.CopyDecision
}

func (c *copyFacts) keepFor(reason string) {
	if reason != "" {
		c.decision.Reasons = append(c.decision.Reasons, reason)
	}
}

func (c *copyFacts) decided() bool { return len(c.decision.Reasons) > 0 }

// otherwiseGo removes a copy that nothing keeps.
func (c *copyFacts) otherwiseGo(reason string) {
	if !c.decided() {
		c.decision.Remove = true
		c.keepFor(reason)
	}
}

// isGood reports whether a copy may be counted on: it is finished, of a backup that is
// not being made, whose dump is proven, and that no drill found wrong.
func isGood(b models.Backup, f models.DriveFile) bool {
	return f.Status == models.StatusFinished && b.Status.Settled() && b.DumpedAt != nil && b.DisprovenAt == nil
}

func factsOf(s models.RetentionSnapshot, o PlanOptions) *facts {
	f := &facts{RetentionSnapshot: s, now: o.Now, byHand: o.ByHand, newestGood: map[string]*copyFacts{}, goodOn: map[string]int{}, proven: -1}
	var err error
	if f.zone, err = s.Job.Location(); err != nil {
		f.zone = time.UTC
	}
	f.Backups = slices.Clone(s.Backups)
	slices.SortStableFunc(f.Backups, newestFirst)
	for rank := range f.Backups {
		f.add(rank)
	}
	f.applyRules()
	return f
}

// newestFirst orders backups: of those made at one moment the greater id is newer.
func newestFirst(a, b models.Backup) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
}

// add notes the copies of a backup.
func (f *facts) add(rank int) {
	b := &f.Backups[rank]
	on := map[string]bool{}
	for _, file := range b.DriveFiles {
		c := &copyFacts{backup: b, file: file, rank: rank, good: isGood(*b, file), decision: models.CopyDecision{DriveFile: file}}
		f.copies = append(f.copies, c)
		if !c.good {
			continue
		}
		if !on[file.DriveID] {
			on[file.DriveID] = true
			f.goodOn[file.DriveID]++
		}
		if f.newestGood[file.DriveID] == nil {
			f.newestGood[file.DriveID] = c
		}
		if f.proven < 0 && b.ProvenAt != nil {
			f.proven = rank
		}
	}
}

// isNewestProven reports whether a copy is of the newest proven backup.
func (f *facts) isNewestProven(c *copyFacts) bool { return c.rank == f.proven }

// isNewestGood reports whether a copy is the newest good one on its drive, and isLastGood
// whether no other backup has one there.
func (f *facts) isNewestGood(c *copyFacts) bool { return f.newestGood[c.file.DriveID] == c }

func (f *facts) isLastGood(c *copyFacts) bool {
	return f.isNewestGood(c) && f.goodOn[c.file.DriveID] == 1
}

// applyRules asks the rules of each drive about its good copies.
func (f *facts) applyRules() {
	onDrive := map[string][]*copyFacts{}
	for _, c := range f.copies {
		if c.good {
			onDrive[c.file.DriveID] = append(onDrive[c.file.DriveID], c)
		}
	}
	for id, copies := range onDrive {
		apply(f.Job.RetentionOn(id), copies, f.now, f.zone)
	}
}

// drive is what a copy's drive is called.
func (f *facts) drive(c *copyFacts) string {
	return cmp.Or(f.Drives[c.file.DriveID], c.file.DriveID)
}

func (f *facts) decisions() []models.BackupDecision {
	all := make([]models.BackupDecision, len(f.Backups))
	for i, b := range f.Backups {
		all[i].Backup = b
	}
	for _, c := range f.copies {
		all[c.rank].Copies = append(all[c.rank].Copies, c.decision)
	}
	return all
}
