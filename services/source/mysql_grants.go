package source

import (
	"strings"
)

// mysqlGrant is one line of SHOW GRANTS that grants or revokes privileges.
type mysqlGrant struct {
	revoke     bool
	privileges map[string]bool
	// database is the name or pattern as it stands there; "*" with global.
	database string
	// table is "*" for a whole database.
	table  string
	global bool
	// grantee is the account or role that holds the grant.
	grantee string
}

// parseGrant reads a line of SHOW GRANTS; lines that grant a role, or a
// privilege on a routine or on single columns, say nothing here.
func parseGrant(line string) (mysqlGrant, bool) {
	w := &words{text: []byte(line)}
	verb, _ := w.next()
	g := mysqlGrant{revoke: verb == "REVOKE", privileges: map[string]bool{}}
	if verb != "GRANT" && verb != "REVOKE" || !g.readPrivileges(w) {
		return g, false
	}
	word, quoted := w.next()
	if !quoted && (word == "PROCEDURE" || word == "FUNCTION" || word == "PACKAGE") {
		return g, false
	}
	if !quoted && word == "TABLE" {
		word, quoted = w.next()
	}
	g.database, g.global = word, word == "*" && !quoted
	w.next() // the dot
	g.table, _ = w.next()
	w.next() // TO or FROM
	g.grantee = string(w.text[w.pos:])
	if at := strings.Index(g.grantee, " IDENTIFIED "); at >= 0 {
		g.grantee = g.grantee[:at]
	}
	g.grantee = strings.TrimSuffix(strings.TrimSpace(g.grantee), " WITH GRANT OPTION")
	return g, true
}

// readPrivileges reads up to ON; a TO instead means that roles are granted.
func (g *mysqlGrant) readPrivileges(w *words) bool {
	var name []string
	depth := 0
	for {
		word, quoted := w.next()
		switch {
		case word == "" && !quoted, !quoted && depth == 0 && word == "TO":
			return false
		case word == "(" && !quoted:
			depth++
			name = nil // a privilege on columns is none on the table
		case word == ")" && !quoted:
			depth--
		case depth > 0 || quoted:
		case word == "," || word == "ON":
			if len(name) > 0 {
				g.privileges[strings.Join(name, " ")] = true
			}
			name = nil
			if word == "ON" {
				return true
			}
		default:
			name = append(name, strings.ToUpper(word))
		}
	}
}

func (g mysqlGrant) gives(privilege string) bool {
	return g.privileges[privilege] || g.privileges["ALL PRIVILEGES"] || g.privileges["ALL"]
}

// mysqlGrants are all grants that are in force for a session.
type mysqlGrants []mysqlGrant

// globally tells whether a privilege is held on everything.
func (all mysqlGrants) globally(privilege string) bool {
	for _, g := range all {
		if g.global && !g.revoke && g.gives(privilege) {
			return true
		}
	}
	return false
}

// on tells whether a privilege is held on all of a database.
func (all mysqlGrants) on(privilege, database string) bool {
	if all.globally(privilege) && !all.revoked(privilege, database) {
		return true
	}
	for _, g := range all.closest(database) {
		if g.gives(privilege) {
			return true
		}
	}
	return false
}

// onTable tells whether a privilege is held on one table or view.
func (all mysqlGrants) onTable(privilege, database, table string) bool {
	if all.on(privilege, database) {
		return true
	}
	for _, g := range all {
		if !g.global && !g.revoke && g.database == database && g.table == table && g.gives(privilege) {
			return true
		}
	}
	return false
}

// revoked tells of a partial revoke of MySQL 8, whose names are no patterns.
func (all mysqlGrants) revoked(privilege, database string) bool {
	for _, g := range all {
		if g.revoke && g.database == database && g.table == "*" && g.gives(privilege) {
			return true
		}
	}
	return false
}

// closest returns the grants on the database that count. Servers take of each
// account and role only the grant whose pattern is the most specific.
func (all mysqlGrants) closest(database string) map[string]mysqlGrant {
	best := map[string]mysqlGrant{}
	for _, g := range all {
		if g.global || g.revoke || g.table != "*" || !matchPattern(g.database, database) {
			continue
		}
		if old, ok := best[g.grantee]; !ok || literalLength(g.database) > literalLength(old.database) {
			best[g.grantee] = g
		}
	}
	return best
}

// pattern returns how a further grant must name the database: as the account's
// own grant does, for a new one with another pattern would put that out of force.
func (all mysqlGrants) pattern(database, account string) string {
	for grantee, g := range all.closest(database) {
		if strings.NewReplacer("`", "", "'", "", `"`, "").Replace(grantee) == account {
			return g.database
		}
	}
	return strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(database)
}

// literalLength is how much of a pattern stands before its first wildcard,
// which is what servers order patterns by.
func literalLength(pattern string) int {
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '_', '%':
			return i
		}
	}
	return len(pattern) + 1
}

// matchPattern is LIKE: "_" is one character, "%" any number, "\" quotes.
func matchPattern(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	for len(p) > 0 {
		switch {
		case p[0] == '%':
			for i := 0; i <= len(n); i++ {
				if matchPattern(string(p[1:]), string(n[i:])) {
					return true
				}
			}
			return false
		case len(n) == 0:
			return false
		case p[0] == '\\' && len(p) > 1 && p[1] == n[0]:
			p, n = p[2:], n[1:]
		case p[0] == '_' || p[0] == n[0]:
			p, n = p[1:], n[1:]
		default:
			return false
		}
	}
	return len(n) == 0
}
