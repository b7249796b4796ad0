package plan

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// Draft returns what is configured as a form shows it, of the file, too: Secrets has an
// entry, empty, for each secret that is set.
func (s *Service) Draft(ctx context.Context, kind models.PlanKind, label string) (models.PlanDraft, error) {
	st, err := s.present(ctx)
	if err != nil {
		return models.PlanDraft{}, err
	}
	fields, ok := st.fieldsOf(name{kind, label})
	if !ok {
		return models.PlanDraft{}, unknown(name{kind, label})
	}
	draft := models.PlanDraft{Kind: kind, Label: label, Fields: maps.Clone(fields), Secrets: map[string]models.Secret{}}
	for _, field := range s.secretFields(kind, fields["provider"]) {
		if fields[field] != "" {
			draft.Secrets[field] = models.Secret{}
		}
		delete(draft.Fields, field)
	}
	delete(draft.Fields, formerField)
	if item, ok := st.items[name{kind, label}]; ok && st.origin(name{kind, label}) == models.OriginPage {
		draft.Version = versionOf(item)
	}
	return draft, nil
}

// filled is a draft with the secrets that stay.
type filled struct {
	name
	fields models.Settings
	// typed are the secrets that were typed; fields has them, too.
	typed map[string]models.Secret
}

// fill puts a draft and what is stored of it together. The error is a models.FieldErrors.
func (s *Service) fill(st *state, draft models.PlanDraft) (filled, error) {
	f := filled{name: name{draft.Kind, draft.Label}, fields: s.openFields(draft), typed: map[string]models.Secret{}}
	known, _ := st.fieldsOf(f.name)
	faults := s.onlyInFile(draft.Kind, known, f.fields)
	if draft.Fields[formerField] != "" {
		faults[formerField] = "is kept by itself: leave it out"
	}
	delete(f.fields, formerField)
	if f.kind == models.PlanJob {
		set(f.fields, formerField, known[formerField])
	}
	var kept []string
	for _, field := range s.secretFields(draft.Kind, f.fields["provider"]) {
		typed := draft.Secrets[field]
		switch {
		case draft.Fields[field] != "":
			faults[field] = "is a secret, which is sent beside the other fields"
		case refers(typed):
			faults[field] = "can't be a reference to a stored secret here: type the secret itself"
		case !typed.Empty():
			f.typed[field], f.fields[field] = typed, typed.Reveal()
		case known[field] == "" || slices.Contains(draft.Forget, field) || f.useless(field):
		default:
			f.fields[field] = known[field]
			kept = append(kept, field)
		}
	}
	if changed := s.receivers(draft.Kind, known, f.fields); len(changed) > 0 {
		for _, field := range kept {
			faults[field] = "must be typed again, because who gets it depends on " + strings.Join(changed, ", ")
		}
	}
	if len(faults) > 0 {
		return f, faults
	}
	return f, nil
}

func refers(secret models.Secret) bool {
	_, ok := models.SecretRef(secret.Reveal())
	return ok
}

// useless tells the private key that stays of a job which is no longer encrypted to public
// keys.
func (f filled) useless(field string) bool {
	return f.kind == models.PlanJob && field == identityField && f.fields["encryption.recipients"] == ""
}

// openFields are the fields of a draft that are no secrets and not empty. Forms may send
// those of other kinds along, which are left out.
func (s *Service) openFields(draft models.PlanDraft) models.Settings {
	provider := strings.TrimSpace(draft.Fields["provider"])
	secret, fields := s.secretFields(draft.Kind, provider), models.Settings{}
	for field, value := range draft.Fields {
		value = strings.TrimSpace(strings.ReplaceAll(value, "\r\n", "\n"))
		if value != "" && !slices.Contains(secret, field) && !s.ofOthers(draft.Kind, provider, field) {
			fields[field] = value
		}
	}
	return fields
}

// ofOthers tells a setting that other kinds declare and this one does not.
func (s *Service) ofOthers(kind models.PlanKind, provider, field string) bool {
	others := false
	for _, k := range s.kinds(kind) {
		if _, ok := k.Setting(field); ok && k.Provider == provider {
			return false
		} else if ok {
			others = true
		}
	}
	return others
}

// check reads a draft as part of everything that is set up, and returns what that would
// be then. The error is a models.FieldErrors, or says that the draft can't be saved at all.
func (s *Service) check(st *state, draft models.PlanDraft, isNew bool) (*state, filled, error) {
	n := name{draft.Kind, draft.Label}
	origin := st.origin(n)
	switch {
	case isNew && origin != "":
		return nil, filled{}, models.FieldErrors{"label": "is taken: there is a " + string(n.kind) + " of that label already"}
	case isNew:
	case origin == models.OriginFile:
		return nil, filled{}, inFile(n)
	case origin == "":
		return nil, filled{}, unknown(n)
	}
	f, _ := s.fill(st, draft) // whose mistakes are told when it is read
	if err := s.outdated(st, f, draft.Version); err != nil {
		return nil, f, err
	}
	return s.read(st, draft)
}

func inFile(n name) error {
	return models.Conflictf("the %s %q is in the configuration file: change it there", n.kind, n.label)
}

// read reads a draft in place of what has its name.
func (s *Service) read(st *state, draft models.PlanDraft) (*state, filled, error) {
	f, err := s.fill(st, draft)
	wrong := models.FieldErrors{}
	if err != nil && !errors.As(err, &wrong) {
		return nil, f, err
	}
	items := maps.Clone(st.items)
	if items == nil {
		items = map[name]models.PlanItem{}
	}
	items[f.name] = models.PlanItem{Kind: f.kind, Label: f.label, Fields: f.fields}
	next := s.merge(st.file, st.revision, items, nil)
	var more models.FieldErrors
	if errors.As(next.faults[f.name], &more) {
		for field, sentence := range more {
			if _, told := wrong[field]; !told {
				wrong[field] = sentence
			}
		}
	} else if next.faults[f.name] != nil {
		return nil, f, next.faults[f.name]
	}
	if len(wrong) == 0 {
		wrong = st.broken(next, f.name)
	}
	if len(wrong) > 0 {
		return nil, f, wrong
	}
	return next, f, nil
}

// broken tells what could be read before and can't be any more.
func (st *state) broken(next *state, because name) models.FieldErrors {
	for _, n := range slices.SortedFunc(maps.Keys(next.faults), compareNames) {
		if _, before := st.faults[n]; !before && n != because {
			return models.FieldErrors{"": "the " + string(n.kind) + " " + n.label + " would no longer fit: " + next.left[n]}
		}
	}
	return nil
}

// Check reads a draft as Save does and saves nothing. isNew says that its label must be
// free. Its error is a models.FieldErrors when the draft has mistakes.
func (s *Service) Check(ctx context.Context, draft models.PlanDraft, isNew bool) error {
	st, err := s.present(ctx)
	if err != nil {
		return err
	}
	_, f, err := s.check(st, draft, isNew)
	if err != nil {
		return err
	}
	return s.unmoved(ctx, st, f, draft.Moved)
}

// Job returns the job that a draft of one would make, for previews; models.FieldErrors.
func (s *Service) Job(ctx context.Context, draft models.PlanDraft) (models.PlannedJob, error) {
	st, err := s.present(ctx)
	if err != nil {
		return models.PlannedJob{}, err
	}
	draft.Kind = models.PlanJob
	next, _, err := s.read(st.withoutFileJob(draft.Label), draft)
	if err != nil {
		return models.PlannedJob{}, err
	}
	for _, j := range next.plan.Jobs {
		if j.Job.Label == draft.Label {
			return j, nil
		}
	}
	return models.PlannedJob{}, unknown(name{models.PlanJob, draft.Label})
}

// withoutFileJob lets a preview read a job in place of one of the file.
func (st *state) withoutFileJob(label string) *state {
	if !st.inFile(name{models.PlanJob, label}) {
		return st
	}
	other := *st // its names are made anew when it is merged
	other.file.Jobs = slices.DeleteFunc(slices.Clone(st.file.Jobs), func(j models.PlannedJob) bool { return j.Job.Label == label })
	return &other
}
