package plan

import (
	"context"
	"errors"
	"maps"

	"github.com/backupman/backupman/models"
)

// Save checks and keeps a draft, makes it part of the running configuration at once, and
// returns its id, or its label for a notifier. isNew as in Check; models.ErrConflict for
// what the configuration file names.
func (s *Service) Save(ctx context.Context, draft models.PlanDraft, isNew bool, by string) (id string, err error) {
	if err := s.insist(ctx, func(st *state) error { return s.saveOnce(ctx, st, draft, isNew, by) }); err != nil {
		return "", err
	}
	if err := s.apply(ctx); err != nil {
		return "", err
	}
	n := name{draft.Kind, draft.Label}
	if reason, left := s.current.Load().refused[n]; left {
		return "", models.Conflictf("the %s %q is saved, and left out: %s", n.kind, n.label, reason)
	}
	return s.id(ctx, n)
}

// insist makes a change again, as long as others come first. What was checked is looked at
// anew each time.
func (s *Service) insist(ctx context.Context, change func(st *state) error) error {
	for attempt := 1; ; attempt++ {
		st, err := s.present(ctx)
		if err != nil {
			return err
		}
		err = change(st)
		if !errors.Is(err, models.ErrBusy) || attempt >= tries || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Service) saveOnce(ctx context.Context, st *state, draft models.PlanDraft, isNew bool, by string) error {
	_, f, err := s.check(st, draft, isNew)
	if err != nil {
		return err
	}
	if err := s.unmoved(ctx, st, f, draft.Moved); err != nil {
		return err
	}
	item := models.PlanItem{Kind: f.kind, Label: f.label, Fields: maps.Clone(f.fields), UpdatedBy: by}
	before := st.items[f.name].Fields
	retired, err := s.retire(ctx, item.Fields, before, f)
	if err != nil {
		return err
	}
	values, err := s.seal(ctx, item.Fields, retired, f)
	if err != nil {
		return err
	}
	change := models.PlanChange{Item: item, New: isNew, Revision: st.revision, Forget: st.forgotten(f.name, before, item.Fields)}
	return s.Vault.SetSecrets(ctx, values, by, func(sealed []models.StoredSecret) error {
		change.Secrets = sealed
		return s.Store.SavePlanItem(ctx, change)
	})
}

// seal replaces the secrets that were typed by references, and returns them by the names
// that they get.
func (s *Service) seal(ctx context.Context, fields, before models.Settings, f filled) (map[string]models.Secret, error) {
	values := map[string]models.Secret{}
	if len(f.typed) == 0 {
		return values, nil
	}
	stored, err := s.Vault.StoredSecrets(ctx)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, secret := range stored {
		taken[secret.Name] = true
	}
	for field, secret := range f.typed {
		own, known := models.SecretRef(before[field])
		if !known {
			own = freeName(taken, f.name, field)
		}
		values[own], fields[field] = secret, "${secret:"+own+"}"
	}
	return values, nil
}

// id returns the id of what has just been saved.
func (s *Service) id(ctx context.Context, n name) (string, error) {
	switch n.kind {
	case models.PlanSource:
		row, err := s.Store.SourceByLabel(ctx, n.label)
		return row.ID, err
	case models.PlanDrive:
		row, err := s.Store.DriveByLabel(ctx, n.label)
		return row.ID, err
	case models.PlanJob:
		row, err := s.Store.JobByLabel(ctx, n.label)
		return row.ID, err
	}
	return n.label, nil
}
