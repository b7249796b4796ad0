package restore

import (
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestARefusalSaysWhatIsInTheWay(t *testing.T) {
	for name, c := range map[string]struct {
		tables, objects int
		want            string
	}{
		"only a view":  {0, 1, "shop holds 1 view, routine or other object that would be overwritten"},
		"only views":   {0, 3, "shop holds 3 views, routines and other objects that would be overwritten"},
		"one table":    {1, 2, "shop holds 1 table that would be overwritten"},
		"many tables":  {7, 0, "shop holds 7 tables that would be overwritten"},
		"a whole shop": {12, 9, "shop holds 12 tables that would be overwritten"},
	} {
		t.Run(name, func(t *testing.T) {
			p := models.RestorePlan{TargetName: "shop", NeedsReplace: true, Overwrites: make([]models.TargetTable, c.tables),
				Target: models.TargetState{Exists: true, Objects: c.objects}}
			if err := refusal(p); !errors.Is(err, models.ErrConflict) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}
