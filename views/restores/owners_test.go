package restores

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

func drawn(t *testing.T, r models.Role, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	viewer := components.Viewer{Kind: models.ActorUser, Name: "x", Role: r, Scopes: r.Scopes()}
	if err := c.Render(components.WithViewer(t.Context(), viewer), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Only an owner is offered what overwrites something.
func TestOverwritingIsOfferedToOwnersOnly(t *testing.T) {
	choice := ChoiceView{Form: Form{Into: IntoNew}, Original: "shop", Servers: []Choice{{Value: "s", Label: "shop"}}, Others: []Choice{{Value: "o", Label: "other"}}}
	asking := PlanView{AskReplace: true, UnsafelyPath: "/unsafely"}
	replacing := PlanView{Replaces: true, Confirm: "shop"}
	harmless := PlanView{Confirm: "shop_restored"}
	for name, c := range map[string]struct {
		page  templ.Component
		offer string
		owner bool
	}{
		"the original database": {Choose(choice), `value="original"`, true},
		"another database":      {Choose(choice), `value="other"`, true},
		"replacing":             {Choose(choice), `value="unsafely"`, true},
		"a new database":        {Choose(choice), `value="new"`, false},
		"agreeing to replace":   {Plan(asking), `href="/unsafely"`, true},
		"confirming to replace": {Plan(replacing), `name="confirm"`, true},
		"confirming a new one":  {Plan(harmless), `name="confirm"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(drawn(t, models.RoleOwner, c.page), c.offer) {
				t.Fatalf("an owner is not offered %s", c.offer)
			}
			if got := strings.Contains(drawn(t, models.RoleOperator, c.page), c.offer); got == c.owner {
				t.Errorf("an operator is offered %s: %v", c.offer, got)
			}
		})
	}
}
