package retention

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
)

// held is one copy as the promises see it. What follows is written from the documentation
// of retention, not from the planner: it asks of each copy alone whether it must stay.
type held struct {
	backup *models.Backup
	file   *models.DriveFile
	remove bool
}

// good reports whether a copy may be counted on.
func (h held) good() bool {
	return h.backup.Status != models.StatusPending && h.backup.DumpedAt != nil && h.backup.DisprovenAt == nil && h.file.Status == models.StatusFinished
}

// newer reports whether a copy is of a newer backup than another, or comes before it
// within one backup.
func (h held) newer(than held) bool {
	a, b := h.backup, than.backup
	if a.ID == b.ID {
		return slices.IndexFunc(a.DriveFiles, h.is) < slices.IndexFunc(a.DriveFiles, than.is)
	}
	if !a.CreatedAt.Equal(b.CreatedAt) {
		return a.CreatedAt.After(b.CreatedAt)
	}
	return a.ID > b.ID
}

func (h held) is(f models.DriveFile) bool { return f.ID == h.file.ID }

// broken returns the first promise that a plan breaks; empty when it keeps all.
func broken(s models.RetentionSnapshot, o PlanOptions, p models.RetentionPlan) string {
	if o.Rules != nil {
		s.Job.Retention, s.Job.DriveRetention = *o.Rules, nil
	}
	all, problem := gather(s, p)
	if problem != "" {
		return problem
	}
	if why := mustRest(s, o); (why != "") != (p.Rests != "") {
		return fmt.Sprintf("the plan rests because %q, and must because %q", p.Rests, why)
	}
	if p.Rests != "" && len(Due(p)) > 0 {
		return "something is removed although the plan rests"
	}
	zone, err := s.Job.Location()
	if err != nil {
		return err.Error()
	}
	now := o.Now.In(zone)
	for _, h := range all {
		if why := mustStay(h, all, s, now); h.remove && why != "" {
			return fmt.Sprintf("%s is removed (%s), and must stay: %s", h.file.ID, reasonsOf(p, h.file.ID), why)
		} else if !h.remove && why == "" {
			return fmt.Sprintf("%s stays (%s), and nothing asks for it", h.file.ID, reasonsOf(p, h.file.ID))
		}
	}
	return ""
}

// gather pairs the copies that there are with what the plan says: each once, the newest
// backup first, and each with a reason.
func gather(s models.RetentionSnapshot, p models.RetentionPlan) ([]held, string) {
	there := map[string]bool{}
	for _, b := range s.Backups {
		for _, f := range b.DriveFiles {
			there[f.ID] = true
		}
	}
	if len(p.Backups) != len(s.Backups) {
		return nil, fmt.Sprintf("the plan has %d backups of %d", len(p.Backups), len(s.Backups))
	}
	var all []held
	for i, d := range p.Backups {
		if i > 0 && d.Backup.CreatedAt.After(p.Backups[i-1].Backup.CreatedAt) {
			return nil, "the plan is not in the order of time"
		}
		for n, c := range d.Copies {
			if !there[c.DriveFile.ID] {
				return nil, c.DriveFile.ID + " is decided about twice, or is not there"
			}
			delete(there, c.DriveFile.ID)
			if len(c.Reasons) == 0 || slices.Contains(c.Reasons, "") {
				return nil, c.DriveFile.ID + " has no reason"
			}
			all = append(all, held{&p.Backups[i].Backup, &p.Backups[i].Copies[n].DriveFile, c.Remove})
		}
	}
	if len(there) > 0 {
		return nil, fmt.Sprintf("%d copies are not decided about", len(there))
	}
	return all, ""
}

func reasonsOf(p models.RetentionPlan, id string) string {
	for _, b := range p.Backups {
		for _, c := range b.Copies {
			if c.DriveFile.ID == id {
				return fmt.Sprint(c.Reasons)
			}
		}
	}
	return ""
}

func mustRest(s models.RetentionSnapshot, o PlanOptions) string {
	switch {
	case s.Job.RemovedAt != nil:
		return "not configured"
	case s.Job.PausedAt != nil:
		return "paused"
	case s.Alarms > 0:
		return "frozen"
	case !o.ByHand && s.Job.RetentionAt != nil && o.Now.Before(s.Job.RetentionAt.Add(time.Hour)):
		return "new rules"
	}
	if len(s.Backups) == 0 {
		return ""
	}
	newest := slices.MaxFunc(s.Backups, func(a, b models.Backup) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	if newest.Status == models.StatusFailed {
		return "the newest failed"
	}
	if slices.ContainsFunc(s.Backups, func(b models.Backup) bool { return b.Status == models.StatusPending }) {
		return "one is pending"
	}
	return ""
}

// mustStay returns what asks for a copy to stay; empty when nothing does. now is in the
// zone of the job.
func mustStay(h held, all []held, s models.RetentionSnapshot, now time.Time) string {
	rules := s.Job.RetentionOn(h.file.DriveID)
	switch {
	case rules.IsZero():
		return "no rules"
	case h.backup.Status == models.StatusPending || h.file.Status == models.StatusPending:
		return "pending"
	case s.Reading[h.backup.ID] != "":
		return "read"
	case h.backup.PinnedAt != nil && (h.backup.PinnedUntil == nil || h.backup.PinnedUntil.After(now)):
		return "pinned"
	case h.file.LockedUntil != nil && h.file.LockedUntil.After(now):
		return "locked"
	case s.Gone[h.file.DriveID]:
		return "drive gone"
	case ofNewestProven(h, all):
		return "newest proven"
	case h.good():
		return goodStays(h, all, rules, now)
	case h.backup.DisprovenAt != nil:
		if slices.ContainsFunc(all, func(o held) bool { return o.good() && o.file.DriveID == h.file.DriveID && o.newer(h) }) {
			return ""
		}
		return "no newer good copy"
	}
	return failedStays(h, all)
}

func ofNewestProven(h held, all []held) bool {
	proven := func(o held) bool { return o.good() && o.backup.ProvenAt != nil }
	of := func(o held) bool { return o.backup.ID == h.backup.ID && proven(o) }
	newer := func(o held) bool { return o.backup.ID != h.backup.ID && proven(o) && o.newer(h) }
	return slices.ContainsFunc(all, of) && !slices.ContainsFunc(all, newer)
}

// goodStays asks the rules about a good copy.
func goodStays(h held, all []held, r models.Retention, now time.Time) string {
	var beside []held
	for _, o := range all {
		if o.good() && o.file.DriveID == h.file.DriveID {
			beside = append(beside, o)
		}
	}
	if !slices.ContainsFunc(beside, func(o held) bool { return o.newer(h) }) {
		return "newest good on its drive"
	}
	alone := r.Last+r.Hourly+r.Daily+r.Weekly+r.Monthly+r.Yearly == 0 && r.Within == 0
	why := ruleKeeps(h, beside, r, now)
	if alone {
		why = "fits"
	}
	if why == "" || r.MaxSize == 0 {
		return why
	}
	var sum int64
	for _, o := range beside {
		if (alone || ruleKeeps(o, beside, r, now) != "") && !h.newer(o) {
			sum += o.file.Size
		}
	}
	if sum > r.MaxSize {
		return ""
	}
	return why
}

// ruleKeeps returns the rule that keeps a good copy among those beside it on its drive.
func ruleKeeps(h held, beside []held, r models.Retention, now time.Time) string {
	newer := map[string]bool{} // by their ids: a drive may hold two copies of one backup
	for _, o := range beside {
		if o.backup.ID != h.backup.ID && o.newer(h) {
			newer[o.backup.ID] = true
		}
	}
	if len(newer) < r.Last {
		return "last"
	}
	if h.backup.CreatedAt.After(now.Add(-r.Within)) && r.Within > 0 {
		return "within"
	}
	for i, most := range []int{r.Hourly, r.Daily, r.Weekly, r.Monthly, r.Yearly} {
		if most == 0 {
			continue
		}
		mine, others := periodOf(i, h, now.Location()), map[string]bool{}
		for _, o := range beside {
			if o.newer(h) {
				others[periodOf(i, o, now.Location())] = true
			}
		}
		if !others[mine] && len(others) < most {
			return "period"
		}
	}
	return ""
}

// periodOf names the hour, day, week, month or year of a copy.
func periodOf(i int, h held, zone *time.Location) string {
	t := h.backup.CreatedAt.In(zone)
	year, month, day := t.Date()
	switch i {
	case 0:
		_, offset := t.Zone()
		return fmt.Sprint(year, month, day, t.Hour(), offset)
	case 1:
		return fmt.Sprint(year, month, day)
	case 2:
		monday := time.Date(year, month, day-(int(t.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
		return monday.String()
	case 3:
		return fmt.Sprint(year, month)
	}
	return fmt.Sprint(year)
}

// failedStays says what a copy that is not good stays for.
func failedStays(h held, all []held) string {
	had := false
	var oldest *held
	for _, o := range all {
		if !o.good() {
			continue
		}
		if o.backup.ID == h.backup.ID {
			had = true
			if !o.remove {
				return "a good copy of the backup is kept"
			}
		}
		if !o.remove && (oldest == nil || oldest.newer(o)) {
			oldest = &o
		}
	}
	switch {
	case had:
		return ""
	case h.file.HealAt != nil:
		return "heals"
	case oldest == nil || !oldest.newer(h):
		return "nothing that is kept is only younger"
	}
	return ""
}

// applied is what is left of a history after a plan was carried out.
func applied(s models.RetentionSnapshot, p models.RetentionPlan) models.RetentionSnapshot {
	gone := map[string]bool{}
	for _, c := range p.Removals() {
		gone[c.DriveFile.ID] = true
	}
	var left []models.Backup
	for _, b := range s.Backups {
		files := slices.DeleteFunc(slices.Clone(b.DriveFiles), func(f models.DriveFile) bool { return gone[f.ID] })
		if len(files) > 0 || len(b.DriveFiles) == 0 {
			b.DriveFiles = files
			left = append(left, b)
		}
	}
	s.Backups = left
	return s
}

// floorBroken returns what was on the floor before a plan was carried out and is not there
// after it; empty when all is.
func floorBroken(before, after models.RetentionSnapshot, now time.Time) string {
	was, is := floor(before, now), floor(after, now)
	for name, copies := range was {
		if is[name] != copies {
			return fmt.Sprintf("%s was %q and is %q", name, copies, is[name])
		}
	}
	return ""
}

// floor names what no rule may reach: the newest good copy on each drive, all copies of
// the newest proven backup, and what is pinned, locked, read, being made or on a drive
// that left the configuration.
func floor(s models.RetentionSnapshot, now time.Time) map[string]string {
	backups := slices.Clone(s.Backups)
	slices.SortFunc(backups, func(a, b models.Backup) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID)) })
	found := map[string]string{}
	for _, b := range backups {
		proven := false
		ids := ""
		for _, f := range b.DriveFiles {
			good := held{backup: &b, file: &f}.good()
			if newest := "the newest good copy on " + f.DriveID; good && found[newest] == "" {
				found[newest] = f.ID
			}
			proven = proven || good && b.ProvenAt != nil
			if f.LockedUntil != nil && f.LockedUntil.After(now) {
				found["the locked "+f.ID] = f.ID
			}
			if s.Gone[f.DriveID] {
				found["on a drive that is gone "+f.ID] = f.ID
			}
			ids += f.ID + " "
		}
		if proven && found["the newest proven"] == "" {
			found["the newest proven"] = ids
		}
		if b.Pinned(now) || s.Reading[b.ID] != "" || b.Status == models.StatusPending {
			found["the backup "+b.ID] = ids
		}
	}
	return found
}
