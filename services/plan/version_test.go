package plan_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/plan"
)

// Of two people who change one thing, the second is told what the first has saved, and may
// replace it knowingly.
func TestTheSecondOfTwoIsTold(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	add(t, p, mysqlDraft("shop", models.Settings{"without": "event x"}))
	read := func() models.PlanDraft {
		t.Helper()
		draft, err := p.Draft(t.Context(), models.PlanSource, "shop")
		must(t, err)
		draft.Fields = maps.Clone(draft.Fields)
		return draft
	}
	hers, his := read(), read()
	if hers.Version == "" || hers.Version != his.Version {
		t.Fatalf("the versions are %q and %q", hers.Version, his.Version)
	}
	hers.Fields["db_name"] = "shop2"
	delete(hers.Fields, "without")
	hers.Secrets["password"] = models.NewSecret("a new secret")
	saveAgain(t, p, hers) // by bob
	his.Fields["user"] = "other"
	_, saved := p.Save(t.Context(), his, false, "eve")
	var outdated *models.OutdatedError
	for _, err := range []error{saved, p.Check(t.Context(), his, false)} {
		wants(t, err, models.ErrConflict)
		if !errors.As(err, &outdated) {
			t.Fatalf("got %T", err)
		}
		for _, part := range []string{"by bob", "db_name shop2", "no without", "user backup"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s does not say %q", err, part)
			}
		}
		if strings.Contains(err.Error(), "secret:") || strings.Contains(err.Error(), "host") {
			t.Errorf("it tells too much: %s", err)
		}
	}
	if got := password(t, w, p, "shop"); got != "a new secret" || read().Fields["db_name"] != "shop2" {
		t.Errorf("what was refused changed something: %s", got)
	}
	his.Version = outdated.Version
	saveAgain(t, p, his)
	if got := read(); got.Fields["db_name"] != "shop" || got.Fields["user"] != "other" {
		t.Errorf("saved is %v", map[string]string(got.Fields))
	}

	// A secret alone that was replaced is a change, too; without a version nothing is looked at.
	hers, his = read(), read()
	hers.Secrets["password"] = models.NewSecret("a third secret")
	saveAgain(t, p, hers)
	_, err := p.Save(t.Context(), his, false, "eve")
	wants(t, err, models.ErrConflict)
	his.Version = ""
	saveAgain(t, p, his)
	if draft, err := p.Draft(t.Context(), models.PlanSource, "fileshop"); err != nil || draft.Version != "" {
		t.Errorf("what the file names has the version %q, %v", draft.Version, err)
	}
}
