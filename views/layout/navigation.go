package layout

import (
	"context"

	"github.com/backupman/backupman/views/components"
)

// Entry is one line of the navigation.
type Entry struct {
	// Path is the address that it leads to, and the Section of the pages that belong to it.
	Path, Label, Icon string
	// Key leads there after "g" was pressed.
	Key string
	// within are the sections that belong to it besides its own.
	within []string
}

// SettingsPath is where the settings begin.
const SettingsPath = "/settings/users"

// NotifiersPath is where it is said who is told of what.
const NotifiersPath = "/notifiers"

var navigation = []Entry{
	{Path: "/", Key: "o", Label: "Overview", Icon: "overview"},
	{Path: "/backups", Key: "b", Label: "Backups", Icon: "archive"},
	{Path: "/jobs", Key: "j", Label: "Jobs", Icon: "jobs"},
	{Path: "/sources", Key: "d", Label: "Databases", Icon: "database"},
	{Path: "/drives", Key: "v", Label: "Drives", Icon: "drive"},
	{Path: "/restores", Key: "r", Label: "Restores", Icon: "restore"},
	{Path: "/calendar", Key: "c", Label: "Calendar", Icon: "calendar"},
}

// settings are the parts of the settings, in their order. The first that whoever looks can
// open is where the navigation leads.
var settings = []Entry{
	{Path: SettingsPath, Label: "Users", Icon: "person"},
	{Path: "/settings/keys", Label: "API keys", Icon: "key"},
	{Path: "/settings/secrets", Label: "Secrets"},
	{Path: NotifiersPath, Label: "Notifications", Icon: "bell"},
	{Path: "/settings/audit", Label: "Audit log"},
}

// Entries returns the navigation of whoever looks: nothing that the server does not have or
// that the viewer may not open.
func Entries(ctx context.Context) []Entry {
	shown := opened(ctx, navigation)
	if parts := Settings(ctx); len(parts) > 0 {
		entry := Entry{Path: parts[0].Path, Key: "s", Label: "Settings", Icon: "settings"}
		for _, p := range settings {
			entry.within = append(entry.within, p.Path)
		}
		shown = append(shown, entry)
	}
	return shown
}

// Settings returns the parts of the settings that whoever looks can open.
func Settings(ctx context.Context) []Entry { return opened(ctx, settings) }

func opened(ctx context.Context, all []Entry) []Entry {
	var shown []Entry
	for _, e := range all {
		if components.Opens(ctx, e.Path) {
			shown = append(shown, e)
		}
	}
	return shown
}

// holds reports whether a page of a section belongs to the entry.
func (e Entry) holds(section string) bool {
	if section == e.Path {
		return true
	}
	for _, s := range e.within {
		if s == section {
			return true
		}
	}
	return false
}
