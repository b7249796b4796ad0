package pages

import (
	"net/url"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

// readSettings reads the fields that components.SettingFields shows. Values that are
// empty, or the default, are left out; so are secrets that were not typed.
func readSettings(kind models.Kind, form url.Values) (fields models.Settings, secrets map[string]models.Secret, forget []string) {
	fields, secrets = models.Settings{}, map[string]models.Secret{}
	for _, s := range kind.Settings {
		typed := form.Get(s.Name)
		switch {
		case s.Secret && typed != "":
			secrets[s.Name] = models.NewSecret(typed)
		case s.Secret:
			if form.Get(components.ForgetName(s.Name)) == "true" {
				forget = append(forget, s.Name)
			}
		case s.Type == models.SettingBool:
			if on := typed == "true"; on != (models.Settings{s.Name: s.Default}).Bool(s.Name) {
				fields[s.Name] = map[bool]string{true: "true", false: "false"}[on]
			}
		default:
			if typed = strings.TrimSpace(typed); typed != "" && typed != s.Default {
				fields[s.Name] = typed
			}
		}
	}
	return fields, secrets, forget
}

// suggestLabel is what something is called whose name was not typed: its database, its
// folder, its bucket.
func suggestLabel(kind models.Kind, fields models.Settings) string {
	for _, name := range []string{"db_name", "db_path", "bucket", "folder", "remote", "host", "url"} {
		if label := lastPart(fields[name]); label != "" {
			return label
		}
	}
	return kind.Provider
}

// lastPart is the last part of a path or an address that says something, without the
// ending of a database file.
func lastPart(path string) string {
	parts := strings.FieldsFunc(models.WithoutUser(path), func(r rune) bool { return strings.ContainsRune(`/\:`, r) })
	for _, part := range slices.Backward(parts) {
		for _, ending := range []string{".sqlite3", ".sqlite", ".db3", ".db"} {
			if name, cut := strings.CutSuffix(part, ending); cut && name != "" {
				part = name
				break
			}
		}
		if part = strings.TrimSpace(part); part != "" && len(part) <= 255 {
			return part
		}
	}
	return ""
}
