package source

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/backupman/backupman/models"
)

// postgresServer is what decides how a server is dumped.
type postgresServer struct {
	text string
	// major is 15 for 15.18, and 9 for everything before 10.
	major int
	size  int64
	role  string
	super bool
}

func (p *Postgres) askServer(ctx context.Context, conn *pgx.Conn) (postgresServer, error) {
	var s postgresServer
	var number string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('server_version_num'),
		pg_database_size(current_database()), current_user::text, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`).
		Scan(&s.text, &number, &s.size, &s.role, &s.super)
	if err != nil {
		return s, p.wrap("ask for its version", err)
	}
	n, err := strconv.Atoi(number)
	s.major = n / 10000
	return s, err
}

// postgresContents is what a server says that a database holds.
type postgresContents struct {
	objects []models.Object
	// tables are those that hold rows of their own.
	tables map[models.Object]bool
	// foreign names tables whose rows are on another server.
	foreign []string
}

// notInherent leaves out what the server and extensions made, which pg_dump
// does not dump, and what is gone with its session.
const notInherent = ` n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
	AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '%[1]s'::regclass AND d.objid = %[2]s.oid AND d.deptype = 'e')
	AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')`

var (
	relationsQuery = `SELECT n.nspname::text, c.relname::text, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't' AND` + fmt.Sprintf(notInherent, "pg_class", "c") + ` ORDER BY 1, 2`
	// The constructors of a range type come with the type and are not dumped apart.
	routinesQuery = `SELECT n.nspname::text, p.proname::text, 'P' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
			AND d.refclassid = 'pg_type'::regclass AND d.deptype = 'i') AND` + fmt.Sprintf(notInherent, "pg_proc", "p") + ` ORDER BY 1, 2`
	// Triggers of partitions that came with their parent's are not dumped apart.
	triggersQuery = `SELECT n.nspname::text, c.relname || ' ' || t.tgname, 'T' FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND c.relpersistence <> 't'
		AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid
			AND d.refclassid = 'pg_trigger'::regclass) AND` + fmt.Sprintf(notInherent, "pg_class", "c") + ` ORDER BY 1, 2`
)

func (p *Postgres) contents(ctx context.Context, conn *pgx.Conn) (postgresContents, error) {
	c := postgresContents{tables: map[models.Object]bool{}}
	for _, query := range []string{relationsQuery, routinesQuery, triggersQuery} {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			return c, p.wrap("list what the database holds", err)
		}
		var o models.Object
		var kind string
		_, err = pgx.ForEachRow(rows, []any{&o.Schema, &o.Name, &kind}, func() error {
			c.add(o, kind)
			return nil
		})
		if err != nil {
			return c, p.wrap("list what the database holds", err)
		}
	}
	return c, nil
}

var relationKinds = map[string]models.ObjectKind{
	"r": models.ObjectTable, "p": models.ObjectTable, "v": models.ObjectView, "m": "materialized view",
	"S": models.ObjectSequence, "f": "foreign table", "P": models.ObjectRoutine, "T": models.ObjectTrigger,
}

func (c *postgresContents) add(o models.Object, kind string) {
	o.Kind = relationKinds[kind]
	c.objects = append(c.objects, o)
	switch kind {
	case "r":
		c.tables[o] = true
	case "f":
		c.foreign = append(c.foreign, qualified(o))
	}
}

// warnings tells what a dump of these contents does not hold.
func (c postgresContents) warnings() []string {
	if len(c.foreign) == 0 {
		return nil
	}
	return []string{"the rows of foreign tables are on other servers and not in the backup: " + listNames(c.foreign)}
}

// missing names what was there before and after the dump and is not in it.
func (c postgresContents) missing(after postgresContents, scan *archiveScanner) []string {
	plain := func(objects []models.Object) []models.Object {
		named := make([]models.Object, 0, len(objects))
		for _, o := range objects {
			// The archive names routines with their arguments.
			if o.Kind == models.ObjectRoutine {
				o.Name, _, _ = strings.Cut(o.Name, "(")
			}
			named = append(named, o)
		}
		return named
	}
	missing := missingFrom(plain(c.objects), plain(after.objects), plain(scan.Objects()), false)
	dumped := map[models.Object]bool{}
	for _, t := range scan.Tables() {
		dumped[models.Object{Kind: models.ObjectTable, Schema: t.Schema, Name: t.Name}] = true
	}
	for t := range c.tables {
		if after.tables[t] && !dumped[t] {
			missing = append(missing, "the rows of table "+qualified(t))
		}
	}
	return missing
}
