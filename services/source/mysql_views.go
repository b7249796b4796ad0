package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"github.com/backupman/backupman/models"
)

// TryViews implements Target. What a view calls may be code of the dump, so that each
// is read in a transaction that lets nothing be written.
func (t *MySQLTarget) TryViews(ctx context.Context) ([]string, error) {
	db, err := t.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var views []string
	err = t.list(ctx, db, "SELECT TABLE_NAME, '' FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? ORDER BY 1", func(name, _ string) { views = append(views, name) })
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, view := range views {
		err := readView(ctx, db, view)
		var answer *mysql.MySQLError
		switch {
		case err == nil:
		case !errors.As(err, &answer):
			return broken, t.wrap("read its views", err)
		case answer.Number == errNoDefiner:
			return broken, Incapablef("view %q can't be read on the server at %s, because the account that defines it is not there (%s): create it there, or use the scratch server %s", view, t.where(), answer.Message, models.ScratchTemporary)
		case answer.Number != errReadOnly:
			broken = append(broken, fmt.Sprintf("view %q can't be read: %s", view, answer.Message))
		}
	}
	return broken, nil
}

func readView(ctx context.Context, db *sql.DB, view string) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+quoteMySQL(view)+" LIMIT 1")
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}
