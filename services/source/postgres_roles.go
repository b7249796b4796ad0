package source

import (
	"maps"
	"slices"
)

// grantees returns the roles that a statement about privileges names.
func grantees(tokens []pgToken) []string {
	c := pgCursor{tokens: tokens}
	var roles []string
	switch {
	case c.take("set", "session", "authorization"):
		return c.names(roles)
	case c.take("alter", "default", "privileges", "for", "role"):
		roles = c.names(roles)
	case c.take("create", "user", "mapping", "for"):
		return c.names(roles)
	case c.take("create", "policy"):
		c.name()
		c.past("to")
		return c.names(roles)
	}
	for c.past("to", "from") {
		at := c.pos
		if names := c.names(nil); c.end() || c.peek().word("with") || c.peek().word("granted") {
			return append(roles, names...)
		}
		c.pos = at
	}
	return roles
}

// past goes past the next of some words outside parentheses, or to the end.
func (c *pgCursor) past(words ...string) bool {
	depth := 0
	for !c.end() {
		k := c.peek()
		c.pos++
		switch {
		case k.symbol("("):
			depth++
		case k.symbol(")"):
			depth--
		case depth == 0 && k.kind == pgWord && slices.Contains(words, k.text):
			return true
		}
	}
	return false
}

// names goes past a list of roles and appends those that are no keywords.
func (c *pgCursor) names(roles []string) []string {
	for {
		c.take("group")
		k := c.peek()
		name := c.name()
		keyword := k.kind == pgWord && slices.Contains([]string{"public", "current_user", "session_user", "current_role", "default"}, name)
		if name != "" && !keyword {
			roles = append(roles, name)
		}
		if !c.symbol(",") {
			return roles
		}
	}
}

// rolesOf returns the roles that an archive names, each once: owners, and those in
// statements.
func (a *pgArchive) rolesOf() ([]string, error) {
	found := map[string]bool{}
	for _, e := range a.entries {
		if e.owner != "" {
			found[e.owner] = true
		}
		if !namesRoles[e.desc] {
			continue
		}
		statements, err := splitStatements(e.defn, a.escapes)
		if err != nil {
			return nil, err
		}
		for _, s := range statements {
			for _, role := range grantees(s) {
				found[role] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// namesRoles are the entries whose statements name roles.
var namesRoles = map[string]bool{"ACL": true, "DEFAULT ACL": true, "ACL LANGUAGE": true, "POLICY": true, "USER MAPPING": true}
