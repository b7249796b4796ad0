package plan

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// targets are the settings that say where secrets are sent to, or which program gets them.
var targets = map[string]bool{
	"host": true, "port": true, "endpoint": true, "api_endpoint": true, "url": true, "server": true, "remote": true,
	"config_file": true, "rclone_path": true, "dump_tool": true, "restore_tool": true,
}

func isTarget(field string) bool {
	return targets[field] || strings.HasSuffix(field, "_host") || strings.HasSuffix(field, "_port") || strings.HasSuffix(field, "_url")
}

// elsewhere reports whether fields connect to another place than those before. Who may
// change where something connects to must not learn the secret that is stored for it.
func (s *Service) elsewhere(kind models.PlanKind, before, now models.Settings) bool {
	if kind == models.PlanJob || len(before) == 0 {
		return false
	}
	if before["provider"] != now["provider"] {
		return true
	}
	for _, k := range s.kinds(kind) {
		if k.Provider != now["provider"] {
			continue
		}
		for _, d := range k.Settings {
			if isTarget(d.Name) && orDefault(before[d.Name], d.Default) != orDefault(now[d.Name], d.Default) {
				return true
			}
		}
	}
	return false
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
