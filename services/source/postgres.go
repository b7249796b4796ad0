package source

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

var postgresKind = Kind{
	Kind: models.Kind{Provider: "postgres", Name: "PostgreSQL", Settings: []models.Setting{
		{Name: "host", Decides: models.DecidesReceiver, Label: "Host", Help: "Name or address of the server, or the folder of its socket.", Type: models.SettingText, Default: "127.0.0.1"},
		{Name: "port", Decides: models.DecidesReceiver, Label: "Port", Help: "TCP port of the server.", Type: models.SettingInt, Default: "5432"},
		{Name: "db_name", Decides: models.DecidesHow, Label: "Database", Help: "Name of the database to back up.", Type: models.SettingText, Required: true},
		{Name: "user", Decides: models.DecidesHow, Label: "User", Help: "Account that reads the database.", Type: models.SettingText, Required: true},
		{Name: "password", Decides: models.DecidesHow, Label: "Password", Help: "Password of the account.", Type: models.SettingText, Secret: true},
		tlsPostgresSetting(),
		{Name: "tls_ca", Decides: models.DecidesReceiver, Label: "Certificate authority", Help: "File of the certificates that may vouch for the server; the system's own when empty.", Type: models.SettingPath, Advanced: true},
		{Name: "dump_tool", Decides: models.DecidesReceiver, Label: "Dump tool", Help: "Path of pg_dump; the newest that is installed is used when empty.", Type: models.SettingPath, Advanced: true},
		{Name: "restore_user", Decides: models.DecidesHow, Label: "Restore user", Help: "Account that restores into the database; the one that reads it when empty.", Type: models.SettingText, Advanced: true},
		{Name: "restore_password", Decides: models.DecidesHow, Label: "Restore password", Help: "Password of the restore user.", Type: models.SettingText, Secret: true, Advanced: true},
		{Name: "restore_tool", Decides: models.DecidesReceiver, Label: "Restore tool", Help: "Path of pg_restore; the one that fits the server is looked for when empty.", Type: models.SettingPath, Advanced: true},
		{Name: "server_program", Decides: models.DecidesHow, Label: "Server programs", Help: "Folder of initdb and postgres, for drills on a server of their own; the one that fits is looked for when empty.", Type: models.SettingPath, Advanced: true},
	}},
	Database:     "db_name",
	Extension:    "dump",
	Open:         openPostgres,
	Read:         readPostgres,
	OpenTarget:   openPostgresTarget,
	StartScratch: startPostgresScratch,
}

// Postgres is a database on a PostgreSQL server, dumped by pg_dump.
type Postgres struct {
	label    string
	settings models.Settings
	sslMode  string
	// patience is for all questions of one session.
	patience time.Duration
}

var _ Source = (*Postgres)(nil)

func openPostgres(label string, s models.Settings) (Source, error) {
	p, err := newPostgres(label, s)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func newPostgres(label string, s models.Settings) (*Postgres, error) {
	if err := checkWords(label, s); err != nil {
		return nil, err
	}
	mode, err := sslMode(label, s["tls"])
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(s["password"], "\n\r") {
		return nil, models.Invalidf("data source %q: the password has a line break, which pg_dump can't read", label)
	}
	return &Postgres{label: label, settings: s, sslMode: mode, patience: answerTimeout}, nil
}

func (p *Postgres) database() string { return p.settings["db_name"] }

// secrets are what must never be logged: the password, also as the pass file has it.
func (p *Postgres) secrets() []string {
	return []string{p.settings["password"], escapePass(p.settings["password"])}
}

// Check connects and looks at everything a dump needs, without dumping.
func (p *Postgres) Check(ctx context.Context) (models.SourceReport, error) {
	var report models.SourceReport
	bounded, conn, end, err := p.session(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return report, context.Cause(ctx)
		}
		report.Problems = append(report.Problems, err.Error())
		if closed := new(closedError); errors.As(err, &closed) {
			report.Grants = []string{p.openingGrant()}
		}
		return report, nil
	}
	defer end()
	ctx = bounded
	server, err := p.askServer(ctx, conn)
	if err != nil {
		return report, err
	}
	report.ServerVersion, report.Size = server.text, server.size
	contents, err := p.contents(ctx, conn)
	if err != nil {
		return report, err
	}
	report.Tables = len(contents.tables)
	if tool, err := p.chooseTool(ctx, server); err != nil {
		report.Problems = append(report.Problems, err.Error())
	} else {
		report.Tool, report.ToolVersion = tool.path, tool.text
	}
	hidden, err := p.hidden(ctx, conn, server)
	if err != nil {
		return report, err
	}
	report.Grants = hidden.grants()
	report.Problems = append(report.Problems, hidden.problems()...)
	if len(contents.objects) == 0 {
		report.Problems = append(report.Problems, p.empty().Error())
	}
	doubts, err := p.doubts(ctx, conn, server)
	if err != nil {
		return report, err
	}
	report.Warnings = append(report.Warnings, contents.warnings()...)
	report.Warnings = append(report.Warnings, doubts...)
	return report, nil
}

func (p *Postgres) empty() error {
	return models.Invalidf("data source %q: database %q holds no tables or other objects: check the name", p.label, p.database())
}
