package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/backupman/backupman/models"
)

// MySQLTarget is a database that dumps of MySQL and MariaDB are restored into.
type MySQLTarget struct {
	*MySQL
	// private says that the server is one that this program started for a drill.
	private bool
}

var _ Target = (*MySQLTarget)(nil)

// settingPrivate marks the settings of a server that this program started itself.
const settingPrivate = "private_server"

func openMySQLTarget(label string, s models.Settings) (Target, error) {
	s = maps.Clone(s)
	if user := s["restore_user"]; user != "" {
		s["user"], s["password"] = user, s["restore_password"]
	}
	src, err := openMySQL(label, s)
	if err != nil {
		return nil, err
	}
	m, ok := src.(*MySQL)
	if !ok {
		return nil, fmt.Errorf("data source %q is no MySQL", label)
	}
	return &MySQLTarget{MySQL: m, private: s[settingPrivate] != ""}, nil
}

// server opens a connection to the server, whether the database exists or not, and asks
// what server it is.
func (t *MySQLTarget) server(ctx context.Context) (*sql.DB, mysqlServer, error) {
	db, err := t.connectTo(ctx, "", connectTimeout)
	if err != nil {
		return nil, mysqlServer{}, err
	}
	server, err := askMySQLServer(ctx, db)
	if err != nil {
		return nil, server, errors.Join(t.wrap("ask for its version", err), db.Close())
	}
	return db, server, nil
}

// Look implements Target.
func (t *MySQLTarget) Look(ctx context.Context) (models.TargetState, error) {
	state := models.TargetState{Database: t.database()}
	db, server, err := t.server(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return state, context.Cause(ctx)
		}
		state.Problems = append(state.Problems, err.Error())
		return state, nil
	}
	defer db.Close()
	state.Server = server.text
	if err := t.look(ctx, db, server, &state); err != nil {
		return state, err
	}
	account, err := t.account(ctx, db, server)
	if err != nil {
		return state, err
	}
	if lacks := account.cannotWrite(); lacks != "" {
		state.Problems = append(state.Problems, lacks)
	}
	if _, err := t.chooseClient(ctx, server); err != nil {
		state.Problems = append(state.Problems, err.Error())
	}
	return state, nil
}

func (t *MySQLTarget) look(ctx context.Context, db *sql.DB, server mysqlServer, state *models.TargetState) error {
	defaults, err := t.defaults(ctx, db)
	if err != nil {
		return err
	}
	if state.Exists = defaults != ""; !state.Exists {
		return nil
	}
	if !server.mariadb && server.version.major >= 8 {
		// What this server tells of its tables is a day old otherwise.
		_, _ = db.ExecContext(ctx, "SET SESSION information_schema_stats_expiry = 0")
	}
	contents, err := t.contents(ctx, db, server)
	if err != nil {
		return err
	}
	state.Size = contents.size
	state.Objects = len(contents.objects) - contents.count(models.ObjectTable)
	return t.existing(ctx, db, state)
}

// defaults returns the database's own, as CREATE DATABASE takes them; they are empty
// when there is no such database.
func (t *MySQLTarget) defaults(ctx context.Context, db *sql.DB) (defaults string, err error) {
	err = t.list(ctx, db, "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
		func(set, collation string) { defaults = "CHARACTER SET " + set + " COLLATE " + collation })
	return defaults, err
}

// existing lists the tables with what the server knows of their size and age.
func (t *MySQLTarget) existing(ctx context.Context, db *sql.DB, state *models.TargetState) error {
	rows, err := db.QueryContext(ctx, "SELECT TABLE_NAME, COALESCE(TABLE_ROWS, -1), COALESCE(DATA_LENGTH, 0) + COALESCE(INDEX_LENGTH, 0), "+
		"COALESCE(UNIX_TIMESTAMP(GREATEST(COALESCE(UPDATE_TIME, CREATE_TIME), CREATE_TIME)), 0) FROM information_schema.TABLES "+
		"WHERE TABLE_SCHEMA = ? AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME", t.database())
	if err != nil {
		return t.wrap("look at its tables", err)
	}
	defer rows.Close()
	for rows.Next() {
		var table models.TargetTable
		var changed float64
		if err := rows.Scan(&table.Name, &table.Rows, &table.Bytes, &changed); err != nil {
			return t.wrap("look at its tables", err)
		}
		state.Tables = append(state.Tables, table)
		if at := time.Unix(int64(changed), 0).UTC(); changed > 0 && (state.ChangedAt == nil || at.After(*state.ChangedAt)) {
			state.ChangedAt = &at
		}
	}
	return rows.Err()
}

// writing are the privileges without which nothing can be restored.
var writing = []string{"SELECT", "INSERT", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES"}

// cannotWrite tells what the account lacks to restore tables, and what mends it; it is
// empty when it lacks nothing.
func (a mysqlAccount) cannotWrite() string { return a.lacksOf(writing) }

func (a mysqlAccount) lacksOf(privileges []string) string {
	var lacks []string
	for _, privilege := range privileges {
		if !a.grants.on(privilege, a.database) {
			lacks = append(lacks, privilege)
		}
	}
	if len(lacks) == 0 {
		return ""
	}
	list := strings.Join(lacks, ", ")
	return fmt.Sprintf("account %s lacks %s on database %q, so it can't restore into it; mend it with: %s; or set restore_user to an account that may",
		a.name(), list, a.database, a.grant(list))
}

// Create implements Target.
func (t *MySQLTarget) Create(ctx context.Context, options string) error {
	words, err := t.createOptions(options)
	if err != nil {
		return err
	}
	db, server, err := t.server(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return t.create(ctx, db, server, words)
}

// createOptions reads options again, for they come from a file that anybody may have
// written. Without any, the server's own defaults count.
func (t *MySQLTarget) createOptions(options string) (string, error) {
	if options == "" {
		return "", nil
	}
	words, ok := databaseDefaults(&sqlCursor{tokens: sqlText{}.tokens([]byte(options), maxHeadTokens)})
	if !ok {
		return "", models.Invalidf("the backup says of its database what no database has: %q", bounded(options))
	}
	return " " + words, nil
}

func (t *MySQLTarget) create(ctx context.Context, db *sql.DB, server mysqlServer, words string) error {
	_, err := db.ExecContext(ctx, "CREATE DATABASE "+quoteMySQL(t.database())+words)
	var answer *mysql.MySQLError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &answer):
		return t.wrap("create the database", err)
	case answer.Number == 1007:
		return models.Conflictf("there is already a database %q on the server at %s", t.database(), t.where())
	case answer.Number == 1044:
		account, accountErr := t.account(ctx, db, server)
		if accountErr != nil {
			return accountErr
		}
		return models.Invalidf("the database can't be created (%s): %s", answer.Message, account.lacksOf(writing))
	}
	return t.refused(ctx, server, models.Inventory{}, "create the database", err)
}

// Drop implements Target.
func (t *MySQLTarget) Drop(ctx context.Context) error {
	db, _, err := t.server(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return t.drop(ctx, db)
}

func (t *MySQLTarget) drop(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, "DROP DATABASE IF EXISTS "+quoteMySQL(t.database())); err != nil {
		return t.wrap("drop the database", err)
	}
	return nil
}
