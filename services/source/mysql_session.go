package source

import (
	"maps"
	"regexp"
	"strings"

	"github.com/backupman/backupman/models"
)

// mysqlSession follows what the SET statements of a dump make of a session, so that a
// restore can say the same in its own words. A variable that is not in it has the
// server's own value.
type mysqlSession struct {
	values map[string]string
	// kept are the user variables in which a dump keeps values to set them again.
	kept map[string]string
}

// The variables of which the value decides what a statement means. Their values are
// literals.
const (
	varNames     = "names"
	varClient    = "character_set_client"
	varCollation = "collation_connection"
	varMode      = "sql_mode"
	varZone      = "time_zone"
	varForeign   = "foreign_key_checks"
	varUnique    = "unique_checks"
	varHistory   = "system_versioning_insert_history"
)

// sessionVariables are all that dump tools set. The others have no say in what comes
// back: they are about warnings, results and logs.
var sessionVariables = map[string]bool{
	varNames: true, varClient: true, varCollation: true, varMode: true, varZone: true, varForeign: true, varUnique: true, varHistory: true,
	"character_set_results": true, "sql_notes": true, "note_verbosity": true, "autocommit": true, "sql_log_bin": true,
}

func newMySQLSession() *mysqlSession {
	return &mysqlSession{
		values: map[string]string{varNames: "utf8mb4", varClient: "utf8mb4", varMode: "'NO_AUTO_VALUE_ON_ZERO'"},
		kept:   map[string]string{},
	}
}

// snapshot returns the present values.
func (s *mysqlSession) snapshot() map[string]string { return maps.Clone(s.values) }

// sessionValue is what the value of a variable may look like: nothing that is more than
// a list of words.
var sessionValue = regexp.MustCompile(`^('[A-Za-z0-9_,+:/ -]*'|[A-Za-z0-9_]+|[+-]?[0-9]+)$`)

// set carries out the assignments that follow SET.
func (s *mysqlSession) set(c *sqlCursor) error {
	if c.take("NAMES") {
		value, err := s.value(c)
		s.assign(varNames, value)
		s.assign(varClient, value)
		s.assign(varCollation, "")
		return err
	}
	for {
		if err := s.assignment(c); err != nil {
			return err
		}
		if !c.symbol(",") {
			return nil
		}
	}
}

func (s *mysqlSession) assignment(c *sqlCursor) error {
	if c.peek().symbol("@") && !isSystemVariable(c) {
		c.pos++
		name, ok := c.name()
		if !ok || !c.assign() || !isSystemVariable(c) {
			return unknownSetting("a variable of its own")
		}
		of, err := sessionVariable(c)
		s.kept[strings.ToLower(name)] = s.values[of]
		return err
	}
	name, err := sessionVariable(c)
	if err != nil {
		return err
	}
	if !c.assign() {
		return unknownSetting(name)
	}
	value, err := s.value(c)
	s.assign(name, value)
	return err
}

func (s *mysqlSession) assign(name, value string) {
	if value == "" {
		delete(s.values, name)
		return
	}
	s.values[name] = value
}

// assign goes past = or :=.
func (c *sqlCursor) assign() bool {
	c.symbol(":")
	return c.symbol("=")
}

func isSystemVariable(c *sqlCursor) bool {
	return c.pos+1 < len(c.tokens) && c.tokens[c.pos].symbol("@") && c.tokens[c.pos+1].symbol("@")
}

// sessionVariable goes past the name of a variable of the session.
func sessionVariable(c *sqlCursor) (string, error) {
	if isSystemVariable(c) {
		c.pos += 2
		scope := c.pos
		if (c.take("SESSION") || c.take("LOCAL")) && !c.symbol(".") {
			c.pos = scope
		}
	} else if !c.take("SESSION") {
		c.take("LOCAL")
	}
	name := strings.ToLower(c.word())
	if !sessionVariables[name] {
		return "", unknownSetting(name)
	}
	return name, nil
}

func unknownSetting(name string) error {
	switch name {
	case "global", "persist", "persist_only":
		return models.Invalidf("it sets a variable of the whole server (%s): restore it by hand, or make it without such statements (mysqldump --set-gtid-purged=OFF)", name)
	}
	return models.Invalidf("it sets %s, which no dump tool does", strings.TrimSpace("the variable "+bounded(name)))
}

// value goes past the value of a variable; what a dump kept of a session that it did not
// set is the server's own, and empty.
func (s *mysqlSession) value(c *sqlCursor) (string, error) {
	if isSystemVariable(c) {
		name, err := sessionVariable(c)
		return s.values[name], err
	}
	if c.symbol("@") {
		name, ok := c.name()
		if !ok {
			return "", unknownSetting("")
		}
		return s.kept[strings.ToLower(name)], nil
	}
	sign := ""
	if c.symbol("-") {
		sign = "-"
	}
	k := c.peek()
	c.pos++
	if value := sign + k.text; (k.kind == pieceWord || k.kind == pieceString) && sessionValue.MatchString(value) {
		return value, nil
	}
	return "", models.Invalidf("it sets a variable to what no dump tool sets one to")
}

// sets returns the statements that give a session the values of the given variables, as
// far as they are not what it was given before.
func setStatements(names []string, want, has map[string]string) []string {
	var statements []string
	for _, name := range names {
		value, ok := want[name]
		if !ok || has[name] == value {
			continue
		}
		has[name] = value
		if name == varNames {
			statements = append(statements, "SET NAMES "+value)
			has[varClient] = value
			continue
		}
		statements = append(statements, "SET SESSION "+name+" = "+value)
	}
	return statements
}
