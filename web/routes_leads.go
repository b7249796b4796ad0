package web

import (
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/views/settings"
)

// leads are addresses that people type, and where the pages are that they mean.
var leads = []struct {
	path, to string
	scope    models.Scope
	feature  feature
}{
	{"/overview", "/", models.ScopeRead, always},
	{"/dashboard", "/", models.ScopeRead, always},
	{"/alarms", "/#alarms", models.ScopeRead, always},
	{"/runs", "/backups", models.ScopeRead, always},
	{"/schedule", "/calendar", models.ScopeRead, always},
	{"/drills", "/restores?kind=drills", models.ScopeRead, always},
	{"/databases", plan.Sources.Path, models.ScopeRead, planner},
	{"/notifications", layout.NotifiersPath, models.ScopeRead, notifications},
	{"/settings/notifications", layout.NotifiersPath, models.ScopeRead, notifications},
	{"/users", settings.UsersPath, models.ScopeRead, accounts},
	{"/keys", settings.KeysPath, models.ScopeRead, accounts},
	{"/secrets", settings.SecretsPath, models.ScopeRead, accounts},
	{"/audit", settings.AuditPath, models.ScopeRead, accounts},
	{"/settings/account", "/account", models.ScopeRead, accounts},
	{"/login", "/sign-in", open, accounts},
	{"/signin", "/sign-in", open, accounts},
}

// leadRoutes lead to pages from addresses that people type.
func (s *server) leadRoutes() []route {
	rows := []route{page("/settings", s.pages.Settings, read)}
	for _, l := range leads {
		rows = append(rows, page(l.path, s.pages.LeadTo(l.to), l.scope).of(l.feature))
	}
	return rows
}
