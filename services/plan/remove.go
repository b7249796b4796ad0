package plan

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// Remove takes something out of the configuration, with its own secrets. Backups and
// copies stay. models.ErrConflict while something depends on it, and for what the file names.
func (s *Service) Remove(ctx context.Context, kind models.PlanKind, label, by string) error {
	n := name{kind, label}
	err := s.insist(ctx, func(st *state) error {
		switch st.origin(n) {
		case models.OriginFile:
			return inFile(n)
		case models.OriginPage:
		default:
			return unknown(n)
		}
		if left := st.dependents(n); len(left) > 0 {
			return models.Conflictf("the %s %q is used by %s: change or delete that first", kind, label, strings.Join(left, ", "))
		}
		return s.Store.RemovePlanItem(ctx, models.PlanChange{
			Item:     models.PlanItem{Kind: kind, Label: label, UpdatedBy: by},
			Revision: st.revision, Forget: st.forgotten(n, st.items[n].Fields, nil),
		})
	})
	if err != nil {
		return err
	}
	return s.apply(ctx)
}

// Dependents tells what would be left without something, as parts of a sentence such as
// "the job nightly".
func (s *Service) Dependents(ctx context.Context, kind models.PlanKind, label string) ([]string, error) {
	st, err := s.present(ctx)
	if err != nil {
		return nil, err
	}
	if st.origin(name{kind, label}) == "" {
		return nil, unknown(name{kind, label})
	}
	return st.dependents(name{kind, label}), nil
}

func (st *state) dependents(n name) []string {
	var left []string
	add := func(other name, fields models.Settings) {
		if st.uses(other.kind, fields, n) {
			left = append(left, "the "+string(other.kind)+" "+other.label)
		}
	}
	for _, j := range st.file.Jobs {
		add(name{models.PlanJob, j.Job.Label}, jobFields(j, false))
	}
	for _, x := range st.file.Notifiers {
		add(name{models.PlanNotifier, x.Label}, notifierFields(x))
	}
	for _, other := range slices.SortedFunc(maps.Keys(st.items), compareNames) {
		if !st.inFile(other) {
			add(other, st.items[other].Fields)
		}
	}
	return left
}

// uses reports whether fields of some kind name something.
func (st *state) uses(kind models.PlanKind, fields models.Settings, n name) bool {
	switch {
	case kind == models.PlanNotifier:
		return n.kind == models.PlanJob && slices.Contains(lines(fields["jobs"]), n.label)
	case kind != models.PlanJob:
		return false
	case n.kind == models.PlanSource:
		return fields["data_source"] == n.label || fields["drill.scratch"] == n.label
	case n.kind != models.PlanDrive:
		return false
	}
	drives := lines(fields["drives"])
	onlyOne := len(drives) == 0 && len(st.plan.Drives) == 1
	return slices.Contains(drives, n.label) || onlyOne || hasRulesOn(fields, n.label)
}

func hasRulesOn(fields models.Settings, drive string) bool {
	for field := range fields {
		if rule, ok := strings.CutPrefix(field, "retention.drives."+drive+"."); ok && !strings.Contains(rule, ".") {
			return true
		}
	}
	return false
}

// lines are the entries of a list, one a line.
func lines(text string) []string {
	var all []string
	for entry := range strings.SplitSeq(text, "\n") {
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, entry)
		}
	}
	return all
}
