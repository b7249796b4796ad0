package source

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// unreadableQuery finds what pg_dump would fail on: schemas without USAGE,
// tables and sequences without SELECT, tables whose row security applies.
var unreadableQuery = `SELECT n.nspname::text, c.relname::text,
		CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN 'schema'
			WHEN NOT has_table_privilege(c.oid, 'SELECT') THEN CASE c.relkind WHEN 'S' THEN 'sequences' ELSE 'tables' END
			ELSE 'policy' END
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
	AND (NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT')
		OR c.relrowsecurity AND row_security_active(c.oid)) AND` + fmt.Sprintf(notInherent, "pg_class", "c") + ` ORDER BY 1, 2`

// lockedBlobsQuery finds large objects that the account may not read.
const lockedBlobsQuery = `SELECT m.oid::text FROM pg_largeobject_metadata m
	WHERE NOT pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (SELECT 1 FROM aclexplode(m.lomacl) a
		WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
	ORDER BY m.oid`

// hidden tells what the account may not read, with the statement that mends it.
func (p *Postgres) hidden(ctx context.Context, conn *pgx.Conn, server postgresServer) (lacks, error) {
	if server.super {
		return nil, nil
	}
	rows, err := conn.Query(ctx, unreadableQuery)
	if err != nil {
		return nil, p.wrap("ask what the account may read", err)
	}
	found := unreadable{}
	var schema, name, what string
	if _, err := pgx.ForEachRow(rows, []any{&schema, &name, &what}, func() error {
		found.add(schema, what, name)
		return nil
	}); err != nil {
		return nil, p.wrap("ask what the account may read", err)
	}
	all := found.lacks(server.role)
	rows, err = conn.Query(ctx, lockedBlobsQuery)
	if err != nil {
		return nil, p.wrap("ask what large objects the account may read", err)
	}
	blobs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, p.wrap("ask what large objects the account may read", err)
	}
	return append(all, lockedBlobs(server.role, blobs)...), nil
}

// blobsAtOnce is how many large objects one statement names.
const blobsAtOnce = 100

// lockedBlobs tells of large objects that the account may not read.
func lockedBlobs(role string, blobs []string) lacks {
	if len(blobs) == 0 {
		return nil
	}
	l := lack{problem: fmt.Sprintf("role %q may not read %s; mend it with: ", role, plural(len(blobs), "large object", "large objects"))}
	for some := range slices.Chunk(blobs, blobsAtOnce) {
		l.grants = append(l.grants, "GRANT SELECT ON LARGE OBJECT "+strings.Join(some, ", ")+" TO "+quoteIdentifier(role)+";")
	}
	l.problem += l.grants[0]
	return lacks{l}
}

// unreadable names, by schema and by what is the matter, what can't be read.
type unreadable map[string]map[string][]string

func (u unreadable) add(schema, what, name string) {
	if u[schema] == nil {
		u[schema] = map[string][]string{}
	}
	u[schema][what] = append(u[schema][what], name)
}

func (u unreadable) lacks(role string) lacks {
	var all lacks
	for _, schema := range slices.Sorted(maps.Keys(u)) {
		for _, what := range slices.Sorted(maps.Keys(u[schema])) {
			names := u[schema][what]
			l := lack{grants: unreadableGrants(schema, what, names, quoteIdentifier(role))}
			l.problem = fmt.Sprintf("role %q may not read %s in schema %q", role, listNames(names), schema)
			if what == "policy" {
				l.problem = fmt.Sprintf("row security would hide rows of %s in schema %q from role %q", listNames(names), schema, role)
			}
			l.problem += "; mend it with: " + strings.Join(l.grants, " ")
			all = append(all, l)
		}
	}
	return all
}

// unreadableGrants are the statements that let a role, already quoted, read what it can't.
func unreadableGrants(schema, what string, names []string, role string) []string {
	in, to := quoteIdentifier(schema), " TO "+role+";"
	switch what {
	case "schema":
		return []string{"GRANT USAGE ON SCHEMA " + in + to, "GRANT SELECT ON ALL TABLES IN SCHEMA " + in + to, "GRANT SELECT ON ALL SEQUENCES IN SCHEMA " + in + to}
	case "sequences":
		return []string{"GRANT SELECT ON SEQUENCE " + grantList(schema, names) + to}
	case "policy":
		return []string{"ALTER ROLE " + role + " BYPASSRLS;"}
	}
	return []string{"GRANT SELECT ON TABLE " + grantList(schema, names) + to}
}

func grantList(schema string, names []string) string {
	quoted := make([]string, 0, len(names))
	for _, name := range names {
		quoted = append(quoted, quoteIdentifier(schema)+"."+quoteIdentifier(name))
	}
	return strings.Join(quoted, ", ")
}
