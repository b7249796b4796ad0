package source

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/backupman/backupman/models"
)

// mysqlAccount is what an account may do, as far as dumps need it.
type mysqlAccount struct {
	grants   mysqlGrants
	server   mysqlServer
	database string
}

// hidden tells what the account may not see, one sentence each with the
// statement that mends it. The tools dump "successfully" without such things.
func (m *MySQL) hidden(ctx context.Context, db *sql.DB, server mysqlServer, c mysqlContents) (lacks, error) {
	a, err := m.account(ctx, db, server)
	if err != nil {
		return nil, err
	}
	return a.lacking(c, m.without), nil
}

// openingGrants are the statements that let an account see a database which it may not even
// open; none when the server can't be asked.
func (m *MySQL) openingGrants(ctx context.Context) []string {
	db, err := m.connectTo(ctx, "", connectTimeout)
	if err != nil {
		return nil
	}
	defer db.Close()
	server, err := askMySQLServer(ctx, db)
	if err != nil {
		return nil
	}
	all, err := m.hidden(ctx, db, server, mysqlContents{})
	if err != nil {
		return nil
	}
	return all.grants()
}

// account asks what the account may do.
func (m *MySQL) account(ctx context.Context, db *sql.DB, server mysqlServer) (mysqlAccount, error) {
	a := mysqlAccount{server: server, database: m.database()}
	rows, err := db.QueryContext(ctx, "SHOW GRANTS")
	if err != nil {
		return a, m.wrap("ask what the account may do", err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return a, m.wrap("ask what the account may do", err)
		}
		if g, ok := parseGrant(line); ok {
			a.grants = append(a.grants, g)
		}
	}
	if err := rows.Err(); err != nil {
		return a, m.wrap("ask what the account may do", err)
	}
	return a, nil
}

func (a mysqlAccount) lacking(c mysqlContents, without map[string]bool) lacks {
	var all lacks
	add := func(l lack) {
		if l.problem != "" {
			all = append(all, l)
		}
	}
	add(a.tables())
	add(a.views(c))
	if !without[withoutTriggers] {
		add(a.triggers(c))
	}
	if !without[withoutRoutines] {
		add(a.routines(c))
	}
	if !without[withoutEvents] {
		add(a.events())
	}
	return all
}

// tables asks for SHOW VIEW at the same time, for the account does not see yet
// whether there are views.
func (a mysqlAccount) tables() lack {
	if a.grants.on("SELECT", a.database) {
		return lack{}
	}
	privileges := "SELECT"
	if !a.grants.on("SHOW VIEW", a.database) {
		privileges = "SELECT, SHOW VIEW"
	}
	return a.lacks(privileges, "tables it may not read would be left out of the backup without a word", "")
}

func (a mysqlAccount) views(c mysqlContents) lack {
	if !a.grants.on("SELECT", a.database) {
		return lack{}
	}
	for _, o := range c.objects {
		if o.Kind == models.ObjectView && !a.grants.onTable("SHOW VIEW", a.database, o.Name) {
			return a.lacks("SHOW VIEW", fmt.Sprintf("view %q can't be dumped", o.Name), "")
		}
	}
	return lack{}
}

func (a mysqlAccount) triggers(c mysqlContents) lack {
	lacks := !a.grants.on("SELECT", a.database) && !a.grants.on("TRIGGER", a.database)
	for _, o := range c.objects {
		lacks = lacks || o.Kind == models.ObjectTable && !a.grants.onTable("TRIGGER", a.database, o.Name)
	}
	if !lacks {
		return lack{}
	}
	return a.lacks("TRIGGER", "triggers would be left out of the backup without a word", withoutTriggers)
}

func (a mysqlAccount) events() lack {
	if a.grants.on("EVENT", a.database) {
		return lack{}
	}
	return a.lacks("EVENT", "events would be left out of the backup without a word", withoutEvents)
}

// routines wants the right to read every routine, or at least to see that
// there is none but the account's own.
func (a mysqlAccount) routines(c mysqlContents) lack {
	if a.readsRoutines() {
		return lack{}
	}
	for _, privilege := range []string{"EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE"} {
		if !a.grants.on(privilege, a.database) {
			continue
		}
		if len(c.foreign) == 0 {
			return lack{}
		}
		return a.sentence("may not read the routines that others defined in",
			"they can't be dumped: "+listNames(c.foreign), a.routineGrant(), withoutRoutines)
	}
	return a.sentence("has neither EXECUTE nor the right to read routines on",
		"procedures and functions would be left out of the backup without a word", a.routineGrant(), withoutRoutines)
}

// showCreateRoutine is the first MariaDB that has this privilege; before, even
// all privileges on a database do not show what others defined in it.
var showCreateRoutine = version{major: 11, minor: 3}

func (a mysqlAccount) readsRoutines() bool {
	switch {
	case a.server.mariadb && !a.server.version.olderSeries(showCreateRoutine) && a.grants.on("SHOW CREATE ROUTINE", a.database):
		return true
	case a.server.mariadb:
		return a.grants.onTable("SELECT", "mysql", "proc")
	case a.server.version.major < 8:
		return a.grants.onTable("SELECT", "mysql", "proc")
	}
	return a.grants.globally("SELECT") || a.grants.globally("SHOW_ROUTINE")
}

func (a mysqlAccount) routineGrant() string {
	switch {
	case a.server.mariadb && !a.server.version.olderSeries(showCreateRoutine):
		return a.grant("SHOW CREATE ROUTINE")
	case a.server.mariadb || a.server.version.major < 8:
		return "GRANT SELECT ON `mysql`.`proc` TO " + a.name()
	}
	return "GRANT SHOW_ROUTINE ON *.* TO " + a.name()
}

func (a mysqlAccount) lacks(privilege, consequence, without string) lack {
	return a.sentence("lacks "+privilege+" on", consequence, a.grant(privilege), without)
}

func (a mysqlAccount) sentence(lacks, consequence, statement, without string) lack {
	s := fmt.Sprintf("account %s %s database %q, so %s; mend it with: %s;", a.name(), lacks, a.database, consequence, statement)
	if without != "" {
		s += fmt.Sprintf(" or set without: %s, if the backup may do without them", without)
	}
	return lack{problem: s, grants: []string{statement + ";"}}
}

func (a mysqlAccount) grant(privilege string) string {
	pattern := a.grants.pattern(a.database, a.server.account)
	return "GRANT " + privilege + " ON `" + strings.ReplaceAll(pattern, "`", "``") + "`.* TO " + a.name()
}

// name quotes user@host; a user's name may hold "@", a host's may not.
func (a mysqlAccount) name() string {
	user, host := a.server.account, ""
	if at := strings.LastIndexByte(user, '@'); at >= 0 {
		user, host = user[:at], user[at+1:]
	}
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(user) + "'@'" + host + "'"
}
