package plan

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

// name is what an item is found by.
type name struct {
	kind  models.PlanKind
	label string
}

// state is what is configured at one moment: the file and the items together.
type state struct {
	file     config.Config
	fileHas  map[name]bool
	revision string
	items    map[name]models.PlanItem
	plan     models.Plan
	// left says why items are no part of the plan, and faults what is wrong with those
	// that can't be read.
	left   map[name]string
	faults map[name]error
	// refused are those of left that could be read and not be applied.
	refused map[name]string
}

// order is that in which items are read: what others name comes before them.
var order = []models.PlanKind{models.PlanSource, models.PlanDrive, models.PlanJob, models.PlanNotifier}

// tries bounds how often a change is made again because another one came first.
const tries = 20

// Use makes a configuration file the one that the plan begins with, and applies the plan.
func (s *Service) Use(ctx context.Context, file config.Config) error {
	s.applying.Lock()
	before := s.file
	s.file = file
	s.applying.Unlock()
	err := s.apply(ctx)
	if err != nil {
		s.applying.Lock()
		defer s.applying.Unlock()
		s.file = before
	}
	return err
}

// apply puts the file and what is stored together, and makes that the catalog's plan.
func (s *Service) apply(ctx context.Context) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	for attempt := 1; ; attempt++ {
		next, err := s.look(ctx, s.file)
		if err != nil {
			return err
		}
		if err = s.hand(ctx, next); err != nil && !errors.Is(err, models.ErrBusy) {
			next, err = s.spare(ctx, next, err)
		}
		if errors.Is(err, models.ErrBusy) && attempt < tries {
			continue
		}
		if err != nil {
			return err
		}
		s.tellLeft(next)
		s.current.Store(next)
		s.tellChange()
		return nil
	}
}

// hand gives the catalog a plan, as far as this process may change rows.
func (s *Service) hand(ctx context.Context, next *state) error {
	plan := next.plan
	plan.Revision, plan.Keep = next.revision, s.Reach != Rules || next.file.File == ""
	nothing := next.file.File == "" && len(next.items) == 0
	if s.Reach == Looks || nothing {
		s.Catalog.Load(plan)
		return nil
	}
	if err := s.compareOnce(ctx, next); err != nil {
		return err
	}
	return s.Catalog.Apply(ctx, plan)
}

// look reads what is stored now, and puts it together with a file.
func (s *Service) look(ctx context.Context, file config.Config) (*state, error) {
	revision, err := s.Store.PlanRevision(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := s.Store.PlanItems(ctx)
	if err != nil {
		return nil, err
	}
	items := make(map[name]models.PlanItem, len(stored))
	for _, i := range stored {
		items[name{i.Kind, i.Label}] = i
	}
	return s.merge(file, revision, items, nil), nil
}

// merge puts a file and items together. What the file names wins; what can't be read is
// left out, and so is what was refused, with the reasons for that.
func (s *Service) merge(file config.Config, revision string, items map[name]models.PlanItem, refused map[name]string) *state {
	next := &state{file: file, revision: revision, items: items, plan: file.Plan(), left: map[name]string{}, faults: map[name]error{}, refused: refused}
	next.fileHas = namesOf(next.plan)
	for n := range items {
		if !slices.Contains(order, n.kind) {
			next.left[n] = "this version knows nothing of that kind: use the version that it was set up with, or a newer one"
		}
	}
	for _, n := range inOrder(items) {
		switch reason, isRefused := refused[n]; {
		case next.inFile(n):
			next.left[n] = "the configuration file names one of this label, which hides it"
		case items[n].Unreadable:
			next.left[n] = "what is stored of it is damaged: delete it, and set it up again"
			next.faults[n] = models.Conflictf("what is stored of the %s %q is damaged: delete it, and set it up again", n.kind, n.label)
		case isRefused:
			next.left[n] = reason
		default:
			plan, err := file.ReadItem(items[n], next.plan, s.Options.Kinds)
			if err != nil {
				next.left[n], next.faults[n] = mistakes(err), err
				continue
			}
			next.plan = plan
		}
	}
	return next
}

// inOrder are the names of items of the kinds that there are, in which order they are read.
func inOrder(items map[name]models.PlanItem) []name {
	var all []name
	for _, kind := range order {
		for _, n := range slices.SortedFunc(maps.Keys(items), compareNames) {
			if n.kind == kind {
				all = append(all, n)
			}
		}
	}
	return all
}

// mistakes tells what is wrong with an item, with the names of its fields.
func mistakes(err error) string {
	var wrong models.FieldErrors
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	var all []string
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		all = append(all, strings.TrimPrefix(field+": "+wrong[field], ": "))
	}
	return strings.Join(all, "; ")
}

func compareNames(a, b name) int {
	switch {
	case a == b:
		return 0
	case a.kind < b.kind || a.kind == b.kind && a.label < b.label:
		return -1
	}
	return 1
}

// namesOf are the names of what a plan has.
func namesOf(p models.Plan) map[name]bool {
	names := map[name]bool{}
	for _, x := range p.Sources {
		names[name{models.PlanSource, x.Label}] = true
	}
	for _, x := range p.Drives {
		names[name{models.PlanDrive, x.Label}] = true
	}
	for _, x := range p.Jobs {
		names[name{models.PlanJob, x.Job.Label}] = true
	}
	for _, x := range p.Notifiers {
		names[name{models.PlanNotifier, x.Label}] = true
	}
	return names
}

// inFile reports whether the file names something.
func (st *state) inFile(n name) bool { return st.fileHas[n] }

// origin tells where something comes from; empty when it is not configured.
func (st *state) origin(n name) models.Origin {
	if st.inFile(n) {
		return models.OriginFile
	}
	if _, ok := st.items[n]; ok {
		return models.OriginPage
	}
	return ""
}

// present reads what is stored now beside the file of the moment.
func (s *Service) present(ctx context.Context) (*state, error) {
	return s.look(ctx, s.current.Load().file)
}

// Origin tells where something comes from; models.ErrNotFound when it is not configured.
func (s *Service) Origin(_ context.Context, kind models.PlanKind, label string) (models.Origin, error) {
	if o := s.current.Load().origin(name{kind, label}); o != "" {
		return o, nil
	}
	return "", unknown(name{kind, label})
}

// Place tells where the configuration file names something: the name of the file, without its
// folder, and the line, which is 0 where it is not known. Without such a thing the name is empty.
func (s *Service) Place(kind models.PlanKind, label string) (file string, line int) {
	st := s.current.Load()
	if !st.inFile(name{kind, label}) || st.file.File == "" {
		return "", 0
	}
	return filepath.Base(st.file.File), st.file.Line(kind, label)
}

func unknown(n name) error {
	return models.NotFoundf("there is no %s called %q: it may have left the configuration", n.kind, n.label)
}
