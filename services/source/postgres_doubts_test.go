package source

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
)

// TestPostgresDoubts makes what a dump leaves out: the check and the inventory
// must say so, and name it.
func TestPostgresDoubts(t *testing.T) {
	s := servers.Postgres(t)
	role := s.Role(t)
	for name, c := range map[string]struct {
		script []string
		want   []string // in one warning; none when empty
	}{
		"nothing": {script: []string{"CREATE EXTENSION postgres_fdw", "CREATE SERVER own FOREIGN DATA WRAPPER postgres_fdw", "ALTER SERVER own OWNER TO " + role,
			"CREATE USER MAPPING FOR public SERVER own", "CREATE USER MAPPING FOR " + role + " SERVER own"}},
		"user mappings": {script: []string{"CREATE EXTENSION postgres_fdw", "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw",
			"CREATE USER MAPPING FOR tester SERVER far OPTIONS (user 'x', password 'y')"}, want: []string{"user mappings", "tester on server far"}},
		"subscription": {script: []string{"CREATE SUBSCRIPTION sub_" + role + " CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false)"},
			want: []string{"subscriptions are not in the backup", "sub_" + role}},
		"rows of an extension": {script: []string{"CREATE EXTENSION hstore", "CREATE TABLE mine (n int)", "INSERT INTO mine VALUES (1)", "GRANT SELECT ON mine TO " + role, "ALTER EXTENSION hstore ADD TABLE mine"},
			want: []string{"belong to an extension", "public.mine (hstore)"}},
	} {
		t.Run(name, func(t *testing.T) {
			database := s.Database(t)
			s.Exec(t, database, c.script...)
			s.Exec(t, database, "CREATE TABLE a (n int)", "GRANT SELECT ON a TO "+role)
			t.Cleanup(func() {
				if name == "subscription" {
					s.Exec(t, database, "ALTER SUBSCRIPTION sub_"+role+" SET (slot_name = NONE)", "DROP SUBSCRIPTION sub_"+role)
				}
			})
			src := opened(t, postgresKind, postgresSettings(s, database, "user", role))
			report, err := src.Check(t.Context())
			if err != nil || len(report.Problems) > 0 {
				t.Fatalf("problems %q, %v", report.Problems, err)
			}
			warned(t, report.Warnings, c.want)
			inv, _ := mustDump(t, src)
			if name == "subscription" {
				if len(inv.Warnings) != 2 || !strings.HasPrefix(inv.Warnings[1], "pg_dump warns: subscriptions not dumped") {
					t.Fatalf("warnings %q lack pg_dump's own", inv.Warnings)
				}
				inv.Warnings = inv.Warnings[:1]
			}
			warned(t, inv.Warnings, c.want)
		})
	}
}

// TestToolWarnings bounds what is kept of a tool's words.
func TestToolWarnings(t *testing.T) {
	var out bytes.Buffer
	w := &toolWarnings{out: &out}
	lines := newLogLines(w, []string{"secret"})
	fmt.Fprintf(lines, "pg_dump: warning: there are circular constraints on these tables:\npg_dump: detail: a\npg_dump: detail: b\npg_dump: hint: c\npg_dump: detail: d\n")
	fmt.Fprintf(lines, "pg_dump: warning: %ssecret\nwarning: no\n", strings.Repeat("é", 300))
	got := w.all()
	if len(got) != 2 || got[0] != "pg_dump warns: there are circular constraints on these tables: a" || len(got[1]) > maxToolWarning+3 {
		t.Errorf("gathered %q", got)
	}
	for i := range 100 {
		fmt.Fprintf(lines, "pg_dump: warning: secret %d\n", i)
	}
	got = w.all()
	if len(got) != maxToolWarnings+1 || got[2] != "pg_dump warns: **redacted** 0" || !strings.HasPrefix(got[maxToolWarnings], "82 more warnings") {
		t.Errorf("gathered %q", got)
	}
	if strings.Count(out.String(), "\n") != 107 {
		t.Errorf("passed on %q", out.String())
	}
}

// TestPostgresKeepsOptions makes the database anew from what is recorded.
func TestPostgresKeepsOptions(t *testing.T) {
	s := servers.Postgres(t)
	for made, want := range map[string]string{
		"ENCODING 'LATIN1' LOCALE 'C'":                                      "--encoding LATIN1 --template template0 --locale C",
		"ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'":                 "--encoding UTF8 --template template0 --lc-collate C --lc-ctype C.UTF-8",
		"ENCODING 'UTF8' LOCALE 'C.UTF-8'":                                  "--encoding UTF8 --template template0 --locale C.UTF-8",
		"ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'de-AT'": "--encoding UTF8 --template template0 --locale C --locale-provider icu --icu-locale de-AT",
	} {
		t.Run(made, func(t *testing.T) {
			database, again := s.Database(t), s.Database(t)
			s.Exec(t, "postgres", "DROP DATABASE "+database, "CREATE DATABASE "+database+" TEMPLATE template0 "+made, "DROP DATABASE "+again)
			s.Exec(t, database, "CREATE TABLE a (n int)")
			inv, _ := mustDump(t, opened(t, postgresKind, postgresSettings(s, database)))
			if inv.Options != want {
				t.Errorf("options %q, not %q", inv.Options, want)
			}
			s.Client(t, "createdb", "", nil, append(strings.Fields(inv.Options), again)...)
			s.Exec(t, again, "CREATE TABLE a (n int)")
			if inv, _ := mustDump(t, opened(t, postgresKind, postgresSettings(s, again))); inv.Options != want {
				t.Errorf("made anew with %q, not %q", inv.Options, want)
			}
		})
	}
}
