package setup

import (
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

func TestTheFirstStepsBeginForWhoMaySetUp(t *testing.T) {
	for name, c := range map[string]struct {
		scopes models.Scopes
		begins bool
	}{"an owner": {models.Scopes{models.ScopeAdmin}, true}, "a viewer": {models.Scopes{models.ScopeRead}, false}} {
		var b strings.Builder
		ctx := components.WithViewer(t.Context(), components.Viewer{Kind: models.ActorUser, Scopes: c.scopes})
		if err := Steps().Render(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), `href="/setup"`) != c.begins || strings.Contains(b.String(), "An owner of this server can") == c.begins || strings.Count(b.String(), "<li") != 3 {
			t.Errorf("%s sees %s", name, b.String())
		}
	}
}

func TestAddresses(t *testing.T) {
	if got := DrivesOf("s", "a", "b"); got != "/setup/drives?drive=a&drive=b&source=s" {
		t.Errorf("the drives are at %s", got)
	}
	if got := JobOf("s"); got != "/setup/job?source=s" {
		t.Errorf("the job is at %s", got)
	}
}
