package source

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/backupman/backupman/models"
)

// PostgresTarget is a database that dumps of PostgreSQL are restored into.
type PostgresTarget struct {
	*Postgres
	// private says that the server is one that this program started for a drill.
	private bool
}

var _ Target = (*PostgresTarget)(nil)

func openPostgresTarget(label string, s models.Settings) (Target, error) {
	t, err := newPostgresTarget(label, s)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func newPostgresTarget(label string, s models.Settings) (*PostgresTarget, error) {
	s = maps.Clone(s)
	if user := s["restore_user"]; user != "" {
		s["user"], s["password"] = user, s["restore_password"]
	}
	p, err := newPostgres(label, s)
	if err != nil {
		return nil, err
	}
	return &PostgresTarget{Postgres: p, private: s[settingPrivate] != ""}, nil
}

// other returns another database of the same server.
func (p *Postgres) other(database string) *Postgres {
	o := *p
	o.settings = maps.Clone(p.settings)
	o.settings["db_name"] = database
	return &o
}

// everywhere are databases that usually are there, to ask the server something that is
// not about one of them.
var everywhere = []string{"postgres", "template1"}

// server connects to the server, to another database than the target's own where that
// can be, and returns what server it is. The size in it is none.
func (t *PostgresTarget) server(ctx context.Context) (*pgx.Conn, postgresServer, error) {
	var conn *pgx.Conn
	var first error
	for _, database := range append(everywhere, t.database()) {
		if database == t.database() && first == nil {
			continue
		}
		var err error
		if conn, err = t.other(database).connect(ctx); err == nil {
			break
		}
		if first == nil {
			first = err
		}
	}
	if conn == nil {
		return nil, postgresServer{}, first
	}
	server, err := t.askServer(ctx, conn)
	if err != nil {
		hangUp(ctx, conn)
		return nil, server, err
	}
	return conn, server, nil
}

func (t *PostgresTarget) exists(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var there bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", t.database()).Scan(&there)
	if err != nil {
		return false, t.wrap("ask for the database", err)
	}
	return there, nil
}

// Look implements Target.
func (t *PostgresTarget) Look(ctx context.Context) (models.TargetState, error) {
	state := models.TargetState{Database: t.database()}
	bounded, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	conn, server, err := t.server(bounded)
	if err != nil {
		if ctx.Err() != nil {
			return state, context.Cause(ctx)
		}
		state.Problems = append(state.Problems, err.Error())
		return state, nil
	}
	defer hangUp(ctx, conn)
	state.Server = server.text
	if _, err := t.chooseRestoreTool(bounded, server); err != nil {
		state.Problems = append(state.Problems, err.Error())
	}
	if state.Exists, err = t.exists(bounded, conn); err != nil || !state.Exists {
		return state, err
	}
	return state, t.lookInside(bounded, server, &state)
}

// lookInside looks at the database itself.
func (t *PostgresTarget) lookInside(ctx context.Context, server postgresServer, state *models.TargetState) error {
	ctx, conn, end, err := t.session(ctx)
	if err != nil {
		state.Problems = append(state.Problems, err.Error())
		return nil
	}
	defer end()
	contents, err := t.contents(ctx, conn)
	if err != nil {
		return err
	}
	others, err := t.others(ctx, conn)
	if err != nil {
		return err
	}
	state.Objects = others
	for _, o := range contents.objects {
		if o.Kind != models.ObjectTable {
			state.Objects++
		}
	}
	if err := conn.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&state.Size); err != nil {
		return t.wrap("ask for its size", err)
	}
	var may bool
	if err := conn.QueryRow(ctx, "SELECT has_database_privilege(current_database(), 'CREATE')").Scan(&may); err != nil {
		return t.wrap("ask what the account may do", err)
	}
	if !may {
		state.Problems = append(state.Problems, fmt.Sprintf("role %q may not create anything in database %q, so it can't restore into it; mend it with: ALTER DATABASE %s OWNER TO %s; or set restore_user to a role that may",
			server.role, t.database(), quoteIdentifier(t.database()), quoteIdentifier(server.role)))
	}
	return t.existing(ctx, conn, state)
}

// othersQuery counts what the list of a database's contents leaves out and a restore
// would meet: types, schemas, extensions and large objects.
const othersQuery = `SELECT (SELECT count(*) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c')
		AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'))
	+ (SELECT count(*) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public'))
	+ (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql') + (SELECT count(*) FROM pg_largeobject_metadata)`

func (t *PostgresTarget) others(ctx context.Context, conn *pgx.Conn) (n int, err error) {
	if err := conn.QueryRow(ctx, othersQuery).Scan(&n); err != nil {
		return 0, t.wrap("count what the database holds", err)
	}
	return n, nil
}

var existingQuery = `SELECT n.nspname::text, c.relname::text, c.reltuples::bigint, CASE c.relkind WHEN 'p' THEN 0 ELSE pg_total_relation_size(c.oid) END
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND` + fmt.Sprintf(notInherent, "pg_class", "c") + ` ORDER BY 1, 2`

// existing lists the tables with what the server knows of their size. PostgreSQL does
// not tell when a table was changed.
func (t *PostgresTarget) existing(ctx context.Context, conn *pgx.Conn, state *models.TargetState) error {
	rows, err := conn.Query(ctx, existingQuery)
	if err != nil {
		return t.wrap("look at its tables", err)
	}
	var table models.TargetTable
	_, err = pgx.ForEachRow(rows, []any{&table.Schema, &table.Name, &table.Rows, &table.Bytes}, func() error {
		state.Tables = append(state.Tables, table)
		return nil
	})
	if err != nil {
		return t.wrap("look at its tables", err)
	}
	return nil
}

// Drop implements Target.
func (t *PostgresTarget) Drop(ctx context.Context) error {
	conn, server, err := t.server(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	return t.drop(ctx, conn, server, t.database())
}

// drop ends the sessions of a database and removes it.
func (t *PostgresTarget) drop(ctx context.Context, conn *pgx.Conn, server postgresServer, database string) error {
	statement := "DROP DATABASE IF EXISTS " + quoteIdentifier(database)
	if server.major >= 13 {
		statement += " WITH (FORCE)"
	} else if err := t.endSessions(ctx, conn, database); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		return t.refused("drop the database", err)
	}
	return nil
}

// endSessions ends what others do in a database.
func (t *PostgresTarget) endSessions(ctx context.Context, conn *pgx.Conn, database string) error {
	_, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", database)
	if err != nil {
		return t.refused("end the sessions of the database", err)
	}
	return nil
}

// refused says in a sentence what the server says to a statement.
func (t *PostgresTarget) refused(doing string, err error) error {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return t.wrap(doing, err)
	}
	return models.Invalidf("data source %q: the server at %s refuses to %s: %s", t.label, t.where(), doing, answer.Message)
}
