package servers

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/backupman/backupman/e2e/needs"
)

// PostgreSQL is a running PostgreSQL server that asks for a SCRAM password.
type PostgreSQL struct {
	Host string
	Port int
	// Socket is the folder that holds the server's socket.
	Socket string
	// User is a superuser.
	User     string
	Password string
	// CA is the path of the certificate that verifies the server's own.
	CA string
	// Bin is the folder of the server's own programs, such as pg_dump.
	Bin string

	passFile string
	daemon   *daemon
}

var postgres, otherPostgres once[PostgreSQL]

// Postgres returns this process's PostgreSQL server, started at the first call.
func Postgres(t testing.TB) *PostgreSQL {
	t.Helper()
	return postgresOf(t, &postgres)
}

// OtherPostgres returns another server than Postgres does, for tests that need two.
func OtherPostgres(t testing.TB) *PostgreSQL {
	t.Helper()
	return postgresOf(t, &otherPostgres)
}

func postgresOf(t testing.TB, which *once[PostgreSQL]) *PostgreSQL {
	t.Helper()
	bin := postgresBin()
	if bin == "" {
		needs.Missing(t, "needs initdb and postgres, which are not installed: apt-get install postgresql")
	}
	s, err := which.get(func() (*PostgreSQL, error) { return startPostgres(bin) })
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	return s
}

// postgresBin finds the newest server's programs; Debian keeps them out of PATH.
func postgresBin() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(found, func(a, b string) int { return major(b) - major(a) })
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	for _, initdb := range found {
		if _, err := os.Stat(filepath.Join(filepath.Dir(initdb), "postgres")); err == nil {
			return filepath.Dir(initdb)
		}
	}
	return ""
}

func major(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

func startPostgres(bin string) (s *PostgreSQL, err error) {
	d, err := newDaemon("postgres", "postgres")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.discard()
		}
	}()
	cert, key, err := d.certificate()
	if err != nil {
		return nil, err
	}
	secret, err := d.write("password", Password+"\n")
	if err != nil {
		return nil, err
	}
	if err := d.run(filepath.Join(bin, "initdb"), "-D", d.path("data"), "-U", "tester", "--pwfile="+secret,
		"-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	argv := []string{filepath.Join(bin, "postgres"), "-D", d.path("data")}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=" + d.folder,
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "timezone=UTC",
		"ssl=on", "ssl_cert_file=" + cert, "ssl_key_file=" + key,
	} {
		argv = append(argv, "-c", setting)
	}
	// SIGQUIT is the server's immediate shutdown, which frees its shared memory.
	if err := d.start(syscall.SIGQUIT, argv...); err != nil {
		return nil, err
	}
	s = &PostgreSQL{Host: "127.0.0.1", Port: port, Socket: d.folder, User: "tester", Password: Password,
		CA: cert, Bin: bin, passFile: d.path("pgpass"), daemon: d}
	escaped := strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(Password)
	if err := os.WriteFile(s.passFile, []byte("*:*:*:*:"+escaped+"\n"), 0o600); err != nil {
		return nil, err
	}
	return s, d.await(func() error {
		_, err := s.psql("postgres", "SELECT 1")
		return err
	})
}

// Database makes an empty UTF-8 database with a name of its own, which is
// dropped when the test ends.
func (s *PostgreSQL) Database(t testing.TB) string {
	t.Helper()
	name := uniqueName()
	s.Create(t, name)
	return name
}

// Create makes an empty UTF-8 database with the given name, which is dropped
// when the test ends.
func (s *PostgreSQL) Create(t testing.TB, name string) {
	t.Helper()
	s.Exec(t, "postgres", "CREATE DATABASE "+quote(name, `"`)+" TEMPLATE template0 ENCODING 'UTF8'")
	t.Cleanup(func() {
		if _, err := s.psql("postgres", "DROP DATABASE IF EXISTS "+quote(name, `"`)+" WITH (FORCE)"); err != nil {
			t.Errorf("drop %q: %v", name, err)
		}
	})
}

// Exec runs statements in one session and stops at the first that fails.
func (s *PostgreSQL) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	s.Query(t, database, statements...)
}

// Query runs statements in one session and returns the rows they print,
// unaligned and without headings, columns apart by "|".
func (s *PostgreSQL) Query(t testing.TB, database string, statements ...string) string {
	t.Helper()
	out, err := s.psql(database, statements...)
	if err != nil {
		t.Fatalf("%.200s: %v", statements, err)
	}
	return out
}

func (s *PostgreSQL) psql(database string, statements ...string) (string, error) {
	in := strings.NewReader(strings.Join(statements, ";\n") + ";\n")
	return s.run("psql", database, in, "-XqtA", "-v", "ON_ERROR_STOP=1")
}

// Role makes a login role with the server's password and drops it in the end.
// Grants it got in a database must be gone by then: make the database later.
func (s *PostgreSQL) Role(t testing.TB) string {
	t.Helper()
	name := uniqueName()
	s.Exec(t, "postgres", "CREATE ROLE "+name+" LOGIN PASSWORD "+quote(s.Password, "'"))
	t.Cleanup(func() {
		if _, err := s.psql("postgres", "DROP ROLE IF EXISTS "+name); err != nil {
			t.Errorf("drop role: %v", err)
		}
	})
	return name
}

// Client runs one of the server's own programs, such as psql or pg_restore, on
// a database, as a person would, and returns what it prints.
func (s *PostgreSQL) Client(t testing.TB, program, database string, in io.Reader, args ...string) string {
	t.Helper()
	out, err := s.run(program, database, in, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *PostgreSQL) run(program, database string, in io.Reader, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(s.Bin, program), args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "PGPASSFILE=" + s.passFile, "PGHOST=" + s.Host,
		fmt.Sprintf("PGPORT=%d", s.Port), "PGUSER=" + s.User, "PGDATABASE=" + database}
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", program, err, errs.String())
	}
	return out.String(), nil
}
