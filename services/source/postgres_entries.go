package source

import (
	"slices"

	"github.com/backupman/backupman/models"
)

// pgMakes tells, by the word for an entry, what CREATE makes in it (src/bin/pg_dump/pg_dump.c).
var pgMakes = map[string]string{
	"SCHEMA": "schema", "EXTENSION": "extension", "TYPE": "type", "SHELL TYPE": "type", "DOMAIN": "domain",
	"PROCEDURAL LANGUAGE": "language", "FUNCTION": "function", "PROCEDURE": "procedure", "AGGREGATE": "aggregate",
	"CAST": "cast", "TRANSFORM": "transform", "OPERATOR": "operator", "OPERATOR CLASS": "operator", "OPERATOR FAMILY": "operator",
	"ACCESS METHOD": "access", "COLLATION": "collation", "CONVERSION": "conversion", "TEXT SEARCH PARSER": "text",
	"TEXT SEARCH DICTIONARY": "text", "TEXT SEARCH TEMPLATE": "text", "TEXT SEARCH CONFIGURATION": "text",
	"FOREIGN DATA WRAPPER": "data", "SERVER": "server", "USER MAPPING": "mapping", "TABLE": "table", "FOREIGN TABLE": "table",
	"VIEW": "view", "MATERIALIZED VIEW": "view", "INDEX": "index", "STATISTICS": "statistics", "SEQUENCE": "sequence",
	"TRIGGER": "trigger", "EVENT TRIGGER": "trigger", "RULE": "rule", "POLICY": "policy", "PUBLICATION": "publication", "SUBSCRIPTION": "subscription",
}

// pgActs tells which entries hold statements that begin with some other word.
var pgActs = map[string][]string{
	"comment":  {"COMMENT"},
	"security": {"SECURITY LABEL"},
	"grant":    {"ACL", "ACL LANGUAGE"},
	"revoke":   {"ACL", "ACL LANGUAGE"},
	"set":      {"ACL", "ACL LANGUAGE"},
	"reset":    {"ACL", "ACL LANGUAGE"},
	"refresh":  {"MATERIALIZED VIEW DATA"},
	"select":   {"SEQUENCE SET", "BLOB", "STATISTICS DATA"},
	// What is altered is a part of what was made, in an entry of its own or not.
	"alter": {"DEFAULT ACL", "TABLE ATTACH", "INDEX ATTACH", "DEFAULT", "CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT", "SEQUENCE OWNED BY",
		"ROW SECURITY", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA"},
}

// fits wants a statement to be one that pg_dump writes into entries of its kind.
func (s *pgStatement) fits(verb string) error {
	makes := pgMakes[s.desc]
	switch {
	case s.dropping && (verb == "drop" || verb == "alter" || verb == "create" || verb == "select" && s.desc == "BLOB"):
		return nil
	case verb == "create" && makes != "", verb == "alter" && makes != "", slices.Contains(pgActs[verb], s.desc):
		return nil
	}
	return models.Invalidf("a statement in it begins with %q, which does not make a %q", s.beginning(), bounded(s.desc))
}

// makesOwn wants CREATE to make what the entry is about. A view that others need before it
// can be made is made again by a rule.
func (s *pgStatement) makesOwn(word string) error {
	if makes := pgMakes[s.desc]; word == makes || word == "view" && s.desc == "RULE" || s.dropping && word == "view" {
		return nil
	}
	return models.Invalidf("a statement in it begins with %q, which does not make a %q", s.beginning(), bounded(s.desc))
}
