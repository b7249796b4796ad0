package pages

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/find"
	"github.com/backupman/backupman/views/layout"
)

// Finder is what the search asks about backups, of which there are too many to go through.
type Finder interface {
	// BackupsByPrefix returns backups whose ids begin so, newest first.
	BackupsByPrefix(ctx context.Context, prefix string, limit int) ([]models.Backup, error)
}

// foundBackups is how many backups of one beginning are shown.
const foundBackups = 5

// idBeginning is how ids begin, as far as somebody types one before it is looked for.
var idBeginning = regexp.MustCompile(`^[0-9a-f][0-9a-f-]{3,35}$`)

// Search answers GET /search: the hits alone for htmx, and a page otherwise.
func (h *Handlers) Search(c *gin.Context) error {
	query := find.Query(c.Query("q"))
	items, err := h.findable(components.WithViewer(c.Request.Context(), viewer(c)), query)
	if err != nil {
		return err
	}
	v := find.NewView(h.page("Search", layout.SearchPath), query, items)
	if IsFragment(c) {
		return Render(c, http.StatusOK, find.Found(v))
	}
	return Render(c, http.StatusOK, find.Show(v))
}

// Palette answers GET /search/palette with what the page script lays over a page.
func (h *Handlers) Palette(c *gin.Context) error {
	if !IsFragment(c) {
		return seeOther(c, layout.SearchPath)
	}
	return Render(c, http.StatusOK, layout.Palette())
}

// findable is all that is looked through, of which backups only by their ids.
func (h *Handlers) findable(ctx context.Context, query string) ([]find.Item, error) {
	items := pageItems(ctx)
	for _, list := range []func(context.Context) ([]find.Item, error){h.jobItems, h.sourceItems, h.driveItems} {
		more, err := list(ctx)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	prefix := strings.ToLower(query)
	if !idBeginning.MatchString(prefix) {
		return items, nil
	}
	found, err := h.Find.BackupsByPrefix(ctx, prefix, foundBackups)
	if err != nil {
		return nil, fmt.Errorf("find backups: %w", err)
	}
	for _, b := range found {
		items = append(items, find.Item{Kind: find.KindBackup, Label: b.Label, Words: b.ID, Path: "/backups/" + b.ID, At: components.Ago(h.Now(), &b.CreatedAt), Certain: true})
	}
	return items, nil
}

// beginnings are the pages on which something new is begun.
var beginnings = []find.Item{
	{Label: "Set up a backup", Words: "New database, drive and job, step by step", Path: "/setup"},
	{Label: "Add a database", Words: "One more to back up", Path: "/sources/new"},
	{Label: "Add a drive", Words: "New place for copies", Path: "/drives/new"},
	{Label: "Add a job", Words: "New schedule", Path: "/jobs/new"},
	{Label: "Add a notifier", Words: "New notification", Path: "/notifiers/new"},
	{Label: "Restore a dump file", Words: "Upload", Path: "/restores/new"}, // which is where /restores leads on to
}

func pageItems(ctx context.Context) []find.Item {
	var items []find.Item
	add := func(e layout.Entry, words string) {
		items = append(items, find.Item{Kind: find.KindPage, Label: e.Label, Words: words, Path: e.Path, Icon: cmp.Or(e.Icon, "settings")})
	}
	for _, e := range layout.Entries(ctx) {
		add(e, "")
	}
	for _, e := range layout.Settings(ctx) {
		add(e, "Settings")
	}
	if components.Opens(ctx, "/account") {
		add(layout.Entry{Label: "Your account", Path: "/account", Icon: "person"}, "Password, second factor, sessions")
	}
	for _, b := range beginnings {
		if !components.Opens(ctx, b.Path) {
			continue
		}
		b.Kind = find.KindAction
		if b.Path == "/restores/new" {
			b.Path = "/restores"
		}
		items = append(items, b)
	}
	return items
}

func (h *Handlers) jobItems(ctx context.Context) ([]find.Item, error) {
	jobs, err := h.Plans.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	var items []find.Item
	for _, j := range jobs {
		items = append(items, find.Item{Kind: find.KindJob, Label: j.Label, Path: "/jobs/" + j.ID},
			find.Item{Kind: find.KindAction, Label: "Backups of " + j.Label, Words: "List", Path: "/backups?job=" + j.ID})
		if components.May(ctx, models.ScopeRun) {
			items = append(items, find.Item{Kind: find.KindAction, Label: "Run " + j.Label, Words: "Back up now", Path: "/jobs/" + j.ID + "/run", Post: true})
		}
	}
	return items, nil
}

func (h *Handlers) sourceItems(ctx context.Context) ([]find.Item, error) {
	if !components.Opens(ctx, "/sources/:id") {
		return nil, nil
	}
	sources, err := h.Plans.Sources(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	var items []find.Item
	for _, s := range sources {
		items = append(items, find.Item{Kind: find.KindSource, Label: s.Label, Words: backups.ProviderName(s.Provider), Path: "/sources/" + s.ID})
	}
	return items, nil
}

func (h *Handlers) driveItems(ctx context.Context) ([]find.Item, error) {
	drives, err := h.Catalog.Drives(ctx)
	if err != nil {
		return nil, fmt.Errorf("list drives: %w", err)
	}
	at := "/drives#drive-"
	if components.Opens(ctx, "/drives/:id") {
		at = "/drives/"
	}
	var items []find.Item
	for _, d := range drives {
		items = append(items, find.Item{Kind: find.KindDrive, Label: d.Label, Words: backups.ProviderName(d.Provider), Path: at + d.ID})
	}
	return items, nil
}
