package restores

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// Filter narrows the lists of restores and drills. Zero fields do not narrow.
type Filter struct {
	Kind    Kind
	Outcome Outcome
	JobID   string
}

// Kind is one of the two lists.
type Kind string

// The lists.
const (
	KindRestores Kind = "restores"
	KindDrills   Kind = "drills"
)

// Outcome is how a restore or a drill ended, in words that hold for both.
type Outcome string

// The outcomes.
const (
	// OutcomeGood is a finished restore, or a drill that has proven its backup.
	OutcomeGood Outcome = "good"
	// OutcomeBad is a failed restore, or a drill that found its backup wrong.
	OutcomeBad Outcome = "bad"
	// OutcomeUnclear is a drill that could not be made.
	OutcomeUnclear Outcome = "unclear"
)

// ParseFilter reads a filter from an address; models.ErrInvalid.
func ParseFilter(q url.Values) (Filter, error) {
	f := Filter{Kind: Kind(q.Get("kind")), Outcome: Outcome(q.Get("outcome")), JobID: q.Get("job")}
	if !slices.Contains([]Kind{"", KindRestores, KindDrills}, f.Kind) {
		return f, models.Invalidf("%q is neither restores nor drills: choose one of the two, or both", string(f.Kind))
	}
	if !slices.Contains([]Outcome{"", OutcomeGood, OutcomeBad, OutcomeUnclear}, f.Outcome) {
		return f, models.Invalidf("%q is no outcome: choose good, bad or unclear", string(f.Outcome))
	}
	if f.JobID != "" {
		return f, models.CheckID(f.JobID)
	}
	return f, nil
}

// IsZero reports whether nothing is narrowed.
func (f Filter) IsZero() bool { return f == Filter{} }

// Restores and Drills report whether a list is shown: no restore ends unclear.
func (f Filter) Restores() bool { return f.Kind != KindDrills && f.Outcome != OutcomeUnclear }

// Drills reports whether the list of drills is shown.
func (f Filter) Drills() bool { return f.Kind != KindRestores }

// OfRestores and OfDrills are the filter as the store knows it.
func (f Filter) OfRestores() models.RestoreFilter {
	status := map[Outcome]models.Status{OutcomeGood: models.StatusFinished, OutcomeBad: models.StatusFailed}
	found := models.RestoreFilter{Status: status[f.Outcome]}
	if f.JobID != "" {
		found.JobIDs = []string{f.JobID}
	}
	return found
}

// OfDrills is the filter of drills.
func (f Filter) OfDrills() models.DrillFilter {
	outcome := map[Outcome]models.DrillOutcome{OutcomeGood: models.DrillProven, OutcomeBad: models.DrillDisproven, OutcomeUnclear: models.DrillUnverified}
	return models.DrillFilter{JobID: f.JobID, Outcome: outcome[f.Outcome]}
}

func (f Filter) values() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"kind": string(f.Kind), "outcome": string(f.Outcome), "job": f.JobID} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// FilterView is the form that narrows the lists.
type FilterView struct {
	Filter
	Jobs []components.Option
}

var (
	kindOptions    = []components.Option{{Label: "Restores and drills"}, {Value: string(KindRestores), Label: "Restores"}, {Value: string(KindDrills), Label: "Drills"}}
	outcomeOptions = []components.Option{
		{Label: "Every outcome"}, {Value: string(OutcomeGood), Label: "Finished, proven"}, {Value: string(OutcomeBad), Label: "Failed, disproven"},
		{Value: string(OutcomeUnclear), Label: "Could not be made"},
	}
)

func newFilterView(f Filter, labels map[string]string) FilterView {
	v := FilterView{Filter: f}
	for id, label := range labels {
		v.Jobs = append(v.Jobs, components.Option{Value: id, Label: label})
	}
	slices.SortFunc(v.Jobs, func(a, b components.Option) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)), cmp.Compare(a.Value, b.Value))
	})
	v.Jobs = append([]components.Option{{Label: "Every job"}}, v.Jobs...)
	return v
}
