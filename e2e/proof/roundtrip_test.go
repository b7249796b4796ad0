package proof

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
)

// engine is one kind of database, as the round trips need it.
type engine struct {
	label string
	// source is its line in the configuration.
	source string
	// confirm is the name that a person types to have the source's own overwritten.
	confirm string
	// fresh is the name of a database that is not there yet, and content tells what a
	// database of a name holds; "" is the source's own.
	fresh   string
	content func(name string) []string
	// wreck damages the source's own database as an accident would.
	wreck func()
	// table is one table of those there are, and tables tells the names of the tables of a
	// database and how many rows that one has.
	table  string
	tables func(name string) []string
}

func engines(t *testing.T) []engine {
	t.Helper()
	maria, postgres := servers.MariaDB(t), servers.Postgres(t)
	m, p, l := tortureMariaDB(t, maria), torturePostgres(t, postgres), tortureSQLite(t)
	t.Cleanup(func() {
		maria.Exec(t, "", "DROP DATABASE IF EXISTS `"+m+"_again`", "DROP DATABASE IF EXISTS `one_"+m+"_again`")
		postgres.Exec(t, "postgres", `DROP DATABASE IF EXISTS "`+p+`_again"`, `DROP DATABASE IF EXISTS "one_`+p+`_again"`)
	})
	named := func(own string) func(string) string {
		return func(name string) string {
			if name == "" {
				return own
			}
			return name
		}
	}
	return []engine{
		{label: "maria", source: mariadbSource("maria", maria, m), confirm: m, fresh: m + "_again", table: "quo`te",
			tables: func(name string) []string {
				return answers(t, maria.DB(t, name), "SELECT TABLE_NAME, (SELECT COUNT(*) FROM `quo``te`) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()")
			},
			content: func(name string) []string { return mariadbContent(t, maria, named(m)(name)) },
			wreck:   func() { maria.Exec(t, m, "DROP TABLE texts", "DELETE FROM numbers", "CREATE TABLE stray (id INT)") }},
		{label: "pg", source: postgresSource("pg", postgres, p), confirm: p, fresh: p + "_again", table: `public.quo"te`,
			tables: func(name string) []string {
				return strings.Split(strings.TrimSpace(postgres.Query(t, name, `SELECT '<' || relname || '> <' || (SELECT count(*) FROM "quo""te") || '>' FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)), "\n")
			},
			content: func(name string) []string { return postgresContent(t, postgres, named(p)(name)) },
			wreck: func() {
				postgres.Exec(t, p, "DROP TABLE texts", "DELETE FROM numbers", "CREATE TABLE stray (id int)")
			}},
		{label: "lite", source: sqliteSource("lite", l), confirm: filepath.Base(l), fresh: "again.db", table: `quo"te`,
			tables: func(name string) []string {
				out, err := exec.Command("sqlite3", filepath.Join(filepath.Dir(l), name), `SELECT '<' || name || '> <' || (SELECT count(*) FROM "quo""te") || '>' FROM sqlite_schema WHERE type = 'table'`).Output()
				if err != nil {
					t.Fatal(err)
				}
				return strings.Split(strings.TrimSpace(string(out)), "\n")
			},
			content: func(name string) []string {
				if name == "" {
					return sqliteContent(t, l)
				}
				return sqliteContent(t, filepath.Join(filepath.Dir(l), name))
			},
			wreck: func() {
				if err := sqliteExec(l, "DROP TABLE anything; DELETE FROM rowids; CREATE TABLE stray (id)"); err != nil {
					t.Fatal(err)
				}
			}},
	}
}

// TestRoundTrip backs databases up that hold everything, restores them into new
// databases and over the wrecked originals, and wants zero differences.
func TestRoundTrip(t *testing.T) {
	all := engines(t)
	sources := ""
	for _, e := range all {
		sources += e.source
	}
	i := install(t, sources, "")
	for _, e := range all {
		t.Run(e.label, func(t *testing.T) {
			i := installation{t: t, config: i.config, folder: i.folder}
			want := e.content("")
			id := i.backUp(e.label)
			i.must("restore", id, "--to", e.label+"/"+e.fresh, "--yes", e.fresh)
			t.Run("into a new database", func(t *testing.T) { same(t, want, e.content(e.fresh)) })
			e.wreck()
			refused := i.run("restore", id, "--to", "original", "--yes", "whatever")
			if refused.Code == 0 {
				t.Errorf("what is there was overwritten without being asked: %s", refused.Out)
			}
			i.must("restore", id, "--to", "original", "--replace", "--yes", e.confirm)
			t.Run("over the original", func(t *testing.T) { same(t, want, e.content("")) })
			t.Run("one table", func(t *testing.T) {
				side := "one_" + e.fresh
				i.must("restore", id, "--to", e.label+"/"+side, "--table", e.table, "--yes", side)
				if got := e.tables(side); len(got) != 1 || !strings.HasPrefix(got[0], "<quo") || strings.HasSuffix(got[0], "<0>") {
					t.Errorf("the side database holds %v", got)
				}
			})
			i.must("drill", id)
		})
	}
}
