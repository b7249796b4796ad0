package plan

import (
	"context"
	"maps"
	"slices"

	"github.com/backupman/backupman/models"
)

// Differences says in which way what servers use is another configuration than this
// process's was when it began, a sentence each: what one names is not run by the other. It
// is told to commands, whose configuration removes nothing, and means nothing where no
// server runs.
func (s *Service) Differences() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.differences
}

// compareOnce notes the differences before a command makes what it names part of what there is.
func (s *Service) compareOnce(ctx context.Context, next *state) error {
	if s.compared || s.Reach != Adds || next.file.File == "" {
		return nil
	}
	used, err := s.used(ctx)
	if err != nil {
		return err
	}
	var told []string
	here := namesOf(next.plan)
	for _, n := range sortedNames(used) {
		if !here[n] {
			told = append(told, "servers use the "+string(n.kind)+" "+n.label+", which "+next.file.File+" does not name: give every server and command the same configuration")
		}
	}
	for _, n := range missing(here, used) {
		told = append(told, "no server uses the "+string(n.kind)+" "+n.label+", which "+next.file.File+" names: give every server the same configuration")
	}
	s.compared = true
	s.mu.Lock()
	defer s.mu.Unlock()
	s.differences = told
	return nil
}

// tellTaken logs, once, what this server's configuration names and another server's has taken
// out of use.
func (s *Service) tellTaken(ctx context.Context) error {
	if s.Reach != Rules {
		return nil
	}
	used, err := s.used(ctx)
	if err != nil {
		return err
	}
	st := s.current.Load()
	if revision, err := s.Store.PlanRevision(ctx); err != nil || revision != st.revision {
		return err // it is taken out on a page
	}
	taken := map[name]bool{}
	for _, n := range missing(namesOf(st.plan), used) {
		if taken[n] = true; !s.taken[n] {
			s.Log.Warn("another server has taken out of use what this one's configuration names, so nothing runs it: give every server the same configuration, and restart this one",
				"kind", string(n.kind), "label", n.label)
		}
	}
	s.taken = taken
	return nil
}

// used are the names of what has rows that are in use.
func (s *Service) used(ctx context.Context) (map[name]bool, error) {
	sources, err := s.Store.Sources(ctx)
	if err != nil {
		return nil, err
	}
	drives, err := s.Store.Drives(ctx)
	if err != nil {
		return nil, err
	}
	jobs, err := s.Store.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	names := map[name]bool{}
	for _, x := range sources {
		names[name{models.PlanSource, x.Label}] = true
	}
	for _, x := range drives {
		names[name{models.PlanDrive, x.Label}] = true
	}
	for _, x := range jobs {
		names[name{models.PlanJob, x.Label}] = true
	}
	return names, nil
}

// missing are those of a plan that have no row in use. Notifiers have none.
func missing(planned, used map[name]bool) []name {
	return slices.DeleteFunc(sortedNames(planned), func(n name) bool { return used[n] || n.kind == models.PlanNotifier })
}

func sortedNames(names map[name]bool) []name {
	return slices.SortedFunc(maps.Keys(names), compareNames)
}
