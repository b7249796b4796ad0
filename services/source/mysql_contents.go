package source

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/backupman/backupman/models"
)

// mysqlContents is what a server says that a database holds, as far as the
// account can see.
type mysqlContents struct {
	objects []models.Object
	// size is the server's estimate in bytes.
	size int64
	// versioned says that tables keep their history.
	versioned bool
	// nonTransactional names tables with rows that a snapshot does not cover.
	nonTransactional []string
	// odd names tables with columns that only MySQL's own tool dumps so that
	// they can be restored.
	odd []string
	// foreign names routines that the account did not define itself.
	foreign []string
	// external names tables whose rows are elsewhere, so that the tools leave
	// them out.
	external []string
}

func (c mysqlContents) count(kind models.ObjectKind) int {
	return models.Inventory{Objects: c.objects}.Count(kind)
}

func (m *MySQL) contents(ctx context.Context, db *sql.DB, server mysqlServer) (mysqlContents, error) {
	var c mysqlContents
	if err := m.tables(ctx, db, &c); err != nil {
		return c, err
	}
	lists := []struct {
		without string
		kind    models.ObjectKind
		query   string
	}{
		{withoutTriggers, models.ObjectTrigger, "SELECT TRIGGER_NAME, '' FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?"},
		{withoutEvents, models.ObjectEvent, "SELECT EVENT_NAME, '' FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ?"},
		{withoutRoutines, models.ObjectRoutine, "SELECT ROUTINE_NAME, DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?"},
	}
	for _, list := range lists {
		if m.without[list.without] {
			continue
		}
		err := m.list(ctx, db, list.query, func(name, definer string) {
			c.objects = append(c.objects, models.Object{Kind: list.kind, Name: name})
			if list.kind == models.ObjectRoutine && definer != server.account {
				c.foreign = append(c.foreign, name)
			}
		})
		if err != nil {
			return c, err
		}
	}
	if server.mariadb {
		return c, nil
	}
	return c, m.list(ctx, db, "SELECT DISTINCT TABLE_NAME, '' FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? "+
		"AND (EXTRA LIKE '%VIRTUAL GENERATED%' OR EXTRA LIKE '%STORED GENERATED%' OR DATA_TYPE = 'vector')",
		func(name, _ string) { c.odd = append(c.odd, name) })
}

// list runs a query of two texts about the database.
func (m *MySQL) list(ctx context.Context, db *sql.DB, query string, each func(a, b string)) error {
	rows, err := db.QueryContext(ctx, query, m.database())
	if err != nil {
		return m.wrap("list what the database holds", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a, b string
		if err := rows.Scan(&a, &b); err != nil {
			return m.wrap("list what the database holds", err)
		}
		each(a, b)
	}
	return rows.Err()
}

func (m *MySQL) tables(ctx context.Context, db *sql.DB, c *mysqlContents) error {
	rows, err := db.QueryContext(ctx, "SELECT TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, ''), COALESCE(TABLE_ROWS, 0), "+
		"COALESCE(DATA_LENGTH, 0) + COALESCE(INDEX_LENGTH, 0) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME", m.database())
	if err != nil {
		return m.wrap("list its tables", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, kind, engine string
		var count, size int64
		if err := rows.Scan(&name, &kind, &engine, &count, &size); err != nil {
			return m.wrap("list its tables", err)
		}
		c.size += size
		c.table(name, kind, engine, count > 0)
	}
	return rows.Err()
}

func (c *mysqlContents) table(name, kind, engine string, hasRows bool) {
	switch kind {
	case "VIEW":
		c.objects = append(c.objects, models.Object{Kind: models.ObjectView, Name: name})
		return
	case "SEQUENCE":
		c.objects = append(c.objects, models.Object{Kind: models.ObjectSequence, Name: name})
		return
	case "BASE TABLE", "SYSTEM VERSIONED":
		c.objects = append(c.objects, models.Object{Kind: models.ObjectTable, Name: name})
	default:
		return
	}
	c.versioned = c.versioned || kind == "SYSTEM VERSIONED"
	switch {
	case isMerge(engine):
	case external(engine):
		c.external = append(c.external, name+" ("+engine+")")
	case hasRows && !transactional(engine):
		c.nonTransactional = append(c.nonTransactional, name+" ("+engine+")")
	}
}

// isMerge tells whether an engine shows the rows of other tables of the same
// database, with which they are dumped.
func isMerge(engine string) bool {
	return strings.EqualFold(engine, "MRG_MYISAM") || strings.EqualFold(engine, "MERGE")
}

// external tells whether an engine's rows are outside the server. The tools
// dump no more of such tables than how they are made.
func external(engine string) bool {
	switch strings.ToUpper(engine) {
	case "FEDERATED", "SPIDER", "CONNECT", "OQGRAPH", "VP":
		return true
	}
	return false
}

// transactional tells whether a consistent snapshot covers an engine's tables.
// An empty engine is a broken table, which the tool itself complains about.
func transactional(engine string) bool {
	switch strings.ToUpper(engine) {
	case "", "INNODB", "ROCKSDB", "TOKUDB", "NDBCLUSTER":
		return true
	}
	return false
}

// missingFrom names what was there before and after the dump and is not in it.
func missingFrom(before, after, dumped []models.Object, fold bool) []string {
	key := func(o models.Object) models.Object {
		o = o.Identity()
		if fold && (o.Kind == models.ObjectTable || o.Kind == models.ObjectView) {
			o.Name = strings.ToLower(o.Name)
		}
		return o
	}
	in, still := map[models.Object]int{}, map[models.Object]int{}
	for _, o := range dumped {
		in[key(o)]++
	}
	for _, o := range after {
		still[key(o)]++
	}
	var missing []string
	for _, o := range before {
		k := key(o)
		if still[k] == 0 {
			continue
		}
		still[k]--
		if in[k]--; in[k] < 0 {
			missing = append(missing, fmt.Sprintf("%s %s", o.Kind, qualified(o)))
		}
	}
	return missing
}

func qualified(o models.Object) string {
	if o.Schema == "" {
		return o.Name
	}
	return o.Schema + "." + o.Name
}

func plural(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}
