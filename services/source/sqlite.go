package source

import "github.com/backupman/backupman/models"

var sqliteKind = Kind{
	Kind: models.Kind{Provider: "sqlite", Name: "SQLite", Settings: []models.Setting{
		{Name: "db_path", Label: "File", Help: "Path of the database file.", Type: models.SettingPath, Required: true},
	}},
	Extension: "sqlite",
}
