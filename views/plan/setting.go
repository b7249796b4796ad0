package plan

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// Setting is one setting of something, as its page tells it.
type Setting struct {
	Label, Value string
	// Code is for what is copied letter by letter.
	Code bool
}

// NewSettings tells the settings that something has, but for those that are as every
// other's. Of secrets it says that they are set.
func NewSettings(kind models.Kind, draft models.PlanDraft) []Setting {
	var all []Setting
	for _, s := range kind.Settings {
		if s.Secret {
			if _, set := draft.Secrets[s.Name]; set {
				all = append(all, Setting{Label: s.Label, Value: "set"})
			}
			continue
		}
		value := draft.Fields[s.Name]
		if value == "" || value == s.Default && s.Advanced {
			continue
		}
		if s.Type == models.SettingBool {
			value = map[bool]string{true: "yes", false: "no"}[draft.Fields.Bool(s.Name)]
		}
		all = append(all, Setting{Label: s.Label, Value: models.WithoutUser(strings.TrimSpace(value)), Code: s.Type == models.SettingPath})
	}
	return all
}
