package components

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/backupman/backupman/models"
)

func TestWhatSomebodyMayNotDoIsNotShown(t *testing.T) {
	for name, c := range map[string]struct {
		viewer models.Scopes
		needs  models.Scope
		shown  bool
	}{
		"everybody's":                 {nil, "", true},
		"a viewer runs":               {models.RoleViewer.Scopes(), models.ScopeRun, false},
		"a viewer restores":           {models.RoleViewer.Scopes(), models.ScopeRestore, false},
		"an operator runs":            {models.RoleOperator.Scopes(), models.ScopeRun, true},
		"an operator restores":        {models.RoleOperator.Scopes(), models.ScopeRestore, true},
		"an operator is no owner":     {models.RoleOperator.Scopes(), models.ScopeAdmin, false},
		"an owner does everything":    {models.RoleOwner.Scopes(), models.ScopeRestore, true},
		"somebody who may do nothing": {nil, models.ScopeRead, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := WithViewer(t.Context(), Viewer{Kind: models.ActorUser, Scopes: c.viewer})
			var act, allowed strings.Builder
			if err := Act(Action{Path: "/x", Label: "Do it", Needs: c.needs}).Render(ctx, &act); err != nil {
				t.Fatal(err)
			}
			if err := Allowed(c.needs).Render(templ.WithChildren(ctx, templ.Raw("inside")), &allowed); err != nil {
				t.Fatal(err)
			}
			if got := act.Len() > 0; got != c.shown || strings.Contains(act.String(), "Do it") != c.shown {
				t.Errorf("the action is drawn as %q", act.String())
			}
			if got := allowed.String() == "inside"; got != c.shown {
				t.Errorf("what is allowed is drawn as %q", allowed.String())
			}
		})
	}
}

func TestAPasswordIsNeverFilledIn(t *testing.T) {
	if got := render(t, Input(Field{Name: "password", Type: "password", Value: "canary"})); strings.Contains(got, "canary") {
		t.Errorf("a password was put into a form: %s", got)
	}
	if got := render(t, Input(Field{Name: "name", Value: `"><script>`, Problem: "no"})); !strings.Contains(got, `value="&#34;&gt;&lt;script&gt;"`) || !strings.Contains(got, `aria-describedby="fault-name"`) {
		t.Errorf("the field is %s", got)
	}
}
