package restores

import (
	"fmt"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
)

func sources() []models.Source {
	gone := time.Now()
	return []models.Source{
		{ID: "pg", Label: "crm", Provider: "postgres"}, {ID: "old", Label: "old", Provider: "mysql", RemovedAt: &gone},
		{ID: "shop", Label: "shop", Provider: "mysql"}, {ID: "blog", Label: "blog", Provider: "mysql"},
	}
}

// What touches nothing is chosen for whoever chooses nothing.
func TestDefaults(t *testing.T) {
	for name, c := range map[string]struct {
		facts            Facts
		into             Into
		server, database string
	}{
		"beside the original":  {Facts{Backup: &models.Backup{SourceID: "blog"}, Provider: "mysql", Inventory: models.Inventory{Database: "blog"}}, IntoNew, "blog", "blog_restored"},
		"the original is gone": {Facts{Backup: &models.Backup{SourceID: "old"}, Provider: "mysql"}, IntoNew, "shop", "restored"},
		"an upload":            {Facts{Upload: &models.Upload{}, Provider: "postgres"}, IntoNew, "pg", "restored"},
		"a file beside a file": {Facts{Backup: &models.Backup{}, Provider: "sqlite", Inventory: models.Inventory{Database: "/srv/wiki.db"}}, IntoFile, "", "wiki-restored.db"},
		"no path is known":     {Facts{Backup: &models.Backup{}, Provider: "sqlite"}, IntoFile, "", "restored.sqlite"},
	} {
		t.Run(name, func(t *testing.T) {
			c.facts.Sources = sources()
			f := NewChoiceView(layout.Page{}, Head{}, c.facts, Form{}, "").Form
			if f.Into != c.into || f.Server != c.server || f.Database != c.database || f.Existing != KeepExisting {
				t.Errorf("chose %+v", f)
			}
		})
	}
}

func TestOnlySourcesOfTheKindAreOffered(t *testing.T) {
	v := NewChoiceView(layout.Page{}, Head{}, Facts{Backup: &models.Backup{SourceID: "shop"}, Provider: "mysql", Sources: sources()}, Form{Other: "blog"}, "")
	if len(v.Servers) != 2 || v.Original != "shop" || len(v.Others) != 1 || v.Others[0] != (Choice{Value: "blog", Label: "blog", Selected: true}) {
		t.Errorf("offered %+v, %q, %+v", v.Servers, v.Original, v.Others)
	}
}

// The filter narrows what is shown, and unticks nothing.
func TestTablesToChooseFrom(t *testing.T) {
	var all []models.TableDigest
	for i := range 500 {
		all = append(all, models.TableDigest{Schema: "public", Name: fmt.Sprintf("orders_%03d", i), Rows: int64(i)})
	}
	all = append(all, models.TableDigest{Schema: "public", Name: "People"})
	ticked := []models.TableName{{Schema: "public", Name: "orders_001"}, {Schema: "public", Name: "People"}}
	for find, want := range map[string]struct{ shown, ticked, kept, hidden int }{
		"":        {shownTables, 1, 1, 301},
		"people":  {1, 1, 1, 0},
		"public.": {shownTables, 1, 1, 301},
		"ers_49":  {10, 0, 2, 0},
		"nothing": {0, 0, 2, 0},
	} {
		got := newTables(all, Form{Find: find, Tables: ticked})
		n := 0
		for _, c := range got.Shown {
			if c.Ticked {
				n++
			}
		}
		if len(got.Shown) != want.shown || n != want.ticked || len(got.Kept) != want.kept || got.Hidden != want.hidden || got.All != 501 {
			t.Errorf("find %q: %d shown, %d of them ticked, %d kept, %d hidden", find, len(got.Shown), n, len(got.Kept), got.Hidden)
		}
	}
}
