package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/backupman/backupman/models"
)

// objectOrder is the order in which things are made that have a body or a query: views
// call functions, and events run by themselves once they are there.
var objectOrder = []models.ObjectKind{models.ObjectRoutine, models.ObjectTrigger, models.ObjectView, models.ObjectEvent}

// makeObjects makes the routines, triggers, views and events of a dump, each under the
// settings that it was made under.
func (r *mysqlRestore) makeObjects(ctx context.Context, objects []mysqlObject) error {
	if len(objects) == 0 {
		return nil
	}
	fmt.Fprintf(r.req.Log, "the tables are there; making %s\n", plural(len(objects), "view, trigger, routine or event", "views, triggers, routines and events"))
	db, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	maker := &objectMaker{mysqlRestore: r, db: db, defaults: r.options}
	if r.private {
		maker.definers(ctx, objects)
	}
	for _, kind := range objectOrder {
		of := slices.DeleteFunc(slices.Clone(objects), func(o mysqlObject) bool { return o.object.Kind != kind })
		if err := maker.all(ctx, of); err != nil {
			return errors.Join(err, maker.settle(context.WithoutCancel(ctx), r.options))
		}
	}
	return maker.settle(ctx, r.options)
}

// objectMaker makes objects through one session.
type objectMaker struct {
	*mysqlRestore
	db *sql.DB
	// defaults are what the database's are for the time being.
	defaults string
}

// all makes objects in their order. Those that lack another one are tried again once
// the others are there, as long as that helps.
func (m *objectMaker) all(ctx context.Context, objects []mysqlObject) error {
	for len(objects) > 0 {
		var waiting []mysqlObject
		var first error
		for _, o := range objects {
			err := m.make(ctx, o)
			if err == nil {
				continue
			}
			if o.object.Kind != models.ObjectView || !lacksAnother(err) {
				return m.explained(ctx, o, err)
			}
			if waiting = append(waiting, o); first == nil {
				first = err
			}
		}
		if len(waiting) == len(objects) {
			return m.explained(ctx, waiting[0], first)
		}
		objects = waiting
	}
	return nil
}

// lacksAnother tells whether a view could not be made because of what is not there.
func lacksAnother(err error) bool {
	var answer *mysql.MySQLError
	return errors.As(err, &answer) && (answer.Number == errNoSuchTable || answer.Number == viewInvalid || answer.Number == errNoSuchRoutine)
}

// objectVariables are what counts for a body, in the order they are set.
var objectVariables = []string{varMode, varClient, varCollation, varZone}

func (m *objectMaker) make(ctx context.Context, o mysqlObject) error {
	defaults := o.defaults
	if defaults == "" {
		defaults = m.options
	}
	if err := m.settle(ctx, defaults); err != nil {
		return err
	}
	err := m.prepareSession(ctx, o)
	if err == nil {
		_, err = m.db.ExecContext(ctx, string(o.text))
	}
	return errors.Join(err, m.plainSession(ctx))
}

// prepareSession gives the session the settings that an object was made under. A private
// server has no names of time zones, and runs no event to which the zone would matter.
func (m *objectMaker) prepareSession(ctx context.Context, o mysqlObject) error {
	if mode, ok := o.session[varMode]; ok && !m.of.mariadb && m.of.version.major >= 8 {
		o.session[varMode] = withoutOldModes(mode)
	}
	for _, statement := range setStatements(objectVariables, o.session, map[string]string{}) {
		_, err := m.db.ExecContext(ctx, statement)
		var answer *mysql.MySQLError
		if m.private && errors.As(err, &answer) && answer.Number == errNoTimeZone {
			_, err = m.db.ExecContext(ctx, "SET SESSION time_zone = '+00:00'")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutOldModes leaves out of a literal the mode of MySQL 5.7 that MySQL 8 refuses: it
// has no say in anything but GRANT.
func withoutOldModes(mode string) string {
	words := slices.DeleteFunc(strings.Split(strings.Trim(mode, "'"), ","), func(word string) bool { return word == "NO_AUTO_CREATE_USER" })
	return "'" + strings.Join(words, ",") + "'"
}

// plainSession goes back to the settings in which this program speaks.
func (m *objectMaker) plainSession(ctx context.Context) error {
	_, err := m.db.ExecContext(ctx, "SET NAMES utf8mb4, SESSION sql_mode = ''")
	return err
}

// settle gives the database the defaults that what is made next was made under.
func (m *objectMaker) settle(ctx context.Context, defaults string) error {
	if strings.EqualFold(defaults, m.defaults) || defaults == "" {
		return nil
	}
	if _, err := m.db.ExecContext(ctx, "ALTER DATABASE "+quoteMySQL(m.database())+" "+defaults); err != nil {
		return m.refused(ctx, m.of, m.req.Inventory, "change the defaults of the database", err)
	}
	m.defaults = defaults
	return nil
}

var otherDatabase = regexp.MustCompile(`(?i)(?:table|function|procedure|database|view|package) '?([^'.]+)[.']`)

// explained says which object could not be made, and whether that lies with the server:
// what other databases hold is not in a backup of this one.
func (m *objectMaker) explained(ctx context.Context, o mysqlObject, err error) error {
	doing := fmt.Sprintf("make %s %q", o.object.Kind, o.object.Name)
	var answer *mysql.MySQLError
	if errors.As(err, &answer) && (lacksAnother(err) || answer.Number == errNoSuchDatabase) {
		if match := otherDatabase.FindStringSubmatch(answer.Message); match != nil && !strings.EqualFold(match[1], m.database()) && answer.Number != viewInvalid {
			return Incapablef("%s: it needs database %q, which the server at %s does not have, or not so: %s", doing, match[1], m.where(), answer.Message)
		}
	}
	return m.refused(ctx, m.of, m.req.Inventory, doing, err)
}

// definers makes the accounts that objects are defined by, on a server of this program's
// own: without them nobody could read a view. Nobody can use them to sign in.
func (m *objectMaker) definers(ctx context.Context, objects []mysqlObject) {
	done := map[string]bool{}
	for _, o := range objects {
		account := definerOf(o)
		if account == "" || done[account] {
			continue
		}
		done[account] = true
		make := "CREATE USER IF NOT EXISTS " + account + " ACCOUNT LOCK"
		if !strings.Contains(account, "@") {
			make = "CREATE ROLE IF NOT EXISTS " + account
		}
		for _, statement := range []string{make, "GRANT ALL PRIVILEGES ON " + quoteMySQL(m.database()) + ".* TO " + account} {
			if _, err := m.db.ExecContext(ctx, statement); err != nil {
				fmt.Fprintf(m.req.Log, "the account %s, which defines %s, could not be made: %v\n", account, o.object.Name, err)
				break
			}
		}
	}
}

// definerOf returns the account that defines an object, quoted; empty when none is named.
func definerOf(o mysqlObject) string {
	for i, k := range o.tokens {
		if !k.is("DEFINER") || i+2 >= len(o.tokens) || !o.tokens[i+1].symbol("=") {
			continue
		}
		c := &sqlCursor{tokens: o.tokens, pos: i + 2}
		name, ok := c.name()
		if !ok || strings.EqualFold(name, "CURRENT_USER") {
			return ""
		}
		account := quoteMySQL(name)
		if c.symbol("@") {
			host, _ := c.name()
			account += "@" + quoteMySQL(host)
		}
		return account
	}
	return ""
}
