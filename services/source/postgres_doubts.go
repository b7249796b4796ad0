package source

import (
	"context"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// lockedMappingsQuery finds user mappings whose options, passwords among them,
// the account may not see: pg_dump writes those without a word as having none.
// The conditions are those of the view pg_user_mappings.
const lockedMappingsQuery = `SELECT m.usename || ' on server ' || m.srvname FROM pg_user_mappings m JOIN pg_foreign_server s ON s.oid = m.srvid
	WHERE m.umoptions IS NULL AND NOT (CASE WHEN m.umuser = 0 THEN pg_has_role(s.srvowner, 'USAGE')
		ELSE m.usename = current_user AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')) END)
	ORDER BY 1`

// subscriptionsQuery finds subscriptions, which pg_dump reads for superusers only.
const subscriptionsQuery = `SELECT subname::text FROM pg_subscription
	WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1`

// extensionRowsQuery finds tables with rows that belong to an extension, which
// has not declared that their rows be dumped.
const extensionRowsQuery = `SELECT n.nspname || '.' || c.relname || ' (' || e.extname || ')' FROM pg_depend d
	JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_extension e ON e.oid = d.refobjid
	WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND c.relkind = 'r'
	AND NOT c.oid = ANY (coalesce(e.extconfig, '{}')) AND pg_relation_size(c.oid) > 0 ORDER BY 1`

// doubts tells what a dump will not hold, with the way out.
func (p *Postgres) doubts(ctx context.Context, conn *pgx.Conn, server postgresServer) ([]string, error) {
	var warnings []string
	look := func(applies bool, query, sentence string) error {
		if !applies {
			return nil
		}
		rows, err := conn.Query(ctx, query)
		if err != nil {
			return p.wrap("look for what a dump leaves out", err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return p.wrap("look for what a dump leaves out", err)
		}
		if len(names) > 0 {
			warnings = append(warnings, sentence+": "+listNames(names))
		}
		return nil
	}
	err := look(!server.super, lockedMappingsQuery,
		"the options of user mappings, such as passwords, are not in the backup, because the role may not see them (a superuser may)")
	if err == nil {
		err = look(!server.super && server.major >= 10, subscriptionsQuery,
			"subscriptions are not in the backup, because only a superuser may dump them")
	}
	if err == nil {
		err = look(true, extensionRowsQuery,
			"the rows of tables that belong to an extension are not in the backup, because pg_dump leaves them to it (ALTER EXTENSION … DROP TABLE makes a table your own)")
	}
	return warnings, err
}

// optionsQuery asks for the database's defaults. What only newer servers have
// is read by name from the row as JSON.
const optionsQuery = `SELECT pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text, coalesce(row_to_json(d)->>'datlocprovider', 'c'),
	coalesce(row_to_json(d)->>'datlocale', row_to_json(d)->>'daticulocale', '') FROM pg_database d WHERE d.datname = current_database()`

// plainWord is what a shell takes as one word, without quotes.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.@=,-]+$`)

// options returns the database's defaults as words for createdb. A value that a
// shell would take apart, which no usual system has, is left out.
func (p *Postgres) options(ctx context.Context, conn *pgx.Conn) (string, error) {
	var encoding, collate, ctype, provider, locale string
	if err := conn.QueryRow(ctx, optionsQuery).Scan(&encoding, &collate, &ctype, &provider, &locale); err != nil {
		return "", p.wrap("ask for its encoding", err)
	}
	words := []string{"--encoding", encoding, "--template", "template0"}
	add := func(option, value string) {
		if plainWord.MatchString(value) {
			words = append(words, option, value)
		}
	}
	if collate == ctype {
		add("--locale", collate)
	} else {
		add("--lc-collate", collate)
		add("--lc-ctype", ctype)
	}
	switch provider {
	case "i":
		add("--locale-provider", "icu")
		add("--icu-locale", locale)
	case "b":
		add("--locale-provider", "builtin")
		add("--builtin-locale", locale)
	}
	return strings.Join(words, " "), nil
}
