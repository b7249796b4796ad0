package jobs

import (
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// Rules are the rules of retention on some of a job's drives, in words.
type Rules struct {
	// Where names the drives.
	Where string
	Words string
}

// newRules says the rules of a job, once for all drives that have the same.
func newRules(job models.Job, name func(driveID string) string) []Rules {
	type group struct {
		rules models.Retention
		names []string
	}
	var groups []*group
	for _, id := range job.DriveIDs {
		rules := job.RetentionOn(id)
		at := slices.IndexFunc(groups, func(g *group) bool { return g.rules == rules })
		if at < 0 {
			groups, at = append(groups, &group{rules: rules}), len(groups)
		}
		groups[at].names = append(groups[at].names, name(id))
	}
	found := make([]Rules, 0, len(groups))
	for _, g := range groups {
		found = append(found, Rules{Where: human.List(g.names), Words: RetentionWords(g.rules)})
	}
	return found
}

// RetentionWords says rules of retention as a sentence.
func RetentionWords(r models.Retention) string {
	var kept []string
	if r.Last > 0 {
		kept = append(kept, newest(r.Last))
	}
	if periods := periodWords(r); periods != "" {
		kept = append(kept, "the newest copy of each of the last "+periods)
	}
	if r.Within > 0 {
		kept = append(kept, "everything younger than "+human.Length(r.Within))
	}
	switch {
	case r.IsZero():
		return "Everything is kept."
	case len(kept) == 0:
		return "As many of the newest copies as fit into " + human.Bytes(r.MaxSize) + "."
	case r.MaxSize > 0:
		return human.Sentence(human.List(kept) + ", as far as all of it fits into " + human.Bytes(r.MaxSize))
	}
	return human.Sentence(human.List(kept))
}

func newest(n int) string {
	if n == 1 {
		return "the newest copy"
	}
	return "the newest " + human.Count(int64(n)) + " copies"
}

// periodWords says of which periods of the calendar a copy is kept: "7 days, 4 weeks and 12 months".
func periodWords(r models.Retention) string {
	var found []string
	for _, p := range []struct {
		n    int
		noun string
	}{{r.Hourly, "hour"}, {r.Daily, "day"}, {r.Weekly, "week"}, {r.Monthly, "month"}, {r.Yearly, "year"}} {
		if p.n > 0 {
			found = append(found, human.Plural(int64(p.n), p.noun))
		}
	}
	return human.List(found)
}

// RetentionYAML writes rules down as the configuration file reads them, on one line.
func RetentionYAML(r models.Retention) string {
	var parts []string
	for _, f := range fields {
		if text := f.text(r); text != "" {
			parts = append(parts, f.name+": "+text)
		}
	}
	return "retention: {" + strings.Join(parts, ", ") + "}"
}
