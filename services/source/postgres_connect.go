package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/backupman/backupman/models"
)

func (p *Postgres) host() string {
	if h := p.settings["host"]; h != "" {
		return h
	}
	return "127.0.0.1"
}

func (p *Postgres) port() int { return p.settings.Int("port", 5432) }

// rootCertificates is the file that the server is verified against, empty when
// it is not verified.
func (p *Postgres) rootCertificates() string {
	if !strings.HasPrefix(p.sslMode, "verify-") {
		return ""
	}
	if ca := p.settings["tls_ca"]; ca != "" {
		return ca
	}
	return firstFile(systemCertificates)
}

// connect opens one connection. What a person chose goes in as values, never as
// a connection string that could be read in another way.
func (p *Postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := p.driverConfig()
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, p.unreachable(err)
	}
	return conn, nil
}

// session opens a connection and returns the context for what is asked on it:
// a server that is gone without a word is given up when the patience is over.
func (p *Postgres) session(ctx context.Context) (context.Context, *pgx.Conn, func(), error) {
	bounded, cancel := context.WithTimeout(ctx, p.patience)
	conn, err := p.connect(bounded)
	if err != nil {
		cancel()
		return nil, nil, nil, err
	}
	return bounded, conn, func() { cancel(); hangUp(ctx, conn) }, nil
}

// hangUp says goodbye to the server, even when the context has ended.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	_ = conn.Close(ctx)
}

func (p *Postgres) driverConfig() (*pgx.ConnConfig, error) {
	words := []string{"user=x", "dbname=x", "passfile=/dev/null", "target_session_attrs=any", "application_name=backupman",
		"host=" + quoteWord(p.host()), "port=" + strconv.Itoa(p.port()), "sslmode=" + p.sslMode, "sslcert=''", "sslkey=''",
		"connect_timeout=" + strconv.Itoa(int(connectTimeout.Seconds()))}
	if ca := p.rootCertificates(); ca != "" {
		words = append(words, "sslrootcert="+quoteWord(ca))
	}
	c, err := pgx.ParseConfig(strings.Join(words, " "))
	if err != nil {
		return nil, models.Invalidf("data source %q: host, port, tls and tls_ca don't make a connection: %v", p.label, err)
	}
	c.User, c.Password, c.Database = p.settings["user"], p.settings["password"], p.database()
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	return c, nil
}

// quoteWord writes a value of a keyword/value connection string.
func quoteWord(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// where is the server's address, for sentences.
func (p *Postgres) where() string {
	if host := p.host(); strings.HasPrefix(host, "/") {
		return host
	}
	return net.JoinHostPort(p.host(), strconv.Itoa(p.port()))
}

// unreachable says in a sentence why there is no connection.
func (p *Postgres) unreachable(err error) error {
	where := p.where()
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return models.Invalidf("data source %q: no connection to the server at %s: %v; check that it runs, and host, port and tls", p.label, where, lastCause(err))
	}
	switch answer.Code {
	case "28P01", "28000":
		return models.Invalidf("data source %q: the server at %s refuses user %q: check user and password (%s)", p.label, where, p.settings["user"], answer.Message)
	case "3D000":
		return models.Invalidf("data source %q: there is no database %q on the server at %s", p.label, p.database(), where)
	case "42501":
		return &closedError{models.Invalidf("data source %q: user %q may not open database %q; mend it with: %s",
			p.label, p.settings["user"], p.database(), p.openingGrant())}
	}
	return models.Invalidf("data source %q: the server at %s refuses the connection: %s", p.label, where, answer.Message)
}

func (p *Postgres) openingGrant() string {
	return "GRANT CONNECT ON DATABASE " + quoteIdentifier(p.database()) + " TO " + quoteIdentifier(p.settings["user"]) + ";"
}

// lastCause leaves out what the driver repeats of the settings, for each address
// and each kind of encryption that it tried.
func lastCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if many, ok := err.(interface{ Unwrap() []error }); ok && len(many.Unwrap()) > 0 {
			next = many.Unwrap()[len(many.Unwrap())-1]
		}
		if next == nil {
			return err
		}
		err = next
	}
}

func (p *Postgres) wrap(doing string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return models.Invalidf("data source %q: %s: the server at %s did not answer in time: check the network, and what the server is busy with", p.label, doing, p.where())
	}
	return fmt.Errorf("data source %q: %s: %w", p.label, doing, err)
}

// environment tells the tool how to connect, with the password in a file that
// only this account can read. The caller removes the file.
func (p *Postgres) environment(dir string) (env []string, passFile string, err error) {
	env = []string{
		"PGHOST=" + p.host(),
		"PGPORT=" + strconv.Itoa(p.port()),
		"PGUSER=" + p.settings["user"],
		"PGDATABASE=" + p.database(),
		"PGSSLMODE=" + p.sslMode,
		"PGCONNECT_TIMEOUT=" + strconv.Itoa(int(connectTimeout.Seconds())),
		"PGAPPNAME=backupman",
	}
	if ca := p.rootCertificates(); ca != "" {
		env = append(env, "PGSSLROOTCERT="+ca)
	}
	passFile = filepath.Join(dir, "pgpass")
	if err := os.WriteFile(passFile, []byte("*:*:*:*:"+escapePass(p.settings["password"])+"\n"), 0o600); err != nil {
		return nil, "", fmt.Errorf("write the pass file: %w", err)
	}
	return append(env, "PGPASSFILE="+passFile), passFile, nil
}

func escapePass(s string) string {
	return strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(s)
}

// quoteIdentifier writes a name for SQL.
func quoteIdentifier(name string) string { return pgx.Identifier{name}.Sanitize() }
