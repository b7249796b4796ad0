package proof

import (
	"path/filepath"
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
	// table is the name of a table that hangs together with others as little as can be.
	table string
}

func engines(t *testing.T) []engine {
	t.Helper()
	maria, postgres := servers.MariaDB(t), servers.Postgres(t)
	m, p, l := tortureMariaDB(t, maria), torturePostgres(t, postgres), tortureSQLite(t)
	t.Cleanup(func() {
		maria.Exec(t, "", "DROP DATABASE IF EXISTS `"+m+"_again`")
		postgres.Exec(t, "postgres", `DROP DATABASE IF EXISTS "`+p+`_again"`)
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
			content: func(name string) []string { return mariadbContent(t, maria, named(m)(name)) },
			wreck:   func() { maria.Exec(t, m, "DROP TABLE texts", "DELETE FROM numbers", "CREATE TABLE stray (id INT)") }},
		{label: "pg", source: postgresSource("pg", postgres, p), confirm: p, fresh: p + "_again", table: `public.quo"te`,
			content: func(name string) []string { return postgresContent(t, postgres, named(p)(name)) },
			wreck: func() {
				postgres.Exec(t, p, "DROP TABLE texts", "DELETE FROM numbers", "CREATE TABLE stray (id int)")
			}},
		{label: "lite", source: sqliteSource("lite", l), confirm: filepath.Base(l), fresh: "again.db", table: `quo"te`,
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
			i.must("drill", id)
		})
	}
}
