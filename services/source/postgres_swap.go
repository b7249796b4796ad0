package source

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/backupman/backupman/models"
)

// replace restores into a database beside the present one, and puts it in its place only
// when everything is there: until then nothing is changed.
func (r *postgresRestore) replace(ctx context.Context, conn *pgx.Conn, there bool) error {
	if !there {
		return r.restoreBeside(ctx, conn, r.database(), "", nil)
	}
	var old postgresDatabase
	if err := r.askDatabase(ctx, conn, &old); err != nil {
		return err
	}
	side := "backupman_" + strings.ToLower(rand.Text())
	return r.restoreBeside(ctx, conn, side, old.tablespace, func() error { return r.putInPlace(ctx, old, side) })
}

// putInPlace makes the restored database the one that it is to be. It connects anew, for
// the restore before it may have taken longer than a connection lasts without a word.
func (r *postgresRestore) putInPlace(ctx context.Context, old postgresDatabase, side string) error {
	conn, _, err := r.server(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	if err := r.carryOver(ctx, conn, old, side); err != nil {
		return err
	}
	return r.swap(ctx, conn, side)
}

// restoreBeside makes a database, in a tablespace or the usual one, and restores into it.
// When that fails, or what follows, the database is dropped again.
func (r *postgresRestore) restoreBeside(ctx context.Context, conn *pgx.Conn, database, tablespace string, then func() error) error {
	if err := r.create(ctx, conn, r.of, database, r.req.Inventory.Options); err != nil {
		return err
	}
	r.place(ctx, conn, database, tablespace)
	err := r.restoreWhole(ctx, database)
	if err == nil && then != nil {
		err = then()
	}
	if err == nil {
		return nil
	}
	if dropErr := r.dropLater(ctx, database); dropErr != nil {
		r.warn("database %q, which was made for the restore, could not be dropped: %v", database, dropErr)
	}
	return err
}

// usualTablespace is where databases are made.
const usualTablespace = "pg_default"

// place moves a database that is empty to a tablespace.
func (r *postgresRestore) place(ctx context.Context, conn *pgx.Conn, database, tablespace string) {
	if tablespace == "" || tablespace == usualTablespace {
		return
	}
	_, err := conn.Exec(ctx, "ALTER DATABASE "+quoteIdentifier(database)+" SET TABLESPACE "+quoteIdentifier(tablespace))
	if err != nil {
		r.warn("the restored database is not in tablespace %q, where the old one was: %v", tablespace, err)
	}
}

// dropLater drops a database even when the context has ended.
func (r *postgresRestore) dropLater(ctx context.Context, database string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.patience)
	defer cancel()
	conn, server, err := r.server(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	return r.drop(ctx, conn, server, database)
}

// postgresDatabase is what a server keeps of a database outside it.
type postgresDatabase struct {
	owner, comment, tablespace string
	limit                      int
	// granted says that its privileges are not the usual ones.
	granted bool
	// grants and settings are statements, with %s for the name of the database.
	grants, settings []string
}

// databaseGrants writes the privileges on a database as statements.
const databaseGrants = `SELECT 'GRANT ' || a.privilege_type || ' ON DATABASE %s TO ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE replace(quote_ident(pg_get_userbyid(a.grantee)), '%', '%%') END
		|| CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
	FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = $1`

// databaseSettings writes the settings of a database, and of roles in it, as statements.
// The values of lists of names are quoted already.
const databaseSettings = `SELECT CASE s.setrole WHEN 0 THEN 'ALTER DATABASE %s' ELSE 'ALTER ROLE ' || replace(quote_ident(pg_get_userbyid(s.setrole)), '%', '%%') || ' IN DATABASE %s' END
		|| ' SET ' || quote_ident(split_part(c, '=', 1)) || ' TO '
		|| replace(CASE WHEN lower(split_part(c, '=', 1)) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries', 'shared_preload_libraries', 'unix_socket_directories')
			AND substr(c, strpos(c, '=') + 1) <> ''
			THEN substr(c, strpos(c, '=') + 1) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END, '%', '%%')
	FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c WHERE d.datname = $1`

func (r *postgresRestore) askDatabase(ctx context.Context, conn *pgx.Conn, d *postgresDatabase) (err error) {
	if err := r.replicates(ctx, conn); err != nil {
		return err
	}
	err = conn.QueryRow(ctx, `SELECT pg_get_userbyid(datdba)::text, datconnlimit, coalesce(shobj_description(d.oid, 'pg_database'), ''), spcname::text, datacl IS NOT NULL
		FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = $1`, r.database()).
		Scan(&d.owner, &d.limit, &d.comment, &d.tablespace, &d.granted)
	if err != nil {
		return r.wrap("ask for the database", err)
	}
	var own bool
	if err := conn.QueryRow(ctx, "SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = $1", r.database()).Scan(&own); err != nil {
		return r.wrap("ask for the owner of the database", err)
	}
	if !own {
		return models.Invalidf("database %q belongs to role %q, so role %q may not replace it; set restore_user to that role or to a superuser", r.database(), d.owner, r.of.role)
	}
	if d.grants, err = r.listOf(ctx, conn, databaseGrants, r.database()); err != nil {
		return err
	}
	d.settings, err = r.listOf(ctx, conn, databaseSettings, r.database())
	return err
}

// replicates refuses to replace a database that is tied to others: the server would not
// drop it.
func (r *postgresRestore) replicates(ctx context.Context, conn *pgx.Conn) error {
	slots, err := r.listOf(ctx, conn, "SELECT slot_name::text FROM pg_replication_slots WHERE database = $1", r.database())
	if err != nil {
		return err
	}
	if len(slots) > 0 {
		return models.Conflictf("database %q can't be replaced while replication slots use it: %s; drop them with pg_drop_replication_slot first", r.database(), listNames(slots))
	}
	if r.of.major < 10 {
		return nil
	}
	subscriptions, err := r.listOf(ctx, conn, "SELECT subname::text FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = $1)", r.database())
	if err == nil && len(subscriptions) > 0 {
		return models.Conflictf("database %q can't be replaced while it has subscriptions: %s; drop them with DROP SUBSCRIPTION first", r.database(), listNames(subscriptions))
	}
	return err
}

// carryOver gives the new database the owner, privileges, settings and comment of the old.
func (r *postgresRestore) carryOver(ctx context.Context, conn *pgx.Conn, old postgresDatabase, side string) error {
	name := quoteIdentifier(side)
	statements := []string{
		"ALTER DATABASE " + name + " OWNER TO " + quoteIdentifier(old.owner),
		fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT %d", name, old.limit),
	}
	if old.comment != "" {
		statements = append(statements, "COMMENT ON DATABASE "+name+" IS "+quotePostgres(old.comment))
	}
	if old.granted {
		statements = append(statements, "REVOKE ALL ON DATABASE "+name+" FROM PUBLIC", "REVOKE ALL ON DATABASE "+name+" FROM "+quoteIdentifier(old.owner))
	}
	for _, template := range append(old.grants, old.settings...) {
		statements = append(statements, fmt.Sprintf(template, name))
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return r.refused("give the restored database what the old one had", err)
		}
	}
	return nil
}

// quotePostgres writes a text for SQL, whatever backslashes mean there.
func quotePostgres(text string) string {
	return " E'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(text) + "'"
}

// swapTries is how often sessions that come back are ended.
const swapTries = 20

// errObjectInUse says that somebody is connected to a database.
const errObjectInUse = "55006"

// swap gives the new database the name of the old, in one transaction, and drops the old.
func (r *postgresRestore) swap(ctx context.Context, conn *pgx.Conn, side string) error {
	old := "backupman_old_" + strings.ToLower(rand.Text())
	var err error
	for range swapTries {
		if err = r.endSessions(ctx, conn, r.database()); err != nil {
			return err
		}
		if err = r.rename(ctx, conn, old, side); err == nil {
			break
		}
		var answer *pgconn.PgError
		if !errors.As(err, &answer) || answer.Code != errObjectInUse {
			break
		}
	}
	if err != nil {
		return r.refused("put the restored database in the place of the old one", err)
	}
	if err := r.dropLater(ctx, old); err != nil {
		r.warn("the old database is still there under the name %q, because it could not be dropped: %v", old, err)
	}
	return nil
}

func (r *postgresRestore) rename(ctx context.Context, conn *pgx.Conn, old, side string) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, names := range [][2]string{{r.database(), old}, {side, r.database()}} {
		if _, err := tx.Exec(ctx, "ALTER DATABASE "+quoteIdentifier(names[0])+" RENAME TO "+quoteIdentifier(names[1])); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}
