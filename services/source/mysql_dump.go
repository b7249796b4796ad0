package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/backupman/backupman/models"
)

// Dump runs the vendor's tool. It refuses up front what the tool would leave
// out in silence, and compares the stream with what the server listed before
// and after.
func (m *MySQL) Dump(ctx context.Context, req DumpRequest) (models.Inventory, error) {
	plan, err := m.plan(ctx)
	if err != nil {
		return models.Inventory{}, err
	}
	scan := newSQLScanner()
	scan.dollars = !plan.tool.mariadb
	scan.count = req.Tables
	scan.count.expect(plan.contents.count(models.ObjectTable))
	if err := m.runTool(ctx, plan, req, scan); err != nil {
		return models.Inventory{}, err
	}
	if err := scan.Err(plan.tool.path); err != nil {
		return models.Inventory{}, err
	}
	if len(scan.Objects()) == 0 {
		return models.Inventory{}, m.empty()
	}
	if err := m.compare(ctx, plan, scan); err != nil {
		return models.Inventory{}, err
	}
	return models.Inventory{
		Database:      m.database(),
		ServerVersion: plan.server.text,
		Tool:          mysqlToolName(plan.tool),
		ToolVersion:   plan.tool.version.String(),
		Tables:        scan.Tables(),
		Objects:       scan.Objects(),
		Warnings:      plan.warnings,
		Options:       plan.doubts.options,
	}, nil
}

func mysqlToolName(t mysqlTool) string {
	if t.mariadb {
		return "mariadb-dump"
	}
	return "mysqldump"
}

// mysqlPlan is all that is known before a dump starts.
type mysqlPlan struct {
	server   mysqlServer
	contents mysqlContents
	doubts   mysqlDoubts
	tool     mysqlTool
	history  bool
	warnings []string
}

// plan looks at everything a dump needs and refuses one that would lack something.
func (m *MySQL) plan(ctx context.Context) (mysqlPlan, error) {
	var p mysqlPlan
	db, err := m.connect(ctx)
	if err != nil {
		return p, err
	}
	defer db.Close()
	if p.server, err = askMySQLServer(ctx, db); err != nil {
		return p, m.wrap("ask for its version", err)
	}
	if p.contents, err = m.contents(ctx, db, p.server); err != nil {
		return p, err
	}
	if p.doubts, err = m.doubts(ctx, db, p.server, p.contents); err != nil {
		return p, err
	}
	if p.tool, err = m.chooseTool(ctx, p.server, p.contents); err != nil {
		return p, err
	}
	hidden, err := m.hidden(ctx, db, p.server, p.contents)
	if err != nil {
		return p, err
	}
	if problems := append(hidden.problems(), p.doubts.problems()...); len(problems) > 0 {
		return p, models.Invalidf("data source %q: %s", m.label, strings.Join(problems, "; "))
	}
	p.notice(m)
	return p, nil
}

// notice decides on what is not a fault but must be said.
func (p *mysqlPlan) notice(m *MySQL) {
	p.warnings = append(p.tool.warnings, m.warnings(p.contents)...)
	p.warnings = append(p.warnings, p.doubts.warnings(m.database())...)
	missing := p.tool.noHistory(p.server, p.contents, p.doubts)
	p.history = p.contents.versioned && missing == ""
	if missing != "" {
		p.warnings = append(p.warnings, missing)
	}
}

func (m *MySQL) runTool(ctx context.Context, p mysqlPlan, req DumpRequest, scan *sqlScanner) error {
	options, err := m.optionFile(req.TempDir, p.tool.mariadb)
	if err != nil {
		return err
	}
	defer removeSecret(options, req.Log)
	fmt.Fprintf(req.Log, "dumping database %q of %s %s with %s %s\n", m.database(), p.server.vendor(), p.server.text, p.tool.path, p.tool.version)
	t := tool{path: p.tool.path, args: p.tool.arguments(options, m.database(), m.without, p.history), dir: req.TempDir, secrets: m.secrets()}
	return changedMeanwhile(t.run(ctx, req.Log, scan, req.Out))
}

// changedMeanwhile adds the way out to the tool's error about a table that
// ALTER TABLE changed after the snapshot was taken.
func changedMeanwhile(err error) error {
	if errors.Is(err, models.ErrInvalid) && (strings.Contains(err.Error(), "1412:") || strings.Contains(err.Error(), "(1412)")) {
		return models.Invalidf("%v; the table was changed during the dump: try again", err)
	}
	return err
}

// compare asks the server again and wants everything in the stream that was
// there all the time. The connection is a new one: a long dump outlives idle ones.
func (m *MySQL) compare(ctx context.Context, p mysqlPlan, scan *sqlScanner) error {
	db, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	after, err := m.contents(ctx, db, p.server)
	if err != nil {
		return err
	}
	missing := missingFrom(p.contents.objects, after.objects, scan.Objects(), p.server.foldsNames)
	if len(missing) > 0 {
		return models.Invalidf("data source %q: the dump can't be kept: it lacks %s, which the database holds", m.label, listNames(missing))
	}
	return nil
}
