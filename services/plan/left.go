package plan

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/backupman/backupman/models"
)

// spare hands the catalog as much of a plan as it takes: one thing that was set up must not
// keep the others from running. The items are added to the file's plan one after the other,
// and those with which it is refused are left out. cause is returned when the file's own
// plan is refused, because nobody can leave that out.
func (s *Service) spare(ctx context.Context, whole *state, cause error) (*state, error) {
	good, refused := map[name]models.PlanItem{}, map[name]string{}
	if s.Reach == Looks || len(whole.items) == 0 || s.takes(ctx, s.merge(whole.file, whole.revision, good, nil)) != nil {
		return nil, cause
	}
	for _, n := range inOrder(whole.items) {
		good[n] = whole.items[n]
		next := s.merge(whole.file, whole.revision, good, nil)
		if next.left[n] != "" {
			continue
		}
		err := s.takes(ctx, next)
		if errors.Is(err, models.ErrBusy) || ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			refused[n] = "it can't be applied: " + sentence(err)
			delete(good, n)
		}
	}
	if len(refused) == 0 {
		return nil, cause
	}
	next := s.merge(whole.file, whole.revision, whole.items, refused)
	return next, s.hand(ctx, next)
}

// takes has the catalog apply a plan that may be a part of one: nothing else goes.
func (s *Service) takes(ctx context.Context, st *state) error {
	part := st.plan
	part.Revision, part.Keep = st.revision, true
	return s.Catalog.Apply(ctx, part)
}

// Left says what is set up on pages and is no part of the plan, and why; a sentence each.
func (s *Service) Left() []string {
	st, all := s.current.Load(), []string{}
	for _, n := range slices.SortedFunc(maps.Keys(st.left), compareNames) {
		all = append(all, "the "+string(n.kind)+" "+n.label+", which was set up on a page, is left out: "+st.left[n])
	}
	return all
}

// LeftOut returns what is set up on pages and is no part of the plan, by kind and label.
func (s *Service) LeftOut(ctx context.Context) ([]models.LeftItem, error) {
	st, all := s.current.Load(), []models.LeftItem{}
	for _, n := range slices.SortedFunc(maps.Keys(st.left), compareNames) {
		if st.inFile(n) {
			continue // what has this label runs, and is shown
		}
		id, err := s.Store.PlanID(ctx, n.kind, n.label)
		if err != nil {
			return nil, err
		}
		all = append(all, models.LeftItem{Kind: n.kind, Label: n.label, ID: id, Reason: st.left[n]})
	}
	return all, nil
}

// tellLeft logs what is set up and no part of the plan, once.
func (s *Service) tellLeft(next *state) {
	before := s.current.Load().left
	for _, n := range slices.SortedFunc(maps.Keys(next.left), compareNames) {
		if before[n] != next.left[n] {
			s.Log.Warn("something that was set up on a page is left out", "kind", string(n.kind), "label", n.label, "reason", next.left[n])
		}
	}
}

// SecretUses tells what items that are no part of the plan use stored secrets for, by the
// names of the secrets: they count once the items do.
func (s *Service) SecretUses() map[string][]string {
	st, uses := s.current.Load(), map[string][]string{}
	for n := range st.left {
		for field, value := range st.items[n].Fields {
			for secret := range refsOf(models.Settings{field: value}) {
				uses[secret] = append(uses[secret], string(n.kind)+" "+n.label+", which is left out: "+field)
			}
		}
	}
	return uses
}
