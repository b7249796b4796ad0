package plan

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// retire keeps the passphrase of a job that is replaced, or taken away, among its former
// ones: earlier backups are opened with it. It returns the fields from before without it, so
// that a new one gets a name of its own.
func (s *Service) retire(ctx context.Context, fields, before models.Settings, f filled) (models.Settings, error) {
	old, known := models.SecretRef(before[passphraseField])
	if f.kind != models.PlanJob || !known || fields[passphraseField] == before[passphraseField] {
		return before, nil
	}
	kept, err := s.Vault.Reveal(ctx, old)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return before, nil // there is nothing left of it
	case err != nil:
		return before, err
	case kept.Equal(f.typed[passphraseField]):
		return before, nil // the same was typed once more
	}
	former := append(lines(fields[formerField]), before[passphraseField])
	fields[formerField] = strings.Join(former, "\n")
	rest := maps.Clone(before)
	delete(rest, passphraseField)
	return rest, nil
}

// refsOf are the names of the stored secrets that fields refer to.
func refsOf(fields models.Settings) map[string]bool {
	refs := map[string]bool{}
	for _, value := range fields {
		for _, line := range lines(value) {
			if secret, ok := models.SecretRef(line); ok {
				refs[secret] = true
			}
		}
	}
	return refs
}

// forgotten are the stored secrets that fields of something referred to and no longer do,
// and that nothing else refers to.
func (st *state) forgotten(n name, before, now models.Settings) []string {
	var gone []string
	kept := refsOf(now)
	for _, secret := range slices.Sorted(maps.Keys(refsOf(before))) {
		if !kept[secret] && !st.refersTo(secret, n) {
			gone = append(gone, secret)
		}
	}
	return gone
}

// refersTo reports whether the file, or an item other than one, refers to a stored secret.
func (st *state) refersTo(secret string, but name) bool {
	for n, item := range st.items {
		if n != but && refsOf(item.Fields)[secret] {
			return true
		}
	}
	has := func(fields models.Settings) bool { return refsOf(fields)[secret] }
	return slices.ContainsFunc(st.file.Sources, func(x models.Source) bool { return has(x.Settings) }) ||
		slices.ContainsFunc(st.file.Drives, func(x models.Drive) bool { return has(x.Settings) }) ||
		slices.ContainsFunc(st.file.Notifiers, func(x models.Notifier) bool { return has(x.Settings) }) ||
		slices.ContainsFunc(st.file.Jobs, func(x models.PlannedJob) bool { return has(jobFields(x, false)) }) ||
		has(models.Settings{"": st.file.OIDC.ClientSecret.Reveal()})
}
