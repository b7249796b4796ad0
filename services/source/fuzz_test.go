package source

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// pieces is a reader that gives so much at a time.
type pieces struct {
	from io.Reader
	most int
}

func (p pieces) Read(b []byte) (int, error) { return p.from.Read(b[:min(len(b), p.most)]) }

// frugal runs what reads a text of so many bytes, and wants it to ask for little memory.
func frugal(t *testing.T, length int, read func()) {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	read()
	metrics.Read(sample)
	if used := sample[0].Value.Uint64() - before; used > uint64(64<<20+2000*length) {
		t.Fatalf("%d bytes were asked for to read %d", used, length)
	}
}

// FuzzMySQLDump reads dumps. Where a piece ends makes no difference.
func FuzzMySQLDump(f *testing.F) {
	for _, name := range []string{"mariadb.sql", "mysql.sql"} {
		f.Add(recorded(f, name), uint16(7))
	}
	f.Add(madeDump(f, 20), uint16(1))
	for _, text := range []string{"", endMarker + "\n", "\\! id\n", "DELIMITER ;;\n", "/*!50003 ", "/*M!999999\\- enable the sandbox mode */ \n", "INSERT INTO `a` VALUES (1),(", "CREATE TABLE `a` (", "SELECT 1;", "source /etc/passwd\n",
		"/*!99999 DROP DATABASE x */;\n", "-- x\x00y\n", "'", "`", "\"", "/*", "DROP TABLE IF EXISTS `a`; CREATE TABLE `b` (a int);\n" + endMarker + "\n"} {
		f.Add([]byte(text), uint16(3))
	}
	f.Fuzz(func(t *testing.T, dump []byte, cut uint16) {
		frugal(t, len(dump), func() {
			whole, wrong := readMySQL(t.Context(), bytes.NewReader(dump), "")
			if wrong != nil {
				wantSentence(t, wrong)
			}
			parts, err := readMySQL(t.Context(), pieces{bytes.NewReader(dump), max(1, int(cut)%512)}, "")
			if (err == nil) != (wrong == nil) || err == nil && !reflect.DeepEqual(whole, parts) {
				t.Fatalf("in one piece %v, in several %v", wrong, err)
			}
		})
	})
}

func wantSentence(t *testing.T, err error) {
	t.Helper()
	var fault *models.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("%v is no sentence for a person", err)
	}
}

// FuzzPostgresArchive reads archives. Where a piece ends makes no difference.
func FuzzPostgresArchive(f *testing.F) {
	for _, name := range []string{"postgres.dump", "postgres18.dump"} {
		whole := recorded(f, name)
		f.Add(whole, uint16(7))
		f.Add(whole[:len(whole)/2], uint16(1))
	}
	for _, text := range []string{"", "PGDMP", "PGDMP\x01\x0e\x00\x04\x08\x01", "PGDMP\x01\xff\xff\xff\xff\xff", "PGDMP\x01\x10\x00\x08\x08\x01\x00" + strings.Repeat("\x7f", 100)} {
		f.Add([]byte(text), uint16(3))
	}
	f.Fuzz(func(t *testing.T, dump []byte, cut uint16) {
		frugal(t, len(dump), func() {
			whole, wrong := readPostgres(t.Context(), bytes.NewReader(dump), "")
			if wrong != nil {
				wantSentence(t, wrong)
			}
			parts, err := readPostgres(t.Context(), pieces{bytes.NewReader(dump), max(1, int(cut)%512)}, "")
			if (err == nil) != (wrong == nil) || err == nil && !reflect.DeepEqual(whole, parts) {
				t.Fatalf("in one piece %v, in several %v", wrong, err)
			}
		})
	})
}

// FuzzPostgresStatements reads the statements of one entry of an archive.
func FuzzPostgresStatements(f *testing.F) {
	for _, name := range []string{"postgres.dump", "postgres18.dump"} {
		for _, e := range entriesOf(f, recorded(f, name)) {
			f.Add(e.desc, e.tag, e.defn, e.drop, e.copy)
		}
	}
	for _, text := range []string{"COPY t FROM PROGRAM 'id';", "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/x';", "DO $$ BEGIN END $$;", "$a$", "$$", "'", "E'\\'", "U&'\\0041'", "/* /* */", "--", "\"\"", "CREATE TABLE a (b int); DROP DATABASE x;",
		"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;", "\\! id", "SELECT pg_read_file('x');", "ALTER SYSTEM SET x = 1;", "\x00", "\xff"} {
		f.Add("TABLE", "a", text, "", "")
		f.Add("FUNCTION", "f()", text, text, text)
	}
	f.Fuzz(func(t *testing.T, desc, tag, defn, drop, rows string) {
		frugal(t, len(desc)+len(tag)+len(defn)+len(drop)+len(rows), func() {
			if err := guarded(&archiveEntry{id: 3, desc: desc, tag: tag, defn: defn, drop: drop, copy: rows}); err != nil {
				wantSentence(t, err)
			}
		})
	})
}

func entriesOf(tb testing.TB, dump []byte) []*archiveEntry {
	tb.Helper()
	scan := newArchiveScanner()
	defer scan.stop()
	_, _ = scan.Write(dump)
	if err := scan.end(); err != nil {
		tb.Fatal(err)
	}
	return scan.order
}

// FuzzSQLiteDump opens files as dumps of SQLite.
func FuzzSQLiteDump(f *testing.F) {
	folder := f.TempDir()
	made := filepath.Join(folder, "made.sqlite")
	db, err := sql.Open("sqlite", made)
	if err != nil {
		f.Fatal(err)
	}
	_, err = db.ExecContext(f.Context(), "PRAGMA page_size = 512; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t (b) VALUES ('x'), ('y'); CREATE VIEW v AS SELECT * FROM t; CREATE INDEX i ON t (b)")
	if err = errors.Join(err, db.Close()); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(made)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:512])
	f.Add([]byte{})
	f.Add([]byte(sqliteMagic))
	f.Fuzz(func(t *testing.T, dump []byte) {
		path := filepath.Join(folder, fmt.Sprintf("d%d.sqlite", os.Getpid()))
		if err := os.WriteFile(path, dump, 0o600); err != nil {
			t.Fatal(err)
		}
		frugal(t, len(dump), func() {
			if inv, err := inspectSQLiteDump(t.Context(), path); err == nil && len(inv.Tables) == 0 {
				t.Fatal("a dump without tables was taken")
			}
		})
	})
}

// FuzzMySQLArguments wants each name to be one argument, or one line of the file of options.
func FuzzMySQLArguments(f *testing.F) {
	for _, name := range hostileWords {
		f.Add(name, name, name, name, name)
	}
	f.Fuzz(func(t *testing.T, database, user, password, host, authority string) {
		opened, err := openMySQL("x", models.Settings{"db_name": database, "user": user, "password": password, "host": host, "tls_ca": authority, "tls": "true"})
		if err != nil {
			wantSentence(t, err)
			return
		}
		m := opened.(*MySQL)
		tool, client := mysqlTool{path: "/bin/x", mariadb: true}, mysqlClient{}
		args := tool.arguments("/tmp/client.cnf", m.database(), m.without, false)
		plain := tool.arguments("/tmp/client.cnf", "plain", m.without, false)
		if n := len(args); n != len(plain) || args[n-2] != "--" || args[n-1] != m.database() || !slices.Equal(args[:n-1], plain[:n-1]) {
			t.Fatalf("%q gave %q", database, args)
		}
		args, plain = client.arguments("/tmp/client.cnf", m.database()), client.arguments("/tmp/client.cnf", "plain")
		if n := len(args); n != len(plain) || args[n-1] != "--database="+m.database() || !slices.Equal(args[:n-1], plain[:n-1]) {
			t.Fatalf("%q gave %q", database, args)
		}
		if m.checkOptions() != nil {
			return
		}
		for _, mariadb := range []bool{true, false} {
			checkOptionFile(t, m, "[client]\n"+m.options(mariadb))
		}
	})
}

// checkOptionFile reads a file of options as the vendors' tools do: line by line, of which
// they take 4095 bytes, with # and ; before remarks and ! before other files.
func checkOptionFile(t *testing.T, m *MySQL, text string) {
	t.Helper()
	got := map[string]string{}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		name, value, ok := strings.Cut(line, "=")
		if i == 0 && line == "[client]" {
			continue
		}
		if !ok || len(line) > 4000 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "" || got[name] != "" || strings.ContainsAny(line, "\r\x00") {
			t.Fatalf("the line %q is in\n%s", line, text)
		}
		got[name] = unquoteOption(t, value)
	}
	for name, value := range map[string]string{"user": m.settings["user"], "password": m.settings["password"], "ssl-ca": m.settings["tls_ca"]} {
		if got[name] != value && (name != "ssl-ca" || value != "") && (name != "ssl-ca" || got[name] != "" || !m.socket()) {
			t.Fatalf("%s is %q and not %q in\n%s", name, got[name], value, text)
		}
	}
	if at := got["host"] + got["socket"]; at != m.host() {
		t.Fatalf("the server is %q and not %q", at, m.host())
	}
}

// unquoteOption reads a value as my_load_defaults of the vendors' client library does.
func unquoteOption(t *testing.T, value string) string {
	t.Helper()
	if !strings.HasPrefix(value, `"`) {
		return value
	}
	inner := value[1 : len(value)-1]
	if len(value) < 2 || !strings.HasSuffix(value, `"`) {
		t.Fatalf("%q has no second quote", value)
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			b.WriteByte(inner[i])
			continue
		}
		if i++; i == len(inner) {
			t.Fatalf("%q ends in the middle", value)
		}
		switch inner[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 's':
			b.WriteByte(' ')
		case '\\', '"', '\'':
			b.WriteByte(inner[i])
		default:
			b.WriteByte('\\')
			b.WriteByte(inner[i])
		}
	}
	return b.String()
}

// FuzzPostgresConnection wants no name to become another word of a connection string.
func FuzzPostgresConnection(f *testing.F) {
	for _, name := range hostileWords {
		f.Add(name, name, name, name, name)
		f.Add("localhost", name, name, name, "")
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, host, database, user, password, authority string) {
		settings := models.Settings{"host": host, "db_name": database, "user": user, "password": password, "tls": "false"}
		opened, err := openPostgres("x", settings)
		if err != nil {
			wantSentence(t, err)
			return
		}
		p := opened.(*Postgres)
		if c, err := p.driverConfig(); err != nil {
			wantSentence(t, err)
		} else if c.User != user || c.Database != p.database() || c.Password != password || c.TLSConfig != nil ||
			len(c.RuntimeParams) != 1 || c.RuntimeParams["application_name"] != "backupman" || !strings.Contains(host, ",") && c.Host != p.host() {
			t.Fatalf("%+v became %q %q at %q, %v", settings, c.User, c.Database, c.Host, c.RuntimeParams)
		}
		checkEnvironment(t, p, folder)
	})
}

func checkEnvironment(t *testing.T, p *Postgres, folder string) {
	t.Helper()
	env, file, err := p.environment(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PGHOST=" + p.host(), "PGUSER=" + p.settings["user"], "PGDATABASE=" + p.database(), "PGPASSFILE=" + file} {
		if !slices.Contains(env, want) {
			t.Fatalf("%q is not in %q", want, env)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") != 1 || strings.ContainsRune(strings.Join(env, ""), 0) {
		t.Fatalf("the file with the password has other than one line, or a name a zero byte: %v", err)
	}
}

// hostileWords are names that mean something to a program, a shell or a library.
var hostileWords = []string{"", "shop", "-", "--", "--defaults-extra-file=/tmp/x", "--result-file=/tmp/x", "-r/tmp/x", "-e select 1", "--init-command=x", "--plugin-dir=/tmp", "a b", "a\nhost=evil", "a\r\nb", "\n[client]\nhost=evil", "!include /tmp/x",
	"'", "\"", "\\", "\\n", "a'b\"c\\", "`", "$(id)", "${HOME}", "a;b", "a|b", "../../x", "/tmp/x", "@x", "dbname=x host=evil", "host=evil", "postgresql://evil/x?service=y", "postgres://evil", "service=x", "a,b", "a,,b", "\x00", "a\x00b", "\xff", "é",
	"#", "a # b", "; x", "=", "a=b", " a ", "\ta", strings.Repeat("x", 999), strings.Repeat("\"", 999), strings.Repeat("x", 5000), "::1", "[::1]", "localhost:1", "%2f", "a%00"}
