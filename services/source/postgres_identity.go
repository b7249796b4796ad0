package source

import (
	"context"
	"crypto/rand"
	"encoding/binary"

	"github.com/jackc/pgx/v5"
)

// SameServer implements Target. It takes an advisory lock with a random number on one
// server, and asks the other who holds it: only connections to the same server see it,
// whichever database they are connected to. Both ways are tried, for a proxy may send a
// question elsewhere.
func (t *PostgresTarget) SameServer(ctx context.Context, other Target) (bool, error) {
	o, ok := other.(*PostgresTarget)
	if !ok {
		return false, nil
	}
	mine, _, err := t.server(ctx)
	if err != nil {
		return false, err
	}
	defer hangUp(ctx, mine)
	theirs, _, err := o.server(ctx)
	if err != nil {
		return false, err
	}
	defer hangUp(ctx, theirs)
	seen, err := seesAdvisory(ctx, mine, theirs)
	if err == nil && !seen {
		seen, err = seesAdvisory(ctx, theirs, mine)
	}
	if err != nil {
		return false, t.wrap("ask whether two servers are one", err)
	}
	return seen, nil
}

// heldAdvisory asks for the holder of a lock, of which the number is in two halves.
const heldAdvisory = `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
	AND classid::bigint = $1 AND objid::bigint = $2 AND pid = $3)`

// seesAdvisory takes a lock through one connection, and tells whether the other sees it.
// The lock ends with its transaction.
func seesAdvisory(ctx context.Context, locking, asking *pgx.Conn) (bool, error) {
	var random [8]byte
	_, _ = rand.Read(random[:])
	number := int64(binary.BigEndian.Uint64(random[:]))
	tx, err := locking.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	var got bool
	var holder int32
	if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1), pg_backend_pid()", number).Scan(&got, &holder); err != nil || !got {
		return false, err
	}
	var seen bool
	high, low := int64(binary.BigEndian.Uint32(random[:4])), int64(binary.BigEndian.Uint32(random[4:]))
	err = asking.QueryRow(ctx, heldAdvisory, high, low, holder).Scan(&seen)
	return seen, err
}
