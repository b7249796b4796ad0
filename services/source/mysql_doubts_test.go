package source

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// TestMySQLDoubts makes what does not come back as it was: the check and the
// inventory must say so, and name it.
func TestMySQLDoubts(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		for name, c := range map[string]struct {
			mariadb bool // whether only MariaDB has this
			script  []string
			want    []string // in one warning; none when empty
		}{
			"nothing": {script: []string{"CREATE TABLE a (f DOUBLE, g FLOAT(10,2), nextval INT DEFAULT 3)", "CREATE VIEW b AS SELECT f FROM a", "CREATE VIEW c AS SELECT f FROM b WITH CHECK OPTION",
				"CREATE VIEW aa AS SELECT count(*) AS n FROM b", "CREATE PROCEDURE p() SELECT 1", "CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SELECT ';'",
				"CREATE TABLE y (n INT) ENGINE=MyISAM", "CREATE TABLE m (n INT) ENGINE=MERGE UNION=(y)"}},
			"floats":       {script: []string{"CREATE TABLE a (f FLOAT)", "CREATE TABLE b (f DOUBLE)", "CREATE VIEW v AS SELECT f FROM a"}, want: []string{"FLOAT", ": a"}},
			"view":         {script: []string{"CREATE TABLE t (n INT)", "CREATE VIEW `z``z` AS SELECT n FROM t", "CREATE VIEW a AS SELECT n FROM `z``z`"}, want: []string{"read-only", "a (needs z`z)"}},
			"check option": {script: []string{"CREATE TABLE t (n INT)", "CREATE VIEW z AS SELECT n FROM t", "CREATE VIEW a AS SELECT n FROM z WITH CHECK OPTION"}, want: []string{"stop the restore", "a (needs z)"}},
			"collation": {script: []string{"CREATE TABLE t (n INT)", "CREATE PROCEDURE p() SELECT 1", "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 1",
				"CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SELECT 1", "ALTER DATABASE COLLATE utf8mb4_czech_ci", "CREATE PROCEDURE new() SELECT 1"},
				want: []string{"alters database", "routine p", "trigger tr", "event e"}},
			"sequence": {mariadb: true, script: []string{"CREATE SEQUENCE s", "CREATE TABLE t (n INT DEFAULT nextval(s))"}, want: []string{"from a sequence", ": t"}},
			"history": {mariadb: true, script: []string{"CREATE TABLE k (n INT) WITH SYSTEM VERSIONING", "CREATE TABLE h (x INT PRIMARY KEY, s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START, " +
				"e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING", "INSERT INTO h (x) VALUES (1)", "UPDATE h SET x = 2"},
				want: []string{"the history of system-versioned tables is not in the backup", "as in h"}},
		} {
			t.Run(name, func(t *testing.T) {
				if c.mariadb && !isMariaDB(t, s) {
					t.Skip("only MariaDB has this")
				}
				database := s.Database(t)
				s.Exec(t, database, c.script...)
				src := opened(t, mysqlKind, mysqlSettings(s, database))
				inv, _ := mustDump(t, src)
				report, err := src.Check(t.Context())
				if err != nil || len(report.Problems) > 0 {
					t.Fatalf("problems %q, %v", report.Problems, err)
				}
				warned(t, inv.Warnings, c.want)
				warned(t, report.Warnings, c.want)
			})
		}
	})
}

// warned wants one warning that has all of the words, or none at all without words.
func warned(t *testing.T, warnings, words []string) {
	t.Helper()
	if len(words) == 0 {
		if len(warnings) > 0 {
			t.Errorf("warnings %q, and nothing to warn of", warnings)
		}
		return
	}
	if len(warnings) != 1 || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(warnings[0], w) }) {
		t.Errorf("warnings %q, not one with %q", warnings, words)
	}
}

// TestMySQLUndumpable has what the tools fail on, or never end with.
func TestMySQLUndumpable(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		for name, c := range map[string]struct {
			script  []string
			want    []string
			without string
		}{
			"broken view":       {[]string{"CREATE TABLE a (n INT)", "CREATE TABLE gone (n INT)", "CREATE VIEW `br``oken` AS SELECT n FROM gone", "DROP TABLE gone"}, []string{"br`oken", "repair or drop it"}, ""},
			"delimiter in body": {[]string{"CREATE TABLE a (n INT)", "CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR DO BEGIN SELECT ';;'; END"}, []string{";;", "ev", "without: events"}, "events"},
		} {
			t.Run(name, func(t *testing.T) {
				database := s.Database(t)
				s.Exec(t, database, c.script...)
				src := opened(t, mysqlKind, mysqlSettings(s, database))
				report, err := src.Check(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				warned(t, report.Problems, c.want)
				_, out, _, err := dumped(t, src)
				if err == nil || len(report.Problems) == 0 || !strings.Contains(err.Error(), report.Problems[0]) || len(out) > 0 {
					t.Errorf("dumped %d bytes with %v", len(out), err)
				}
				if c.without != "" {
					mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database, "without", c.without)))
				}
			})
		}
	})
}

// TestMariaDBRestoresDefaultsOfSequences fills a table whose default takes its
// values from a sequence.
func TestMariaDBRestoresDefaultsOfSequences(t *testing.T) {
	s := servers.MariaDB(t)
	from, to := s.Database(t), s.Database(t)
	s.Exec(t, from, "CREATE SEQUENCE s", "CREATE TABLE t (id INT DEFAULT nextval(s), n INT)", "INSERT INTO t (n) VALUES (1), (2)")
	inv, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
	s.Client(t, to, bytes.NewReader(dump), "--comments")
	again, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, to)))
	sameTables(t, inv, again)
}

// TestMariaDBRestoresTransactionPreciseHistory wants at least the present rows.
func TestMariaDBRestoresTransactionPreciseHistory(t *testing.T) {
	s := servers.MariaDB(t)
	from, to := s.Database(t), s.Database(t)
	s.Exec(t, from, "CREATE TABLE h (x INT PRIMARY KEY, s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START, e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING",
		"INSERT INTO h (x) VALUES (1), (5)", "UPDATE h SET x = 2 WHERE x = 1")
	_, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
	s.Client(t, to, bytes.NewReader(dump), "--comments")
	if rows := rowsOf(t, s.DB(t, to), "SELECT x FROM h ORDER BY 1"); rows != "2\n5\n" {
		t.Errorf("restored %q", rows)
	}
}

// TestMySQLKeepsOptions records what CREATE DATABASE must say.
func TestMySQLKeepsOptions(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "ALTER DATABASE CHARACTER SET latin2 COLLATE latin2_croatian_ci", "CREATE TABLE a (n INT)")
		if inv, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database))); inv.Options != "CHARACTER SET latin2 COLLATE latin2_croatian_ci" {
			t.Errorf("options %q", inv.Options)
		}
	})
}

// TestMySQLMergeTables counts the rows of a MERGE table once, where they are.
func TestMySQLMergeTables(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		from, to := s.Database(t), s.Database(t)
		s.Exec(t, from, "CREATE TABLE x (n INT) ENGINE=MyISAM", "CREATE TABLE y (n INT) ENGINE=MyISAM", "INSERT INTO x VALUES (1)", "INSERT INTO y VALUES (2)",
			"CREATE TABLE a (n INT) ENGINE=MERGE UNION=(x, y) INSERT_METHOD=LAST")
		inv, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
		if inv.Count(models.ObjectTable) != 3 || len(inv.Tables) != 2 || inv.Rows() != 2 {
			t.Errorf("dumped %v with %v", inv.Objects, inv.Tables)
		}
		s.Client(t, to, bytes.NewReader(dump), "--comments")
		if rows := rowsOf(t, s.DB(t, to), "SELECT n FROM a ORDER BY 1"); rows != "1\n2\n" {
			t.Errorf("restored %q", rows)
		}
	})
}

// TestMySQLTableChangedMeanwhile says that trying again helps.
func TestMySQLTableChangedMeanwhile(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT)")
		version, err := ask(t.Context(), s.DumpTool, "--version")
		if err != nil {
			t.Fatal(err)
		}
		fake := fakeTool(t, version, "echo 'mysqldump: Error 1412: Table definition has changed, please retry transaction when dumping table `a` at row: 0' >&2; exit 3")
		_, _, _, err = dumped(t, opened(t, mysqlKind, mysqlSettings(s, database, "dump_tool", fake)))
		if err == nil || !strings.Contains(err.Error(), "changed during the dump: try again") {
			t.Errorf("got %v", err)
		}
	})
}
