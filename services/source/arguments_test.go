package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// recording stands in place of a program: it writes down what it was called with, and then
// is that program.
type recording struct {
	folder, path string
}

// record puts a recording in place of a program, in a folder where others may stand, too.
func record(t *testing.T, program string) recording {
	t.Helper()
	r := recording{folder: t.TempDir()}
	r.path = filepath.Join(t.TempDir(), filepath.Base(program))
	script := "#!/bin/sh\ncall=$(mktemp -d '" + r.folder + "/XXXXXXXX')\nprintf '%s\\0' \"$@\" > \"$call/args\"\nenv -0 > \"$call/env\"\nexec '" + program + "' \"$@\"\n"
	if err := os.WriteFile(r.path, []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return r
}

// call is how a program was called, but for questions about itself.
type call struct{ args, env []string }

// calls returns and forgets what was written down.
func (r recording) calls(t *testing.T) []call {
	t.Helper()
	folders, err := os.ReadDir(r.folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []call
	for _, f := range folders {
		var c call
		c.args = zeroEnded(t, filepath.Join(r.folder, f.Name(), "args"))
		c.env = zeroEnded(t, filepath.Join(r.folder, f.Name(), "env"))
		if !slices.Contains(c.args, "--version") && !slices.Contains(c.args, "--help") {
			all = append(all, c)
		}
		if err := os.RemoveAll(filepath.Join(r.folder, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func zeroEnded(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// shape is a call without what differs from one to the next: the file of options.
func shape(t *testing.T, calls []call) []string {
	t.Helper()
	if len(calls) != 1 {
		t.Fatalf("it was called %d times", len(calls))
	}
	args := slices.Clone(calls[0].args)
	for i, a := range args {
		if file, ok := strings.CutPrefix(a, "--defaults-file="); ok && filepath.Base(file) == "client.cnf" && filepath.IsAbs(file) {
			args[i] = "--defaults-file=FILE"
		}
	}
	return args
}

// owned is the file that a name makes where it is taken for a command or an option.
func owned(t *testing.T) string {
	t.Helper()
	return "/tmp/owned-" + models.ShortID(models.NewID())[4:] // names of accounts have 32 bytes at most
}

// hostileDatabases are names that servers allow, and that mean something else to a tool,
// a library or a shell. Each holds at most 63 bytes.
func hostileDatabases(file string) []string {
	return []string{"--result-file=" + file, "-r" + file, "--defaults-extra-file=/x", "--", "$(touch " + file + ")", "; touch " + file + " | sh", "a\nb", "'\"\\%s#",
		"../../x", "dbname=postgres host=/nowhere", "postgresql://127.0.0.1:1/x?service=y", "!include /x"}
}

// nothingOwned wants no name to have been carried out.
func nothingOwned(t *testing.T, file string) {
	t.Helper()
	if found, _ := filepath.Glob(file + "*"); len(found) > 0 {
		t.Errorf("a name made %v", found)
	}
}

func sameFiles(t *testing.T) func() {
	t.Helper()
	list := func() (names []string) {
		entries, err := os.ReadDir(".")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	before := list()
	return func() {
		if after := list(); !slices.Equal(before, after) {
			t.Errorf("a file was made in the working folder: %v", after)
		}
	}
}

func TestMySQLToolsSeeOnlyTheirArguments(t *testing.T) {
	defer sameFiles(t)()
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		file := owned(t)
		dumper, client := record(t, s.DumpTool), record(t, s.ClientTool)
		settings := func(database string) models.Settings {
			return mysqlSettings(s, database, "dump_tool", dumper.path, "restore_tool", client.path)
		}
		var dumps, restores []string // as of a plain name, which comes first
		for _, name := range append([]string{"plain"}, hostileDatabases(file)...) {
			from := name + models.ShortID(models.NewID())[8:]
			to := name + models.ShortID(models.NewID())[6:]
			s.Create(t, from)
			s.Create(t, to)
			table := quoteMySQL(name)
			s.Exec(t, from, "CREATE TABLE "+table+" (n int)", "INSERT INTO "+table+" VALUES (1)", "CREATE TABLE other (n int)")
			_, dump := mustDump(t, opened(t, mysqlKind, settings(from)))
			got := shape(t, dumper.calls(t))
			if dumps == nil {
				dumps = got[:len(got)-1]
			}
			if n := len(got); got[n-1] != from || got[n-2] != "--" || !slices.Equal(got[:n-1], dumps) {
				t.Errorf("%q was dumped with %q", from, got)
			}
			req := restoreRequest(t, mysqlKind, dump)
			req.Tables = []models.TableName{{Name: name}}
			mustRestore(t, openedTarget(t, mysqlKind, settings(to)), req)
			got = shape(t, client.calls(t))
			if restores == nil {
				restores = got[:len(got)-1]
			}
			if n := len(got); got[n-1] != "--database="+to || !slices.Equal(got[:n-1], restores) {
				t.Errorf("%q was restored with %q", to, got)
			}
			if inv, _ := mustDump(t, opened(t, mysqlKind, settings(to))); len(inv.Tables) != 1 || inv.Tables[0].Name != name || inv.Tables[0].Rows != 1 {
				t.Errorf("the table %q came back as %v", name, inv.Tables)
			}
			dumper.calls(t)
		}
		nothingOwned(t, file)
	})
}

// TestMySQLAccountsAreOnlyAccounts signs in with hostile names and passwords, which the
// tools read from a file of options.
func TestMySQLAccountsAreOnlyAccounts(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		file := owned(t)
		dumper := record(t, s.DumpTool)
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE t (n int)")
		for i, word := range []string{"--user=root", "#a;b", "a\"\nuser=root", "'\\\"", "$(touch " + file + ")"} {
			password := word + "\n[client]\nhost=nowhere\n# \\" + "\"é\t"
			account := "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(word) + "'@'%'"
			s.Exec(t, "", "DROP USER IF EXISTS "+account, "CREATE USER "+account+" IDENTIFIED BY '"+strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(password)+"'", "GRANT ALL ON *.* TO "+account)
			t.Cleanup(func() { _, _ = s.DB(t, "").Exec("DROP USER IF EXISTS " + account) })
			mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database, "dump_tool", dumper.path, "user", word, "password", password)))
			for _, c := range dumper.calls(t) {
				if joined := strings.Join(append(c.args, c.env...), "\x00"); strings.Contains(joined, word) || strings.Contains(joined, "nowhere") {
					t.Errorf("%d: the account is in %q", i, joined)
				}
			}
		}
		nothingOwned(t, file)
	})
}

func TestPostgresToolsSeeOnlyTheirArguments(t *testing.T) {
	defer sameFiles(t)()
	s := servers.Postgres(t)
	file := owned(t)
	dumper, restorer := record(t, filepath.Join(s.Bin, "pg_dump")), record(t, filepath.Join(s.Bin, "pg_restore"))
	settings := func(database string) models.Settings {
		return postgresSettings(s, database, "dump_tool", dumper.path, "restore_tool", restorer.path)
	}
	for _, name := range hostileDatabases(file) {
		from, to := name+models.ShortID(models.NewID())[8:], name+models.ShortID(models.NewID())[6:]
		s.Create(t, from)
		s.Create(t, to)
		table := quoteIdentifier(name)
		s.Exec(t, from, "CREATE TABLE "+table+" (n int)", "INSERT INTO "+table+" VALUES (1)", "CREATE TABLE other (n int)")
		_, dump := mustDump(t, opened(t, postgresKind, settings(from)))
		wantCall(t, dumper.calls(t), from, "--format=custom", "--compress=0", "--no-password")
		req := restoreRequest(t, postgresKind, dump)
		req.Tables = []models.TableName{{Schema: "public", Name: name}}
		mustRestore(t, openedTarget(t, postgresKind, settings(to)), req)
		wantCall(t, restorer.calls(t), to, "--dbname=", "--exit-on-error", "--no-password", "--single-transaction")
		wantCall(t, dumper.calls(t), to, "--schema-only", "--format=custom", "--compress=0", "--no-password")
		if inv, _ := mustDump(t, opened(t, postgresKind, settings(to))); len(inv.Tables) != 1 || inv.Tables[0].Name != name || inv.Tables[0].Rows != 1 {
			t.Errorf("the table %q came back as %v", name, inv.Tables)
		}
		dumper.calls(t)
	}
	nothingOwned(t, file)
}

// wantCall wants one call with these arguments, and the database in the environment.
func wantCall(t *testing.T, calls []call, database string, args ...string) {
	t.Helper()
	if len(calls) != 1 || !slices.Equal(calls[0].args, args) {
		t.Fatalf("%q: called %q, want %q", database, calls, args)
	}
	var names []string
	for _, variable := range calls[0].env {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "PG") {
			names = append(names, name)
			if name == "PGDATABASE" && value != database {
				t.Errorf("the database is %q, want %q", value, database)
			}
		}
	}
	slices.Sort(names)
	if want := []string{"PGAPPNAME", "PGCONNECT_TIMEOUT", "PGDATABASE", "PGHOST", "PGPASSFILE", "PGPORT", "PGSSLMODE", "PGUSER"}; !slices.Equal(slices.Compact(names), want) {
		t.Errorf("the environment has %v", names)
	}
}

// TestServersAreOnlyServers takes hosts that are no hosts for nothing else: there is no
// connection, a sentence says so, and no tool is asked.
func TestServersAreOnlyServers(t *testing.T) {
	dumper := record(t, "/bin/true")
	file := owned(t)
	for _, host := range []string{"--host=x", "-h", "a b", "x\nuser=root", "$(touch " + file + ")", "host=127.0.0.1 dbname=x", "postgresql://127.0.0.1:1/x", "'", "127.0.0.1:1", "[::1]", "../x", "/nowhere/../nowhere", "a,b", "@x", "%00"} {
		for _, kind := range []Kind{mysqlKind, postgresKind} {
			settings := models.Settings{"host": host, "port": "1", "db_name": "x", "user": "u", "password": "p", "dump_tool": dumper.path}
			if kind.Provider == postgresKind.Provider && strings.Contains(host, ",") {
				continue // several servers, which are tried in turn
			}
			_, _, _, err := dumped(t, opened(t, kind, settings))
			wantSentence(t, err)
		}
	}
	if calls := dumper.calls(t); len(calls) > 0 {
		t.Errorf("the tool was called with %q", calls)
	}
	nothingOwned(t, file)
}

func TestSettingsWithAZeroByteAreRefused(t *testing.T) {
	for _, kind := range []Kind{mysqlKind, postgresKind} {
		for _, name := range []string{"host", "db_name", "user", "password", "dump_tool", "tls_ca"} {
			_, err := kind.Open("shop", models.Settings{"host": "x", "db_name": "x", "user": "x", name: "x\x00database\x00y"})
			wantSentence(t, err)
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v does not name %s", kind.Provider, err, name)
			}
		}
	}
}
