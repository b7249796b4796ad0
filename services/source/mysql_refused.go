package source

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/go-sql-driver/mysql"

	"github.com/backupman/backupman/models"
)

// Errors of servers that mean more than that something went wrong.
const (
	errNoSuchTable    = 1146
	errNoSuchDatabase = 1049
	errNoSuchRoutine  = 1305
	errNoDefiner      = 1449
	errReadOnly       = 1792
	errNoTimeZone     = 1298
	errSyntax         = 1064
	errPrivilege      = 1227
	errTrustCreators  = 1419
)

// incapable are errors that lie with the server: it is older than the dump's, of
// another vendor, or lacks a part, room or the connection.
var incapable = map[int]bool{
	1021:          true, // disk full
	1037:          true, // out of memory
	1038:          true, // out of sort memory
	1041:          true, // out of memory
	1053:          true, // the server shuts down
	1114:          true, // the table is full
	1115:          true, // unknown character set
	1153:          true, // larger than max_allowed_packet
	1193:          true, // unknown variable
	1205:          true, // somebody else's lock
	1235:          true, // not supported yet
	1273:          true, // unknown collation
	1286:          true, // unknown engine
	1289:          true, // the feature is switched off
	1290:          true, // the server is read-only
	errNoTimeZone: true,
	errNoDefiner:  true, // an account that defines something else that is needed
	1317:          true, // somebody stopped the query
	1524:          true, // plugin is not loaded
	1927:          true, // somebody ended the connection
	2002:          true, // the server does not answer
	2003:          true, // the server does not answer
	2006:          true, // the server has gone away
	2013:          true, // the connection was lost
	4161:          true, // unknown type (MariaDB)
}

// refused turns a server's error into a sentence, and tells when it lies with the server.
func (t *MySQLTarget) refused(ctx context.Context, server mysqlServer, inv models.Inventory, doing string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) {
		return t.wrap(doing, err)
	}
	return t.explain(server, inv, int(answer.Number), fmt.Sprintf("%s: the server at %s says: %s (%d)", doing, t.where(), answer.Message, answer.Number))
}

// explain adds to a sentence with a server's error what it means and the way out.
func (t *MySQLTarget) explain(server mysqlServer, inv models.Inventory, number int, sentence string) error {
	switch {
	case incapable[number], number == errSyntax && unlike(server, inv):
		return Incapablef("%s; the server is %s %s%s", sentence, server.vendor(), server.version, madeOn(inv))
	case number == errPrivilege:
		return &IncapableError{models.Invalidf("%s; to restore what other accounts define, mend it with: GRANT %s ON *.* TO %s", sentence, definerGrant(server), mysqlAccount{server: server}.name())}
	case number == errTrustCreators:
		return &IncapableError{models.Invalidf("%s; mend it with: SET GLOBAL log_bin_trust_function_creators = 1", sentence)}
	}
	return models.Invalidf("%s", sentence)
}

func madeOn(inv models.Inventory) string {
	if inv.ServerVersion == "" {
		return ""
	}
	return ", and the dump was made on " + bounded(inv.ServerVersion)
}

// unlike tells whether a server is of another vendor than the one that was dumped, or
// older: then it need not understand the dump.
func unlike(server mysqlServer, inv models.Inventory) bool {
	made, ok := parseVersion(inv.ServerVersion)
	return ok && (server.mariadb != inMariaDB(inv) || server.version.olderSeries(made))
}

// definerGrant names the privilege to define something as another account.
func definerGrant(server mysqlServer) string {
	switch v := server.version; {
	case server.mariadb && !v.olderSeries(version{major: 10, minor: 5}):
		return "SET USER"
	case server.mariadb || v.major < 8:
		return "SUPER"
	case v.olderSeries(version{major: 8, minor: 2}):
		return "SET_USER_ID"
	}
	return "SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER"
}

var clientError = regexp.MustCompile(`ERROR (\d+) \(\w+\)`)

// clientRefused does the same for what a client said.
func (t *MySQLTarget) clientRefused(server mysqlServer, inv models.Inventory, err error) error {
	if !errors.Is(err, models.ErrInvalid) {
		return err
	}
	match := clientError.FindStringSubmatch(err.Error())
	if match == nil {
		return err
	}
	number, _ := strconv.Atoi(match[1])
	return t.explain(server, inv, number, err.Error())
}
