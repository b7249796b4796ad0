package source

import (
	"context"

	"github.com/backupman/backupman/models"
)

// restoreTables restores some tables in one transaction: when it fails, what was there
// still is.
func (r *postgresRestore) restoreTables(ctx context.Context) error {
	target, err := r.outline(ctx)
	if err != nil {
		return err
	}
	c := newPgChoice(r.archive, target)
	if err := c.choose(r.req.Tables); err != nil {
		return err
	}
	if err := c.makeRoom(r.database(), r.req.Replace); err != nil {
		return err
	}
	for _, sentence := range c.warnings {
		r.warn("%s", sentence)
	}
	r.archive.entries = c.entries()
	arguments := []string{"--single-transaction"}
	if r.req.Replace {
		arguments = append(arguments, "--clean", "--if-exists")
	}
	return r.feedTool(ctx, r.database(), arguments...)
}

// outline dumps the target without rows: its table of contents names what is there in the
// words of the archive.
func (r *postgresRestore) outline(ctx context.Context) (map[pgKey]bool, error) {
	dumper, err := r.chooseTool(ctx, r.of)
	if err != nil {
		return nil, err
	}
	env, passFile, err := r.environment(r.req.TempDir)
	if err != nil {
		return nil, err
	}
	defer removeSecret(passFile, r.req.Log)
	scan := newArchiveScanner()
	defer scan.stop()
	arguments := append([]string{"--schema-only"}, postgresArguments...)
	t := tool{path: dumper.path, args: arguments, env: env, dir: r.req.TempDir, secrets: r.secrets()}
	if err := t.run(ctx, r.req.Log, scan); err != nil {
		return nil, err
	}
	if err := scan.end(); err != nil {
		return nil, models.Invalidf("what %s says of database %q can't be read: %v", t.name(), r.database(), err)
	}
	there := map[pgKey]bool{{"SCHEMA", "", "public"}: true}
	for _, e := range scan.order {
		there[e.key()] = true
	}
	return there, nil
}
