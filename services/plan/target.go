package plan

import "github.com/backupman/backupman/models"

// providerField says which kind something is of.
const providerField = "provider"

// receivers are the fields that changed and say who gets the secrets of something, such as
// its host. Who may change where something connects to must not learn the secret that is
// stored for it.
func (s *Service) receivers(kind models.PlanKind, before, now models.Settings) []string {
	if kind == models.PlanJob || len(before) == 0 {
		return nil
	}
	if before[providerField] != now[providerField] {
		return []string{providerField}
	}
	return s.differ(kind, before, now, models.Setting.Receives)
}

// onlyInFile tells at a draft's fields which of them the configuration file alone may
// say. One that stays as it was, or is taken away, is let be.
func (s *Service) onlyInFile(kind models.PlanKind, before, now models.Settings) models.FieldErrors {
	faults := models.FieldErrors{}
	for _, field := range s.differ(kind, before, now, models.Setting.ForFiles) {
		if now[field] != "" {
			faults[field] = "can be set in the configuration file only, because whoever it names gets what files of this machine let in to"
		}
	}
	return faults
}

// differ are the settings of one sort that differ, an empty one being as good as its
// default.
func (s *Service) differ(kind models.PlanKind, before, now models.Settings, sort func(models.Setting) bool) []string {
	var fields []string
	for _, k := range s.kinds(kind) {
		if k.Provider != now[providerField] {
			continue
		}
		for _, d := range k.Settings {
			if sort(d) && orDefault(before[d.Name], d.Default) != orDefault(now[d.Name], d.Default) {
				fields = append(fields, d.Name)
			}
		}
	}
	return fields
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
