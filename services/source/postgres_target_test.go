package source

import (
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// TestPostgresSameServer tells servers apart by what happens on them, whatever role,
// database and address they are reached by.
func TestPostgresSameServer(t *testing.T) {
	s, other := servers.Postgres(t), servers.OtherPostgres(t)
	role, one, two, three := s.Role(t), s.Database(t), s.Database(t), other.Database(t)
	target := openedTarget(t, postgresKind, postgresSettings(s, one))
	for name, c := range map[string]struct {
		other Target
		same  bool
	}{
		"another database, a role without rights, by socket": {openedTarget(t, postgresKind, postgresSettings(s, two, "user", role, "host", s.Socket)), true},
		"a database that is not there":                       {openedTarget(t, postgresKind, postgresSettings(s, "nosuch")), true},
		"another server":                                     {openedTarget(t, postgresKind, postgresSettings(other, three)), false},
		"another kind":                                       {openedTarget(t, mysqlKind, models.Settings{"host": s.Host, "user": "u", "db_name": "d"}), false},
	} {
		if same, err := target.SameServer(t.Context(), c.other); err != nil || same != c.same {
			t.Errorf("%s: %v, %v", name, same, err)
		}
	}
}

// TestPostgresCreate makes a database from words that nobody vouches for.
func TestPostgresCreate(t *testing.T) {
	s := servers.Postgres(t)
	target := openedTarget(t, postgresKind, postgresSettings(s, "created by test"))
	t.Cleanup(func() { _ = target.Drop(t.Context()) })
	for _, options := range []string{"--encoding UTF8';DROP", "--owner tester", "--template template1", "--locale", "--tablespace pg_default", "--encoding 'UTF8'"} {
		if err := target.Create(t.Context(), options); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", options, err)
		}
	}
	for _, options := range []string{"--encoding UTF8 --template template0 --locale xx_XX.UTF-8", "--encoding UTF8 --template template0 --locale C --locale-provider builtin --builtin-locale C.UTF-8"} {
		var incapable *IncapableError
		if err := target.Create(t.Context(), options); !errors.As(err, &incapable) {
			t.Errorf("%s: %v", options, err)
		}
	}
	if err := target.Create(t.Context(), "--encoding UTF8 --template template0 --lc-collate C --lc-ctype C.UTF-8"); err != nil {
		t.Fatal(err)
	}
	got := s.Query(t, "postgres", "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = 'created by test'")
	if got != "UTF8|C|C.UTF-8\n" {
		t.Errorf("made %s", got)
	}
	role := s.Role(t)
	err := openedTarget(t, postgresKind, postgresSettings(s, "never made", "restore_user", role, "restore_password", s.Password)).Create(t.Context(), "")
	if err == nil || !strings.Contains(err.Error(), "ALTER ROLE \""+role+"\" CREATEDB") {
		t.Errorf("got %v", err)
	}
}

func TestPostgresTriesViews(t *testing.T) {
	s := servers.Postgres(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE a (n int)", "INSERT INTO a VALUES (0)", "CREATE VIEW good AS SELECT n FROM a", `CREATE VIEW "b ad" AS SELECT 1 / n AS m FROM a`,
		"CREATE MATERIALIZED VIEW empty AS SELECT n FROM a WITH NO DATA")
	broken, err := openedTarget(t, postgresKind, postgresSettings(s, database)).TryViews(t.Context())
	if err != nil || len(broken) != 1 || !strings.Contains(broken[0], `"public.b ad"`) || !strings.Contains(broken[0], "division by zero") {
		t.Errorf("%q, %v", broken, err)
	}
}
