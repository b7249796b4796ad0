package source

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// postgresArguments are the options every dump is made with: the custom format,
// which pg_restore can restore in part and in parallel, not compressed inside,
// and no question for a password. Everything else is in the environment, so
// that no name can be taken for an option or a connection string.
var postgresArguments = []string{"--format=custom", "--compress=0", "--no-password"}

// Dump runs pg_dump, reads the archive as it passes, and compares it with what
// the server listed before and after.
func (p *Postgres) Dump(ctx context.Context, req DumpRequest) (models.Inventory, error) {
	plan, err := p.plan(ctx)
	if err != nil {
		return models.Inventory{}, err
	}
	scan := newArchiveScanner()
	defer scan.stop()
	scan.count = req.Tables
	said, err := p.runTool(ctx, plan, req, scan)
	if err != nil {
		return models.Inventory{}, err
	}
	if err := scan.Err(plan.tool.path); err != nil {
		return models.Inventory{}, err
	}
	inv := models.Inventory{
		Database:      p.database(),
		ServerVersion: plan.server.text,
		Tool:          "pg_dump",
		ToolVersion:   plan.tool.text,
		Tables:        scan.Tables(),
		Objects:       scan.Objects(),
		Options:       plan.options,
		Warnings:      slices.Concat(plan.contents.warnings(), plan.doubts, said),
	}
	if len(inv.Objects) == 0 {
		return models.Inventory{}, p.empty()
	}
	return inv, p.compare(ctx, plan, scan)
}

// postgresPlan is all that is known before a dump starts.
type postgresPlan struct {
	server   postgresServer
	contents postgresContents
	tool     postgresTool
	options  string
	doubts   []string
}

// plan looks at everything a dump needs and refuses one that would lack something.
func (p *Postgres) plan(ctx context.Context) (postgresPlan, error) {
	var plan postgresPlan
	ctx, conn, end, err := p.session(ctx)
	if err != nil {
		return plan, err
	}
	defer end()
	if plan.server, err = p.askServer(ctx, conn); err != nil {
		return plan, err
	}
	if plan.contents, err = p.contents(ctx, conn); err != nil {
		return plan, err
	}
	if plan.tool, err = p.chooseTool(ctx, plan.server); err != nil {
		return plan, err
	}
	if plan.options, err = p.options(ctx, conn); err != nil {
		return plan, err
	}
	if plan.doubts, err = p.doubts(ctx, conn, plan.server); err != nil {
		return plan, err
	}
	hidden, err := p.hidden(ctx, conn, plan.server)
	if err != nil {
		return plan, err
	}
	if len(hidden) > 0 {
		return plan, models.Invalidf("data source %q: %s", p.label, strings.Join(hidden.problems(), " "))
	}
	return plan, nil
}

// runTool returns what the tool warns of.
func (p *Postgres) runTool(ctx context.Context, plan postgresPlan, req DumpRequest, scan *archiveScanner) ([]string, error) {
	env, passFile, err := p.environment(req.TempDir)
	if err != nil {
		return nil, err
	}
	defer removeSecret(passFile, req.Log)
	fmt.Fprintf(req.Log, "dumping database %q of PostgreSQL %s with %s %s\n", p.database(), plan.server.text, plan.tool.path, plan.tool.text)
	t := tool{path: plan.tool.path, args: postgresArguments, env: env, dir: req.TempDir, secrets: p.secrets()}
	log := &toolWarnings{out: req.Log}
	err = t.run(ctx, log, scan, req.Out)
	return log.all(), err
}

// compare asks the server again and wants everything in the archive that was
// there all the time.
func (p *Postgres) compare(ctx context.Context, plan postgresPlan, scan *archiveScanner) error {
	ctx, conn, end, err := p.session(ctx)
	if err != nil {
		return err
	}
	defer end()
	after, err := p.contents(ctx, conn)
	if err != nil {
		return err
	}
	if missing := plan.contents.missing(after, scan); len(missing) > 0 {
		return models.Invalidf("data source %q: the dump can't be kept: it lacks %s, which the database holds", p.label, listNames(missing))
	}
	return nil
}
