package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/backupman/backupman/models"
)

var viewsQuery = `SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE (c.relkind = 'v' OR c.relkind = 'm' AND c.relispopulated) AND c.relpersistence <> 't' AND` + fmt.Sprintf(notInherent, "pg_class", "c") + ` ORDER BY 1, 2`

// TryViews implements Target. A materialized view that was never filled can't be read in
// the original either.
func (t *PostgresTarget) TryViews(ctx context.Context) ([]string, error) {
	conn, err := t.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer hangUp(ctx, conn)
	rows, err := conn.Query(ctx, viewsQuery)
	if err != nil {
		return nil, t.wrap("list its views", err)
	}
	views, err := pgx.CollectRows(rows, pgx.RowToStructByPos[models.TableName])
	if err != nil {
		return nil, t.wrap("list its views", err)
	}
	var broken []string
	for _, view := range views {
		err := tryView(ctx, conn, view)
		var answer *pgconn.PgError
		switch {
		case err == nil:
		case !errors.As(err, &answer):
			return nil, t.wrap("read a view", err)
		case answer.Code != errReadOnlyTransaction:
			broken = append(broken, fmt.Sprintf("view %q can't be read: %s", view.String(), answer.Message))
		}
	}
	return broken, nil
}

// errReadOnlyTransaction says that a view writes something, which it must not do here.
const errReadOnlyTransaction = "25006"

func tryView(ctx context.Context, conn *pgx.Conn, view models.TableName) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	_, err = tx.Exec(ctx, "SELECT * FROM "+quoteTable(view)+" LIMIT 1")
	return err
}

// quoteTable writes the name of a table for SQL.
func quoteTable(t models.TableName) string { return pgx.Identifier{t.Schema, t.Name}.Sanitize() }
