package layout

import (
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

func TestTheFrameFitsWhoLooks(t *testing.T) {
	const settings, account, note, nav = `href="/settings/users"`, `action="/sign-out"`, `id="no-accounts"`, `aria-label="Main"`
	opens := func(paths ...string) func(string) bool {
		return func(path string) bool { return slices.Contains(paths, path) }
	}
	user := func(r models.Role) components.Viewer {
		v := components.Viewer{Kind: models.ActorUser, Name: `"><script>`, Role: r, Scopes: r.Scopes(), Opens: opens("/", "/backups")}
		if r == models.RoleOwner {
			v.Opens = nil
		}
		return v
	}
	for name, c := range map[string]struct {
		viewer    components.Viewer
		has, lack []string
	}{
		"an owner":         {user(models.RoleOwner), []string{settings, account, nav, "&lt;script&gt;", "owner"}, []string{note, `"><script>`}},
		"an operator":      {user(models.RoleOperator), []string{account, nav, "operator"}, []string{settings, note}},
		"a viewer":         {user(models.RoleViewer), []string{account, nav}, []string{settings, note}},
		"without accounts": {components.Viewer{Kind: models.ActorLocal, Scopes: models.Scopes{models.ScopeAdmin}, Opens: opens("/")}, []string{note, nav}, []string{settings, account}},
		"a stranger":       {components.Viewer{Kind: models.ActorNobody}, []string{"inside"}, []string{nav, settings, account, note, "v1.2.3"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := templ.WithChildren(components.WithViewer(t.Context(), c.viewer), templ.Raw("inside"))
			var b strings.Builder
			if err := Frame(Page{Title: "x", Version: "v1.2.3"}).Render(ctx, &b); err != nil {
				t.Fatal(err)
			}
			for _, want := range append(c.has, "inside") {
				if !strings.Contains(b.String(), want) {
					t.Errorf("the frame lacks %s", want)
				}
			}
			for _, not := range c.lack {
				if strings.Contains(b.String(), not) {
					t.Errorf("the frame has %s", not)
				}
			}
		})
	}
}

func TestTheNavigationLeadsWhereSomebodyCanGo(t *testing.T) {
	for name, c := range map[string]struct {
		pages []string
		want  string
	}{
		"everything":             {[]string{"/", "/backups", "/jobs", "/sources", "/drives", "/restores", "/calendar", "/notifiers", "/settings/users"}, "Overview / | Backups /backups | Jobs /jobs | Databases /sources | Drives /drives | Restores /restores | Calendar /calendar | Settings /settings/users"},
		"accounts switched off":  {[]string{"/", "/backups", "/notifiers"}, "Overview / | Backups /backups | Settings /notifiers"},
		"nothing can be changed": {[]string{"/", "/backups", "/drives", "/restores"}, "Overview / | Backups /backups | Drives /drives | Restores /restores"},
	} {
		ctx := components.WithViewer(t.Context(), components.Viewer{Opens: func(path string) bool { return slices.Contains(c.pages, path) }})
		var got []string
		for _, e := range Entries(ctx) {
			got = append(got, e.Label+" "+e.Path)
		}
		if strings.Join(got, " | ") != c.want {
			t.Errorf("%s: the navigation is %q, want %q", name, got, c.want)
		}
	}
}

func TestThePresentSectionIsMarkedOnce(t *testing.T) {
	for section, want := range map[string]string{"/": "Overview", "/backups": "Backups", "/settings/users": "Settings", NotifiersPath: "Settings", "": ""} {
		var got []string
		for _, e := range Entries(t.Context()) {
			if e.holds(section) {
				got = append(got, e.Label)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q is marked at %q, want %q", section, got, want)
		}
	}
}
