package web

import (
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/plan"
	"github.com/backupman/backupman/views/settings"
)

// leads are addresses that people type, and where the pages are that they mean.
var leads = []struct {
	path, to string
	feature  feature
}{
	{"/overview", "/", always},
	{"/dashboard", "/", always},
	{"/alarms", "/#alarms", always},
	{"/runs", "/backups", always},
	{"/schedule", "/calendar", always},
	{"/drills", "/restores?kind=drills", always},
	{"/databases", plan.Sources.Path, planner},
	{"/notifications", layout.NotifiersPath, notifications},
	{"/settings/notifications", layout.NotifiersPath, notifications},
	{"/users", settings.UsersPath, accounts},
	{"/keys", settings.KeysPath, accounts},
	{"/secrets", settings.SecretsPath, accounts},
	{"/audit", settings.AuditPath, accounts},
	{"/settings/account", "/account", accounts},
	// Strangers are asked to sign in first.
	{"/login", "/", accounts},
	{"/signin", "/", accounts},
}

// leadRoutes lead to pages from addresses that people type.
func (s *server) leadRoutes() []route {
	rows := []route{page("/settings", s.pages.Settings, read)}
	for _, l := range leads {
		rows = append(rows, page(l.path, s.pages.LeadTo(l.to), read).of(l.feature))
	}
	return rows
}
