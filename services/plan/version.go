package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// versionOf is a digest of something as it is stored. It changes with every save, also with
// one that replaced a secret alone.
func versionOf(i models.PlanItem) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q%q%d", i.Kind, i.Label, i.CreatedAt.UnixMicro())
	if i.UpdatedAt != nil {
		fmt.Fprintf(sum, "-%d", i.UpdatedAt.UnixMicro())
	}
	for _, field := range slices.Sorted(maps.Keys(i.Fields)) {
		fmt.Fprintf(sum, "%q%q", field, i.Fields[field])
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// outdated returns a models.OutdatedError when a draft was made from something that has
// been saved again since. A draft without a version is not looked at.
func (s *Service) outdated(st *state, f filled, version string) error {
	item, ok := st.items[f.name]
	now := versionOf(item)
	if !ok || version == "" || version == now {
		return nil
	}
	who := item.UpdatedBy
	if who == "" {
		who = "somebody"
	}
	sentence := fmt.Sprintf("the %s %q was changed by %s since you opened it", f.kind, f.label, who)
	if differ := s.difference(item.Fields, f); len(differ) > 0 {
		sentence += ", and now has " + strings.Join(differ, ", ")
	}
	return &models.OutdatedError{Fault: &models.Fault{Kind: models.ErrConflict, Sentence: sentence + ": save once more to replace that with yours"}, Version: now}
}

// difference tells the fields that are saved with another value than a draft has. Secrets
// are told without their values.
func (s *Service) difference(saved models.Settings, f filled) []string {
	secret := append(s.secretFields(f.kind, saved[providerField]), formerField)
	all := maps.Clone(f.fields)
	maps.Copy(all, saved)
	var told []string
	for _, field := range slices.Sorted(maps.Keys(all)) {
		switch {
		case saved[field] == f.fields[field] || field == formerField:
		case slices.Contains(secret, field):
			told = append(told, "another "+field)
		case saved[field] == "":
			told = append(told, "no "+field)
		default:
			told = append(told, field+" "+strings.ReplaceAll(models.WithoutUser(saved[field]), "\n", " "))
		}
	}
	return told
}
