package source

import (
	"context"
	"crypto/rand"
	"database/sql"
)

// SameServer implements Target. It takes a lock with a random name on one server, and
// asks the other for it: only connections to the same server see it. Both ways are
// tried, for a proxy may send a question elsewhere.
func (t *MySQLTarget) SameServer(ctx context.Context, other Target) (bool, error) {
	o, ok := other.(*MySQLTarget)
	if !ok {
		return false, nil
	}
	mine, _, err := t.server(ctx)
	if err != nil {
		return false, err
	}
	defer mine.Close()
	theirs, _, err := o.server(ctx)
	if err != nil {
		return false, err
	}
	defer theirs.Close()
	seen, err := sees(ctx, mine, theirs)
	if err != nil || seen {
		return seen, err
	}
	return sees(ctx, theirs, mine)
}

// sees takes a lock through one connection, and tells whether the other sees it.
func sees(ctx context.Context, locking, asking *sql.DB) (bool, error) {
	conn, err := locking.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	name := "backupman-" + rand.Text()
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 10)", name).Scan(&got); err != nil {
		return false, err
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", name) }()
	// Who holds it is not compared: a proxy has numbers of its own for connections.
	var holder sql.NullInt64
	if err := asking.QueryRowContext(ctx, "SELECT IS_USED_LOCK(?)", name).Scan(&holder); err != nil {
		return false, err
	}
	return got.Int64 == 1 && holder.Valid, nil
}
