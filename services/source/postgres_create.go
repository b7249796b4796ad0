package source

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/backupman/backupman/models"
)

// Create implements Target.
func (t *PostgresTarget) Create(ctx context.Context, options string) error {
	conn, server, err := t.server(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	return t.create(ctx, conn, server, t.database(), options)
}

// create makes a database with the words of Inventory.Options.
func (t *PostgresTarget) create(ctx context.Context, conn *pgx.Conn, server postgresServer, database, options string) error {
	o, err := parseCreateOptions(options)
	if err != nil {
		return err
	}
	clauses, err := o.clauses(server)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+quoteIdentifier(database)+" TEMPLATE template0"+clauses)
	var answer *pgconn.PgError
	if err == nil || !errors.As(err, &answer) {
		return t.wrapIf("create the database", err)
	}
	switch answer.Code {
	case "42P04":
		return models.Conflictf("there is already a database %q on the server at %s", database, t.where())
	case "42501":
		return models.Invalidf("role %q may not create databases on the server at %s; mend it with: ALTER ROLE %s CREATEDB; or set restore_user to a role that may",
			server.role, t.where(), quoteIdentifier(server.role))
	case "22023", "42809", "42704", "0A000":
		return Incapablef("the server at %s can't make a database as the one of the backup was: %s; install the locale there, or restore into a database that you make yourself", t.where(), answer.Message)
	}
	return t.refused("create the database", err)
}

func (t *PostgresTarget) wrapIf(doing string, err error) error {
	if err == nil {
		return nil
	}
	return t.wrap(doing, err)
}

// createOptions are the defaults of a database, by the option of createdb.
type createOptions map[string]string

// createClauses are the options in the order of the statement, and what they are there.
var createClauses = []struct{ option, clause string }{
	{"--encoding", "ENCODING"}, {"--locale", "LC_COLLATE"}, {"--locale", "LC_CTYPE"}, {"--lc-collate", "LC_COLLATE"}, {"--lc-ctype", "LC_CTYPE"},
	{"--locale-provider", "LOCALE_PROVIDER"}, {"--icu-locale", "ICU_LOCALE"}, {"--builtin-locale", "BUILTIN_LOCALE"},
}

// parseCreateOptions reads options again, for they come from a file that anybody may have
// written.
func parseCreateOptions(options string) (createOptions, error) {
	words := strings.Fields(options)
	o := createOptions{}
	for len(words) > 0 {
		known := words[0] == "--template" && len(words) > 1 && words[1] == "template0"
		for _, c := range createClauses {
			known = known || words[0] == c.option
		}
		if !known || len(words) < 2 || !plainWord.MatchString(words[1]) {
			return nil, models.Invalidf("the backup says of its database what no database has: %q", bounded(options))
		}
		o[words[0]] = words[1]
		words = words[2:]
	}
	return o, nil
}

// clauses returns the clauses for a server of some version.
func (o createOptions) clauses(server postgresServer) (string, error) {
	needs := map[string]int{"icu": 15, "builtin": 17}[o["--locale-provider"]]
	if server.major < needs {
		return "", Incapablef("the database of the backup has a locale of the provider %s, which PostgreSQL knows from version %d on, and the server is of version %s", o["--locale-provider"], needs, server.text)
	}
	var b strings.Builder
	for _, c := range createClauses {
		if value, ok := o[c.option]; ok {
			b.WriteString(" " + c.clause + " '" + value + "'")
		}
	}
	return b.String(), nil
}
