package plan

import (
	"context"
	"fmt"
	"strings"

	"github.com/backupman/backupman/models"
)

// movedField is where it is asked whether the copies of a drive were moved along.
const movedField = "moved"

// unmoved returns a mistake when the place of a drive that keeps copies changes, and nobody
// said that they were moved there: they would be called finished where they never were.
func (s *Service) unmoved(ctx context.Context, st *state, f filled, moved bool) error {
	before, known := st.fieldsOf(f.name)
	if f.kind != models.PlanDrive || !known || moved {
		return nil
	}
	changed := []string{providerField}
	if before[providerField] == f.fields[providerField] {
		changed = s.differ(f.kind, before, f.fields, models.Setting.Places)
	}
	if len(changed) == 0 {
		return nil
	}
	id, err := s.Store.PlanID(ctx, f.kind, f.label)
	if err != nil || id == "" {
		return err
	}
	totals, err := s.Store.DriveTotals(ctx)
	if err != nil || totals[id].Finished == 0 {
		return err
	}
	return models.FieldErrors{movedField: fmt.Sprintf("say that the copies on it were moved to the new place, because %s says where they lie; for a new place, add another drive", strings.Join(changed, ", "))}
}
