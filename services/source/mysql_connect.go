package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/backupman/backupman/models"
)

// A network that drops everything without a word must not hold a run up for
// hours.
const (
	// connectTimeout bounds how long a server may take to let this program in.
	connectTimeout = 15 * time.Second
	// answerTimeout bounds how long it may take to answer a question: asked about
	// very many tables a server thinks for minutes.
	answerTimeout = 10 * time.Minute
	// sendTimeout bounds how long it may take to read a question.
	sendTimeout = time.Minute
)

// connect opens the database with one connection, so that the session's state holds.
func (m *MySQL) connect(ctx context.Context) (*sql.DB, error) {
	return m.connectWithin(ctx, connectTimeout)
}

func (m *MySQL) connectWithin(ctx context.Context, patience time.Duration) (*sql.DB, error) {
	return m.connectTo(ctx, m.database(), patience)
}

// connectTo opens a database, or none when the name is empty.
func (m *MySQL) connectTo(ctx context.Context, database string, patience time.Duration) (*sql.DB, error) {
	config, err := m.driverConfig(database)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, m.wrap("connect", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	greeting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := db.PingContext(greeting); err != nil {
		if ctx.Err() == nil && greeting.Err() != nil {
			err = fmt.Errorf("it did not answer within %s", patience)
		}
		db.Close()
		return nil, m.unreachable(err)
	}
	return db, nil
}

func (m *MySQL) driverConfig(database string) (*mysql.Config, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.DBName = m.settings["user"], m.settings["password"], database
	c.Timeout, c.ReadTimeout, c.WriteTimeout = connectTimeout, answerTimeout, sendTimeout
	c.Logger = quiet{}
	c.Collation = "utf8mb4_general_ci"
	c.Params = map[string]string{"sql_mode": "''"}
	if m.socket() {
		c.Net, c.Addr = "unix", m.host()
		return c, nil
	}
	c.Net, c.Addr = "tcp", net.JoinHostPort(m.host(), strconv.Itoa(m.port()))
	if m.tls == tlsOff {
		return c, nil
	}
	c.TLS = &tls.Config{ServerName: m.host(), InsecureSkipVerify: m.tls != tlsVerify}
	c.AllowFallbackToPlaintext = m.tls == tlsPreferred
	if m.tls == tlsVerify {
		roots, err := certificates(m.label, m.settings["tls_ca"])
		if err != nil {
			return nil, err
		}
		c.TLS.RootCAs = roots
	}
	return c, nil
}

// quiet keeps the driver from writing to stderr; what it says is in its errors.
type quiet struct{}

func (quiet) Print(...any) {}

func (m *MySQL) host() string {
	if h := m.settings["host"]; h != "" {
		return h
	}
	return "127.0.0.1"
}

func (m *MySQL) port() int { return m.settings.Int("port", 3306) }

func (m *MySQL) socket() bool { return strings.HasPrefix(m.host(), "/") }

// certificates reads a file of authorities; nil, for the system's, without one.
func certificates(label, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, models.Invalidf("data source %q: the file of tls_ca can't be read: %v", label, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, models.Invalidf("data source %q: the file of tls_ca, %s, holds no certificate", label, path)
	}
	return pool, nil
}

func (m *MySQL) wrap(doing string, err error) error {
	if errors.Is(err, mysql.ErrInvalidConn) {
		return models.Invalidf("data source %q: %s: the server at %s ended the connection or did not answer within %s: check the network, and the server's log",
			m.label, doing, m.where(), answerTimeout)
	}
	return fmt.Errorf("data source %q: %s: %w", m.label, doing, err)
}

// where is the server's address, for sentences.
func (m *MySQL) where() string {
	if m.socket() {
		return m.host()
	}
	return net.JoinHostPort(m.host(), strconv.Itoa(m.port()))
}

// unreachable says in a sentence why there is no connection.
func (m *MySQL) unreachable(err error) error {
	where := m.where()
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) {
		return models.Invalidf("data source %q: no connection to the server at %s: %v; check that it runs, and host, port and tls", m.label, where, err)
	}
	switch answer.Number {
	case 1045:
		return models.Invalidf("data source %q: the server at %s refuses user %q: check user and password (%s)", m.label, where, m.settings["user"], answer.Message)
	case 1044, 1049:
		err := models.Invalidf("data source %q: there is no database %q on the server at %s, or user %q may not open it (%s)",
			m.label, m.database(), where, m.settings["user"], answer.Message)
		if answer.Number == 1044 {
			return &closedError{err}
		}
		return err
	}
	return models.Invalidf("data source %q: the server at %s refuses the connection: %s", m.label, where, answer.Message)
}

// mysqlServer is what decides how a server is dumped.
type mysqlServer struct {
	text    string
	version version
	mariadb bool
	// foldsNames says that names of tables differ only in more than case.
	foldsNames bool
	// account is user@host as the server matched it.
	account string
}

func askMySQLServer(ctx context.Context, db *sql.DB) (mysqlServer, error) {
	var s mysqlServer
	var comment string
	var lower int
	err := db.QueryRowContext(ctx, "SELECT VERSION(), @@version_comment, @@lower_case_table_names, CURRENT_USER()").
		Scan(&s.text, &comment, &lower, &s.account)
	if err != nil {
		return s, err
	}
	s.version, _ = parseVersion(s.text)
	s.mariadb = strings.Contains(strings.ToLower(s.text+comment), "mariadb")
	if s.mariadb {
		// Servers before 11 put this before their version for old replicas.
		s.version, _ = parseVersion(strings.TrimPrefix(s.text, "5.5.5-"))
	}
	s.foldsNames = lower != 0
	return s, nil
}

func (s mysqlServer) vendor() string {
	if s.mariadb {
		return "MariaDB"
	}
	return "MySQL"
}
