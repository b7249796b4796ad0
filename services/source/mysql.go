package source

import (
	"context"
	"errors"
	"strings"

	"github.com/backupman/backupman/models"
)

var mysqlKind = Kind{
	Kind: models.Kind{Provider: "mysql", Name: "MySQL or MariaDB", Settings: []models.Setting{
		{Name: "host", Decides: models.DecidesReceiver, Label: "Host", Help: "Name or address of the server, or the path of its socket.", Type: models.SettingText, Default: "127.0.0.1"},
		{Name: "port", Decides: models.DecidesReceiver, Label: "Port", Help: "TCP port of the server.", Type: models.SettingInt, Default: "3306"},
		{Name: "db_name", Decides: models.DecidesHow, Label: "Database", Help: "Name of the database to back up.", Type: models.SettingText, Required: true},
		{Name: "user", Decides: models.DecidesHow, Label: "User", Help: "Account that reads the database.", Type: models.SettingText, Required: true},
		{Name: "password", Decides: models.DecidesHow, Label: "Password", Help: "Password of the account.", Type: models.SettingText, Secret: true},
		tlsSetting,
		{Name: "tls_ca", Decides: models.DecidesReceiver, Label: "Certificate authority", Help: "File of the certificates that may vouch for the server; the system's own when empty.", Type: models.SettingPath, Advanced: true},
		{Name: "engine", Decides: models.DecidesHow, Label: "Engine", Help: "client dumps with the vendor's own tool.", Type: models.SettingChoice, Default: "client", Choices: []string{"client"}, Advanced: true},
		{Name: "dump_tool", Decides: models.DecidesReceiver, Label: "Dump tool", Help: "Path of mariadb-dump or mysqldump; the one that fits the server is looked for when empty.", Type: models.SettingPath, Advanced: true},
		{Name: "restore_user", Decides: models.DecidesHow, Label: "Restore user", Help: "Account that restores into the database; the one that reads it when empty.", Type: models.SettingText, Advanced: true},
		{Name: "restore_password", Decides: models.DecidesHow, Label: "Restore password", Help: "Password of the restore user.", Type: models.SettingText, Secret: true, Advanced: true},
		{Name: "restore_tool", Decides: models.DecidesReceiver, Label: "Restore tool", Help: "Path of the client mariadb or mysql; the one that fits the server is looked for when empty.", Type: models.SettingPath, Advanced: true},
		{Name: "server_program", Decides: models.DecidesHow, Label: "Server program", Help: "Path of mariadbd or mysqld, for drills on a server of their own; the one that fits is looked for when empty.", Type: models.SettingPath, Advanced: true},
		{Name: "without", Decides: models.DecidesHow, Label: "Leave out", Help: "Comma-separated list of triggers, routines and events that backups do without, for an account that may not read them.", Type: models.SettingText, Advanced: true},
		{Name: "tmp_folder", Decides: models.DecidesHow, Label: "Temporary folder", Help: "Read from older files and not used: dumps are streamed.", Type: models.SettingPath, Advanced: true, Unused: true},
	}},
	Database:     "db_name",
	Extension:    "sql",
	Open:         openMySQL,
	Read:         readMySQL,
	OpenTarget:   openMySQLTarget,
	StartScratch: startMySQLScratch,
}

// MySQL is a database on a MySQL or MariaDB server, dumped by the vendor's own
// tool.
type MySQL struct {
	label    string
	settings models.Settings
	tls      string
	without  map[string]bool
}

var _ Source = (*MySQL)(nil)

func openMySQL(label string, s models.Settings) (Source, error) {
	if err := checkWords(label, s); err != nil {
		return nil, err
	}
	tls, err := tlsMode(label, s["tls"])
	if err != nil {
		return nil, err
	}
	m := &MySQL{label: label, settings: s, tls: tls, without: map[string]bool{}}
	for word := range strings.SplitSeq(s["without"], ",") {
		switch word = strings.ToLower(strings.TrimSpace(word)); word {
		case "":
		case withoutTriggers, withoutRoutines, withoutEvents:
			m.without[word] = true
		default:
			return nil, models.Invalidf("data source %q: without takes triggers, routines and events, not %q", label, word)
		}
	}
	return m, nil
}

// The words of the setting "without".
const (
	withoutTriggers = "triggers"
	withoutRoutines = "routines"
	withoutEvents   = "events"
)

func (m *MySQL) database() string { return m.settings["db_name"] }

// secrets are what must never be logged: the password, also as the option file has it.
func (m *MySQL) secrets() []string {
	password := m.settings["password"]
	return []string{password, strings.Trim(quoteOption(password), `"`)}
}

// Check connects and looks at everything a dump needs, without dumping.
func (m *MySQL) Check(ctx context.Context) (models.SourceReport, error) {
	var report models.SourceReport
	db, err := m.connect(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return report, context.Cause(ctx)
		}
		report.Problems = append(report.Problems, err.Error())
		if closed := new(closedError); errors.As(err, &closed) {
			report.Grants = m.openingGrants(ctx)
		}
		return report, nil
	}
	defer db.Close()
	server, err := askMySQLServer(ctx, db)
	if err != nil {
		return report, m.wrap("ask for its version", err)
	}
	report.ServerVersion = server.text
	contents, err := m.contents(ctx, db, server)
	if err != nil {
		return report, err
	}
	doubts, err := m.doubts(ctx, db, server, contents)
	if err != nil {
		return report, err
	}
	report.Tables, report.Size = contents.count(models.ObjectTable), contents.size
	if tool, err := m.chooseTool(ctx, server, contents); err != nil {
		report.Problems = append(report.Problems, err.Error())
	} else {
		report.Tool, report.ToolVersion = tool.path, tool.version.String()
		report.Warnings = append(report.Warnings, tool.warnings...)
		if missing := tool.noHistory(server, contents, doubts); missing != "" {
			report.Warnings = append(report.Warnings, missing)
		}
	}
	hidden, err := m.hidden(ctx, db, server, contents)
	if err != nil {
		return report, err
	}
	report.Grants = hidden.grants()
	report.Problems = append(report.Problems, hidden.problems()...)
	report.Problems = append(report.Problems, doubts.problems()...)
	if len(contents.objects) == 0 {
		report.Problems = append(report.Problems, m.empty().Error())
	}
	report.Warnings = append(report.Warnings, m.warnings(contents)...)
	report.Warnings = append(report.Warnings, doubts.warnings(m.database())...)
	return report, nil
}

func (m *MySQL) empty() error {
	return models.Invalidf("data source %q: database %q holds nothing that the account can see: check the name, or the account's grants", m.label, m.database())
}

// warnings tells what a dump of these contents will not hold or promise.
func (m *MySQL) warnings(c mysqlContents) []string {
	var warnings []string
	for _, word := range []string{withoutTriggers, withoutRoutines, withoutEvents} {
		if m.without[word] {
			warnings = append(warnings, "the backup holds no "+word+", as the setting \"without\" asks")
		}
	}
	if len(c.nonTransactional) > 0 {
		warnings = append(warnings, "tables that take no part in the snapshot, because their engine knows no transactions, "+
			"may hold rows of different moments: "+listNames(c.nonTransactional))
	}
	if len(c.external) > 0 {
		warnings = append(warnings, "the rows of tables that only show what is elsewhere are not in the backup: "+listNames(c.external))
	}
	return warnings
}

// listNames joins names for a sentence and says how many it leaves out.
func listNames(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + plural(len(names)-most, "more", "more")
}
