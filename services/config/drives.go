package config

import "github.com/backupman/backupman/models"

func (l *loader) drives(root *table, kinds []models.Kind) []models.Drive {
	var drives []models.Drive
	for _, made := range l.described(root, "drives", "drive", kinds, func(*table, models.Kind) {}) {
		drives = append(drives, models.Drive{Label: made.label, Provider: made.provider, Settings: made.settings})
	}
	return drives
}
