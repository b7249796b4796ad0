package source

import "github.com/backupman/backupman/models"

var postgresKind = Kind{
	Kind: models.Kind{Provider: "postgres", Name: "PostgreSQL", Settings: []models.Setting{
		{Name: "host", Label: "Host", Help: "Name or address of the server.", Type: models.SettingText, Default: "127.0.0.1"},
		{Name: "port", Label: "Port", Help: "TCP port of the server.", Type: models.SettingInt, Default: "5432"},
		{Name: "db_name", Label: "Database", Help: "Name of the database to back up.", Type: models.SettingText, Required: true},
		{Name: "user", Label: "User", Help: "Account that reads the database.", Type: models.SettingText, Required: true},
		{Name: "password", Label: "Password", Help: "Password of the account.", Type: models.SettingText, Secret: true},
	}},
	Extension: "dump",
}
