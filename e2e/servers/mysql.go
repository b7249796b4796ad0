package servers

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MySQL is a running MariaDB or MySQL server.
type MySQL struct {
	Host   string
	Port   int
	Socket string
	// User may do everything, and grant it, over TCP and the socket.
	User     string
	Password string
	// CA is the path of the certificate that verifies the server's own; empty
	// when the server made one that nothing verifies.
	CA string
	// ClientTool and DumpTool are the paths of the vendor's own programs.
	ClientTool string
	DumpTool   string
	// ServerProgram is the path of mariadbd or mysqld.
	ServerProgram string

	daemon *daemon
}

// Database makes an empty utf8mb4 database with a name of its own, which is
// dropped when the test ends.
func (s *MySQL) Database(t testing.TB) string {
	t.Helper()
	name := uniqueName()
	s.Create(t, name)
	return name
}

// Create makes an empty utf8mb4 database with the given name, which is dropped
// when the test ends.
func (s *MySQL) Create(t testing.TB, name string) {
	t.Helper()
	s.Exec(t, "", "CREATE DATABASE "+quote(name, "`")+" CHARACTER SET utf8mb4")
	t.Cleanup(func() {
		db, err := sql.Open("mysql", s.Config("").FormatDSN())
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		if _, err := db.Exec("DROP DATABASE IF EXISTS " + quote(name, "`")); err != nil {
			t.Errorf("drop %q: %v", name, err)
		}
	})
}

// Config returns the driver's configuration for a database of this server.
func (s *MySQL) Config(database string) *mysql.Config {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = s.User, s.Password, database
	c.Net, c.Addr = "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	c.MultiStatements = true
	return c
}

// DB opens a database, or none when the name is empty, until the test ends.
func (s *MySQL) DB(t testing.TB, database string) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(s.Config(database))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// Exec runs statements through the driver in one session.
func (s *MySQL) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	db := s.DB(t, database)
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%.200s: %v", statement, err)
		}
	}
}

// Account makes an account named after the test with the server's password and
// the given grants, each the text between GRANT and TO, and drops it in the end.
func (s *MySQL) Account(t testing.TB, grants ...string) string {
	t.Helper()
	name := uniqueName()
	account := quote(name, "'") + "@'%'"
	s.Exec(t, "", "CREATE USER "+account+" IDENTIFIED BY "+literal(s.Password))
	for _, grant := range grants {
		s.Exec(t, "", "GRANT "+grant+" TO "+account)
	}
	t.Cleanup(func() {
		db, err := sql.Open("mysql", s.Config("").FormatDSN())
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		if _, err := db.Exec("DROP USER IF EXISTS " + account); err != nil {
			t.Errorf("drop %s: %v", account, err)
		}
	})
	return name
}

// Client runs the vendor's command line client on a database, as a person
// would to restore a dump, and returns what it prints.
func (s *MySQL) Client(t testing.TB, database string, in io.Reader, args ...string) string {
	t.Helper()
	options := filepath.Join(t.TempDir(), "client.cnf")
	if err := os.WriteFile(options, []byte(s.OptionFile()), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"--defaults-file=" + options}, args...)
	cmd := exec.CommandContext(t.Context(), s.ClientTool, append(args, "--database="+database)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", s.ClientTool, err, errs.String())
	}
	return out.String()
}

// OptionFile returns what a client's option file must say to reach the server.
func (s *MySQL) OptionFile() string {
	return fmt.Sprintf("[client]\nhost=%s\nport=%d\nprotocol=tcp\nuser=%s\npassword=%s\ndefault-character-set=utf8mb4\n",
		s.Host, s.Port, s.User, optionValue(s.Password))
}

// optionValue writes a text as a value of an option file.
func optionValue(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// literal writes a text as a SQL literal of the default SQL mode.
func literal(s string) string { return quote(strings.ReplaceAll(s, `\`, `\\`), "'") }

// awaitMySQL waits until the server answers on its socket.
func awaitMySQL(d *daemon, socket string) error {
	return d.await(func() error {
		c := mysql.NewConfig()
		c.User, c.Net, c.Addr, c.Timeout = "root", "unix", socket, time.Second
		db, err := sql.Open("mysql", c.FormatDSN())
		if err != nil {
			return err
		}
		defer db.Close()
		return db.Ping()
	})
}

// secureMySQL gives the fresh server its administrator with the password.
func secureMySQL(socket string) error {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr = "root", "unix", socket
	db, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		return err
	}
	defer db.Close()
	for _, statement := range []string{
		"CREATE USER 'tester'@'%' IDENTIFIED BY " + literal(Password),
		"GRANT ALL PRIVILEGES ON *.* TO 'tester'@'%' WITH GRANT OPTION",
	} {
		if _, err := db.Exec(statement); err != nil {
			return err
		}
	}
	return nil
}
