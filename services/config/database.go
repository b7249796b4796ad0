package config

import "github.com/backupman/backupman/models"

const (
	providerSQLite = "sqlite"
	providerMySQL  = "mysql"
	mysqlPort      = 3306
)

// database reads where the metadata is kept.
func (l *loader) database(t *table) Database {
	provider := t.text("provider")
	d := Database{Provider: provider.text}
	if !provider.set {
		d.Provider = providerSQLite
	}
	d.Host, d.DBName, d.User = t.text("host").text, t.text("db_name").text, t.text("user").text
	d.Path, d.Password, d.TLS = t.text("db_path").text, models.NewSecret(t.ownSecret("password").text), t.boolean("tls")
	if port, ok := t.port("port"); ok {
		d.Port = port.number
	}
	t.end()
	switch d.Provider {
	case providerSQLite:
		return Database{Provider: d.Provider, Path: d.Path}
	case providerMySQL, "mariadb":
		return t.server(d)
	}
	l.problem(provider.line, "%s", providerFault(d.Provider))
	return d
}

func (t *table) server(d Database) Database {
	d.Provider, d.Path = providerMySQL, ""
	if d.Host == "" {
		d.Host = "127.0.0.1"
	}
	if d.Port == 0 {
		d.Port = mysqlPort
	}
	if d.DBName == "" {
		t.l.problem(t.line, "database.db_name is missing: name the database that Backupman keeps its own records in")
	}
	if d.User == "" {
		t.l.problem(t.line, "database.user is missing: name the account that may write to it")
	}
	return d
}

func providerFault(provider string) string {
	switch provider {
	case "postgres", "postgresql":
		return "database.provider postgres cannot keep Backupman's own records: use sqlite or mysql (PostgreSQL databases are backed up all the same, under data_sources)"
	case "memory":
		return "database.provider memory would forget every backup at the next start: use sqlite, which needs no server"
	}
	return "there is no database.provider " + quote(provider) + ": use sqlite or mysql (also for MariaDB)"
}
