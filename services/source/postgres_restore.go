package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/backupman/backupman/models"
)

// Restore implements Target. pg_restore gets a table of contents that is written anew
// from what was looked at: without owners and grantees that the server does not have, and
// of some tables without all the rest.
func (t *PostgresTarget) Restore(ctx context.Context, req RestoreRequest) error {
	r := &postgresRestore{PostgresTarget: t, req: req}
	if err := r.run(ctx); err != nil {
		return &TargetLeft{Cause: err, Untouched: !r.touched}
	}
	return nil
}

// postgresRestore is one restore.
type postgresRestore struct {
	*PostgresTarget
	req     RestoreRequest
	archive *pgArchive
	of      postgresServer
	program postgresTool
	touched bool
}

func (r *postgresRestore) run(ctx context.Context) (err error) {
	if r.archive, err = readArchive(ctx, r.req); err != nil {
		return err
	}
	conn, of, err := r.server(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	r.of = of
	if r.program, err = r.chooseRestoreTool(ctx, of); err != nil {
		return err
	}
	if err := r.archive.writeFor(r.program.version.major); err != nil {
		return err
	}
	if err := r.fit(ctx, conn); err != nil {
		return err
	}
	if of.super && !r.private && r.req.Inventory.Count(models.ObjectRoutine) > 0 {
		r.warn("role %q is a superuser, so functions of the backup that run while it is restored may do anything on the server: restore what you do not trust with another role (restore_user)", of.role)
	}
	there, err := r.exists(ctx, conn)
	switch {
	case err != nil:
		return err
	case r.req.Replace && len(r.req.Tables) == 0:
		return r.replace(ctx, conn, there)
	case !there:
		return models.Conflictf("there is no database %q on the server at %s", r.database(), r.where())
	case len(r.req.Tables) > 0:
		return r.restoreTables(ctx)
	}
	return r.restoreEmpty(ctx)
}

// warn tells of something that does not come back as it was.
func (r *postgresRestore) warn(format string, args ...any) {
	sentence := fmt.Sprintf(format, args...)
	fmt.Fprintln(r.req.Log, sentence)
	if r.req.Warn != nil {
		r.req.Warn(sentence)
	}
}

// restoreEmpty restores everything into a database that holds nothing.
func (r *postgresRestore) restoreEmpty(ctx context.Context) error {
	if err := r.wantEmpty(ctx); err != nil {
		return err
	}
	r.touched = true
	return r.restoreWhole(ctx, r.database())
}

func (r *postgresRestore) wantEmpty(ctx context.Context) error {
	conn, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	contents, err := r.contents(ctx, conn)
	if err != nil {
		return err
	}
	others, err := r.others(ctx, conn)
	if err != nil {
		return err
	}
	if n := len(contents.objects) + others; n > 0 {
		return models.Conflictf("database %q is not empty: it holds %s; replace it, or restore into another", r.database(), plural(n, "object", "objects"))
	}
	return nil
}

// restoreWhole runs pg_restore on everything.
func (r *postgresRestore) restoreWhole(ctx context.Context, database string) error {
	if jobs := r.jobs(); jobs > 1 {
		return r.inParallel(ctx, database, jobs)
	}
	return r.feedTool(ctx, database)
}

// restoreArguments are the options every restore is made with. The database is in the
// environment, where no name can be taken for an option or a connection string.
var restoreArguments = []string{"--dbname=", "--exit-on-error", "--no-password"}

// command returns the run of pg_restore, and what removes the file with the password.
func (r *postgresRestore) command(database string, more ...string) (tool, func(), error) {
	env, passFile, err := r.other(database).environment(r.req.TempDir)
	if err != nil {
		return tool{}, nil, err
	}
	fmt.Fprintf(r.req.Log, "restoring into database %q of PostgreSQL %s with %s %s\n", database, r.of.text, r.program.path, r.program.text)
	t := tool{path: r.program.path, args: slices.Concat(restoreArguments, more), env: env, dir: r.req.TempDir, secrets: r.secrets()}
	return t, func() { removeSecret(passFile, r.req.Log) }, nil
}

// feedTool runs pg_restore on the archive as it is read.
func (r *postgresRestore) feedTool(ctx context.Context, database string, more ...string) error {
	t, remove, err := r.command(database, more...)
	if err != nil {
		return err
	}
	defer remove()
	log := &restoreLog{out: r.req.Log}
	var readErr error
	err = t.feed(ctx, log, func(in io.Writer) error {
		readErr = r.unpack(ctx, &untilDeaf{out: in}, r.req.Progress)
		return readErr
	})
	if readErr != nil && ctx.Err() == nil {
		return readErr
	}
	return r.explain(log, err)
}

// unpack writes the archive for pg_restore, and wants the dump to be what was looked at.
func (r *postgresRestore) unpack(ctx context.Context, out io.Writer, progress func(int64)) error {
	dump, err := r.req.Open(ctx)
	if err != nil {
		return err
	}
	defer dump.Close()
	scan := newArchiveScanner()
	defer scan.stop()
	if err := r.archive.write(ctx, dump, out, scan, progress); err != nil {
		return err
	}
	if !slices.Equal(r.req.Inventory.Tables, scan.Tables()) {
		return models.Invalidf("the dump is not the one that was looked at: its tables hold something else")
	}
	r.archive.locate(scan)
	return nil
}

// untilDeaf throws away what follows once nobody reads any more: pg_restore ends when it
// has what it needs, and the rest of the dump is looked at all the same.
type untilDeaf struct {
	out  io.Writer
	deaf bool
}

func (w *untilDeaf) Write(p []byte) (int, error) {
	if w.deaf {
		return len(p), nil
	}
	n, err := w.out.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		w.deaf = true
		return len(p), nil
	}
	return n, err
}

// listOf asks for one column of names.
func (t *PostgresTarget) listOf(ctx context.Context, conn *pgx.Conn, query string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, t.wrap("ask the server", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, t.wrap("ask the server", err)
	}
	return names, nil
}
