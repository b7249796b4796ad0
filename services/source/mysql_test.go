package source

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// mysqlServers are the servers that every test of the MySQL source runs on.
func mysqlServers(t *testing.T, test func(t *testing.T, s *servers.MySQL)) {
	t.Run("mariadb", func(t *testing.T) { test(t, servers.MariaDB(t)) })
	t.Run("mysql", func(t *testing.T) { test(t, servers.RealMySQL(t)) })
}

// mysqlSettings are the settings of a source on a database of a test server.
func mysqlSettings(s *servers.MySQL, database string, more ...string) models.Settings {
	settings := models.Settings{"host": s.Host, "port": fmt.Sprint(s.Port), "db_name": database,
		"user": s.User, "password": s.Password, "dump_tool": s.DumpTool, "restore_tool": s.ClientTool}
	for i := 0; i < len(more); i += 2 {
		settings[more[i]] = more[i+1]
	}
	return settings
}

func opened(t testing.TB, kind Kind, settings models.Settings) Source {
	t.Helper()
	src, err := kind.Open("shop", settings)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// dumped makes a dump and returns it with its inventory and log.
func dumped(t testing.TB, src Source) (models.Inventory, []byte, string, error) {
	t.Helper()
	var out, log bytes.Buffer
	temp := t.TempDir()
	inv, err := src.Dump(t.Context(), DumpRequest{Out: &out, Log: &log, TempDir: temp})
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("the temporary folder still holds %s", left[0].Name())
	}
	return inv, out.Bytes(), log.String(), err
}

func mustDump(t testing.TB, src Source) (models.Inventory, []byte) {
	t.Helper()
	inv, out, log, err := dumped(t, src)
	if err != nil {
		t.Fatalf("%v\nlog: %s", err, log)
	}
	return inv, out
}

// TestMySQLTorture dumps a database of everything that is easily lost, restores
// it by hand with the stock client, and compares both the program's own way and
// another.
func TestMySQLTorture(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		for _, name := range []string{"plain", "-x=1 `y` # é漢"} {
			t.Run(name, func(t *testing.T) {
				from, to := name+" "+s.Database(t), s.Database(t)
				s.Create(t, from)
				tortureMySQL(t, s, from)
				inv, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
				// Without --comments MariaDB's client drops comments in bodies.
				s.Client(t, to, bytes.NewReader(dump), "--comments")
				want, got := mysqlContent(t, s, from), mysqlContent(t, s, to)
				for _, key := range slices.Sorted(mapKeys(want, got)) {
					if want[key] != got[key] {
						t.Errorf("%s differs\nwas %.600s\nis  %.600s", key, want[key], got[key])
					}
				}
				again, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, to)))
				sameTables(t, inv, again)
				if inv.Count(models.ObjectView) != 3 || inv.Count(models.ObjectTrigger) != 2 || inv.Count(models.ObjectRoutine) != 2 || inv.Count(models.ObjectEvent) != 1 {
					t.Errorf("objects %v", inv.Objects)
				}
				s.Exec(t, to, "UPDATE `all bytes` SET v = 0x00 WHERE id = 255")
				changed, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, to)))
				if digestOf(changed, "all bytes") == digestOf(inv, "all bytes") {
					t.Error("one changed byte has the same digest")
				}
			})
		}
	})
}

// TestMySQLEasilyMisread has what the tools write in another way than most:
// lists of columns, several events, bodies and names that look like the dump's
// own lines.
func TestMySQLEasilyMisread(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		from, to := s.Database(t), s.Database(t)
		s.Exec(t, from, "CREATE TABLE some (a INT, b VARCHAR(20) INVISIBLE)", "INSERT INTO some (a, b) VALUES (1, '),('), (3, ';'), (5, '\n')",
			"CREATE TABLE other (a INT)", "INSERT INTO other VALUES (1)",
			"CREATE EVENT e1 ON SCHEDULE EVERY 1 YEAR DO SELECT 1", "CREATE EVENT e2 ON SCHEDULE EVERY 1 YEAR DO SELECT 2",
			"CREATE EVENT `e\n3` ON SCHEDULE EVERY 1 YEAR DO SELECT 'it''s'",
			"CREATE TRIGGER `t\n1` BEFORE INSERT ON some FOR EACH ROW SET NEW.a = 1", "CREATE TRIGGER t2 BEFORE INSERT ON some FOR EACH ROW FOLLOWS `t\n1` SET NEW.a = 2",
			"CREATE PROCEDURE `p\n1`() BEGIN SELECT 'a\nDELIMITER ;\n-- x'; /* it's */ END",
			"CREATE PROCEDURE p2() BEGIN -- it's ;;\nSELECT ';;\nDELIMITER ;\nDROP TABLE other;'; END",
			"SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'", `CREATE PROCEDURE p3() SELECT 'c:\' AS "\"`,
			"SET sql_mode = ''", `CREATE PROCEDURE p4() SELECT 'it\'s'`)
		inv, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
		if some := inv.Tables[slices.IndexFunc(inv.Tables, func(d models.TableDigest) bool { return d.Name == "some" })]; some.Rows != 3 {
			t.Errorf("counted %d rows, not 3", some.Rows)
		}
		for kind, n := range map[models.ObjectKind]int{models.ObjectTable: 2, models.ObjectEvent: 3, models.ObjectTrigger: 2, models.ObjectRoutine: 4} {
			if inv.Count(kind) != n {
				t.Errorf("%d of kind %s, not %d: %q", inv.Count(kind), kind, n, inv.Objects)
			}
		}
		s.Client(t, to, bytes.NewReader(dump), "--comments")
		again, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, to)))
		sameTables(t, inv, again)
		s.Exec(t, to, "UPDATE some SET b = 'x' WHERE a = 5")
		changed, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, to)))
		if digestOf(changed, "some") == digestOf(inv, "some") {
			t.Error("a change in the last row has the same digest")
		}
	})
}

// TestMySQLQuotesInNames is apart because mariadb-dump itself can't dump the
// events of a database with such a name, and says so.
func TestMySQLQuotesInNames(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		for _, name := range []string{"it's", `a"b`, `c\d`, "`", "=", "-", "--help", "#", " x"} {
			from := name + s.Database(t)
			s.Create(t, from)
			s.Exec(t, from, "CREATE TABLE a (n INT)", "INSERT INTO a VALUES (1)", "CREATE PROCEDURE p() SELECT 1")
			if inv, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from))); inv.Rows() != 1 || len(inv.Objects) != 2 {
				t.Errorf("%q: dumped %v", from, inv)
			}
		}
	})
}

func digestOf(inv models.Inventory, table string) string {
	for _, d := range inv.Tables {
		if d.Name == table {
			return d.SHA256
		}
	}
	return ""
}

func sameTables(t testing.TB, want, got models.Inventory) {
	t.Helper()
	if len(want.Tables) != len(got.Tables) {
		t.Errorf("%d tables, not %d", len(got.Tables), len(want.Tables))
	}
	for _, w := range want.Tables {
		i := slices.IndexFunc(got.Tables, func(d models.TableDigest) bool { return d.Name == w.Name && d.Schema == w.Schema })
		if i < 0 || got.Tables[i] != w {
			t.Errorf("table %s: digest of the restored database differs: %v", w.Name, w)
		}
	}
}

func mapKeys(maps ...map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for _, m := range maps {
			for k := range m {
				if !seen[k] && !yield(k) {
					return
				}
				seen[k] = true
			}
		}
	}
}

func tortureMySQL(t *testing.T, s *servers.MySQL, database string) {
	t.Helper()
	script := []string{"SET sql_mode = ''",
		"CREATE TABLE `all bytes` (id INT PRIMARY KEY, v VARBINARY(300), b LONGBLOB, bi BIT(9))",
		"CREATE TABLE texts (id INT PRIMARY KEY AUTO_INCREMENT, s VARCHAR(500), t LONGTEXT, n INT NULL, d DATE NOT NULL, ts TIMESTAMP NULL, dc DECIMAL(30,10), f DOUBLE, e ENUM('a','','''') , st SET('x','y'), j JSON)",
		"INSERT INTO texts (s, t, n, d, ts, dc, f, e, st, j) VALUES ('', NULL, 0, '0000-00-00', '2024-03-31 02:30:00', 12345678901234567890.0123456789, 1e-300, '''', 'x,y', '{\"a\": [1, null, \"🐘\"]}')," +
			"(NULL, '', NULL, '2024-00-00', NULL, NULL, NULL, NULL, NULL, NULL)," +
			"('''),(', 'a\\n-- Dump completed\\nINSERT INTO `x` VALUES\\n(1),\\n(2);\\n', 1, '2024-02-29', NULL, -1, 3.14, 'a', '', '[]')," +
			"('🐘 \\\\ \\' \\\" \\0 \\r\\t `;` -- /* */ ),(', REPEAT('),(''\\\\', 3000), 2, '9999-12-31', '1970-01-01 00:00:01', 0, 0, '', 'y', '\"),(\"')",
		"CREATE TABLE `na``me 'with' \"quotes\" é漢` (`co``l` INT, `-x=1` INT, `漢` TEXT)",
		"INSERT INTO `na``me 'with' \"quotes\" é漢` VALUES (1, 2, 'x'), (3, 4, 'y'), (3, 4, 'y')",
		"CREATE TABLE `-- comment\nINSERT INTO ``x`` VALUES` (a INT) COMMENT 'a;b''c\n-- Dump completed\n'",
		"INSERT INTO `-- comment\nINSERT INTO ``x`` VALUES` VALUES (1)",
		"CREATE TABLE gen (a INT PRIMARY KEY, b INT GENERATED ALWAYS AS (a * 2) STORED, c INT GENERATED ALWAYS AS (a + 1) VIRTUAL, d VARCHAR(40) DEFAULT 'x;y', KEY (b))",
		"INSERT INTO gen (a, d) VALUES (1, 'p'), (2, 'q')",
		"CREATE TABLE parent (id INT PRIMARY KEY) ENGINE=InnoDB",
		"CREATE TABLE child (id INT PRIMARY KEY, parent INT, CONSTRAINT fk FOREIGN KEY (parent) REFERENCES parent (id))",
		"INSERT INTO parent VALUES (2), (1)", "INSERT INTO child VALUES (7, 1), (8, 2), (9, NULL)",
		"CREATE TABLE parts (a INT, b INT) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)",
		"INSERT INTO parts VALUES (1, 1), (100, 2), (5, 3)",
		"CREATE TABLE nothing (a INT)",
		"CREATE VIEW z_first AS SELECT id, s FROM texts WHERE s <> 'a''b;'",
		"CREATE VIEW `a second` AS SELECT z.id FROM z_first z JOIN child c",
		"CREATE VIEW `a third` AS SELECT count(*) AS `n``n` FROM `a second`",
		"CREATE TRIGGER tr BEFORE INSERT ON parent FOR EACH ROW BEGIN\n-- Dump completed\nSET NEW.id = NEW.id; END",
		"CREATE TRIGGER `t``r 2` AFTER INSERT ON parent FOR EACH ROW\nINSERT INTO nothing VALUES\n(1)",
		"CREATE PROCEDURE `pro``c`()\nBEGIN\nINSERT INTO nothing VALUES\n(1);\nSELECT ';;', '-- Dump completed';\nEND",
		"CREATE FUNCTION fun(x INT) RETURNS INT DETERMINISTIC RETURN x + 1",
		"CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00' DO BEGIN SELECT 1; SELECT 2; END",
	}
	var values []string
	for i := range 256 {
		values = append(values, fmt.Sprintf("(%d, 0x%02x, 0x%s, %d)", i, i, strings.Repeat(fmt.Sprintf("27%02x5c0a", i), 40), i))
	}
	script = append(script, "INSERT INTO `all bytes` VALUES "+strings.Join(values, ", "))
	s.Exec(t, database, script...)
	if isMariaDB(t, s) {
		s.Exec(t, database, "CREATE SEQUENCE seq START WITH 5 INCREMENT BY 3", "SELECT NEXTVAL(seq)",
			"CREATE TABLE history (a INT PRIMARY KEY) WITH SYSTEM VERSIONING", "INSERT INTO history VALUES (1)", "UPDATE history SET a = 2")
	}
}

func isMariaDB(t *testing.T, s *servers.MySQL) bool {
	var v string
	if err := s.DB(t, "").QueryRow("SELECT VERSION()").Scan(&v); err != nil {
		t.Fatal(err)
	}
	return strings.Contains(v, "MariaDB")
}

// mysqlContent reads a database without this program: ordered rows of every
// table and view, and what information_schema says of everything.
func mysqlContent(t *testing.T, s *servers.MySQL, database string) map[string]string {
	t.Helper()
	db := s.DB(t, database)
	db.SetMaxOpenConns(1)
	content := map[string]string{}
	for _, table := range strings.Split(rowsOf(t, db, "SELECT HEX(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1"), "\n") {
		if table = unhex(t, db, table); table == "" {
			continue
		}
		quoted := "`" + strings.ReplaceAll(table, "`", "``") + "`"
		content["rows of "+table] = rowsOf(t, db, "SELECT * FROM "+quoted+" ORDER BY 1")
		if table != "seq" {
			content["SHOW CREATE "+table] = strings.ReplaceAll(rowsOf(t, db, "SHOW CREATE TABLE "+quoted), "`"+strings.ReplaceAll(database, "`", "``")+"`.", "")
		}
		if table == "history" {
			content["history"] = rowsOf(t, db, "SELECT a, row_end > '2038-01-01' FROM history FOR SYSTEM_TIME ALL ORDER BY 1")
		}
	}
	for name, query := range map[string]string{
		"routines": "SELECT ROUTINE_NAME, ROUTINE_TYPE, ROUTINE_DEFINITION, DTD_IDENTIFIER, SQL_MODE, DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1, 2",
		"triggers": "SELECT TRIGGER_NAME, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, TRIM(ACTION_STATEMENT), ACTION_TIMING, SQL_MODE, DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1",
		"events":   "SELECT EVENT_NAME, TRIM(EVENT_DEFINITION), INTERVAL_VALUE, INTERVAL_FIELD, STARTS, STATUS, DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1",
		"columns":  "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLUMN_DEFAULT, IS_NULLABLE, EXTRA, GENERATION_EXPRESSION, COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, ORDINAL_POSITION",
	} {
		content[name] = rowsOf(t, db, query)
	}
	return content
}

func unhex(t *testing.T, db *sql.DB, s string) string {
	return strings.TrimSuffix(rowsOf(t, db, "SELECT UNHEX('"+s+"')"), "\n")
}

// rowsOf writes a result as text, a row a line, NULL apart from any string.
func rowsOf(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	values := make([]sql.NullString, len(columns))
	targets := make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	var b strings.Builder
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if i > 0 {
				b.WriteString(" | ")
			}
			if !v.Valid {
				b.WriteString("<NULL>")
			}
			b.WriteString(v.String)
		}
		b.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestMySQLHidden takes privileges away one by one: what the account may not
// see must be told, with the statement that mends it, and keep a dump from
// being made in silence.
func TestMySQLHidden(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT)", "CREATE TABLE b (n INT)", "CREATE VIEW v AS SELECT n FROM a",
			"CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.n = 1", "CREATE PROCEDURE p() SELECT 1",
			"CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SELECT 1")
		on := " ON `" + strings.ReplaceAll(database, "_", `\_`) + "`.*"
		routines, mendsRoutines := "SELECT ON mysql.proc", "GRANT SELECT ON `mysql`.`proc`"
		if !isMariaDB(t, s) {
			routines, mendsRoutines = "SHOW_ROUTINE ON *.*", "GRANT SHOW_ROUTINE ON *.*"
		}
		all := []string{"SELECT, SHOW VIEW, TRIGGER, EVENT" + on, routines}
		for name, c := range map[string]struct {
			grants  []string
			problem string
			without string
		}{
			"everything":          {grants: all},
			"no TRIGGER":          {[]string{"SELECT, SHOW VIEW, EVENT" + on, routines}, "GRANT TRIGGER" + on, "triggers"},
			"no EVENT":            {[]string{"SELECT, SHOW VIEW, TRIGGER" + on, routines}, "GRANT EVENT" + on, "events"},
			"no routines":         {[]string{"SELECT, SHOW VIEW, TRIGGER, EVENT" + on}, "routines", "routines"},
			"EXECUTE only":        {[]string{"SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE" + on}, "routines", "routines"},
			"no SHOW VIEW":        {[]string{"SELECT, TRIGGER, EVENT" + on, routines}, "GRANT SHOW VIEW" + on, ""},
			"one table":           {[]string{"SHOW VIEW, TRIGGER, EVENT" + on, "SELECT ON `" + database + "`.a", routines}, "GRANT SELECT" + on, ""},
			"pattern, unescaped":  {[]string{"SELECT, SHOW VIEW, EVENT ON `" + database + "`.*", routines}, "GRANT TRIGGER ON `" + database + "`.*", "triggers"},
			"all on the database": {[]string{"ALL PRIVILEGES" + on}, mendsRoutines, "routines"},
			"one table alone":     {[]string{"EVENT, TRIGGER" + on, "SELECT ON `" + database + "`.a", routines}, "GRANT SELECT, SHOW VIEW" + on, ""},
			"global":              {grants: []string{"ALL PRIVILEGES ON *.*"}},
			"on each table alone": {grants: []string{"SELECT, SHOW VIEW, EVENT" + on, "TRIGGER ON `" + database + "`.a", "TRIGGER ON `" + database + "`.b", routines}},
		} {
			t.Run(name, func(t *testing.T) {
				user := s.Account(t, c.grants...)
				settings := mysqlSettings(s, database, "user", user)
				report, err := opened(t, mysqlKind, settings).Check(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if c.problem == "" {
					if len(report.Problems) > 0 {
						t.Fatalf("problems %q", report.Problems)
					}
					inv, _ := mustDump(t, opened(t, mysqlKind, settings))
					if len(inv.Objects) != 6 {
						t.Errorf("dumped %v", inv.Objects)
					}
					return
				}
				if len(report.Problems) != 1 || !strings.Contains(report.Problems[0], c.problem) || !strings.Contains(report.Problems[0], "'"+user+"'@'%'") {
					t.Fatalf("problems %q, wanted one with %q", report.Problems, c.problem)
				}
				_, out, _, err := dumped(t, opened(t, mysqlKind, settings))
				if err == nil || !strings.Contains(err.Error(), report.Problems[0]) || !errors.Is(err, models.ErrInvalid) || len(out) > 0 {
					t.Fatalf("dumped %d bytes with %v", len(out), err)
				}
				mends(t, s, settings, report)
				if c.without == "" {
					return
				}
				user = s.Account(t, c.grants...)
				inv, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database, "user", user, "without", c.without)))
				if len(inv.Objects) != 5 || len(inv.Warnings) != 1 || !strings.Contains(inv.Warnings[0], c.without) {
					t.Errorf("without: dumped %v with warnings %q", inv.Objects, inv.Warnings)
				}
			})
		}
	})
}

// mends runs the statement that a problem names and wants the problem gone.
func mends(t *testing.T, s *servers.MySQL, settings models.Settings, report models.SourceReport) {
	t.Helper()
	if models.RemedyOf(report.Problems[0]) != models.RemedyRights {
		t.Errorf("%q does not lead to rights", report.Problems[0])
	}
	_, statement, _ := strings.Cut(report.Problems[0], "mend it with: ")
	statement, _, _ = strings.Cut(statement, ";")
	if !slices.Equal(report.Grants, []string{statement + ";"}) {
		t.Errorf("the grants are %q, not %q", report.Grants, statement)
	}
	s.Exec(t, "", statement)
	if inv, _ := mustDump(t, opened(t, mysqlKind, settings)); len(inv.Objects) != 6 {
		t.Errorf("after %s: dumped %v", statement, inv.Objects)
	}
}

// An account that may not even open the database gets every statement that it lacks at once.
func TestMySQLGrantsFromNothing(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT)", "CREATE VIEW v AS SELECT n FROM a",
			"CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.n = 1", "CREATE PROCEDURE p() SELECT 1")
		for name, grants := range map[string][]string{"nothing": nil, "one table": {"SELECT ON `" + database + "`.a"}} {
			t.Run(name, func(t *testing.T) {
				src := opened(t, mysqlKind, mysqlSettings(s, database, "user", s.Account(t, grants...)))
				report, err := src.Check(t.Context())
				if err != nil || len(report.Problems) == 0 || len(report.Grants) == 0 {
					t.Fatalf("problems %q, grants %q, %v", report.Problems, report.Grants, err)
				}
				for _, statement := range report.Grants {
					s.Exec(t, "", statement)
				}
				if report, err = src.Check(t.Context()); err != nil || len(report.Problems) > 0 || len(report.Grants) > 0 || report.Tables != 1 {
					t.Errorf("mended, and still %q, %q, %v", report.Problems, report.Grants, err)
				}
				if inv, _ := mustDump(t, src); len(inv.Objects) != 4 {
					t.Errorf("dumped %v", inv.Objects)
				}
			})
		}
	})
}

// TestMySQLNamesOfAccounts wants statements that name the account as the server does.
func TestMySQLNamesOfAccounts(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT)")
		name := `o'dd \ @` + strings.TrimPrefix(database, "test_")
		name = name[:min(len(name), 32)]
		account := mysqlAccount{server: mysqlServer{account: name + "@%"}}.name()
		old := "'" + s.Account(t) + "'@'%'"
		s.Exec(t, "", "RENAME USER "+old+" TO "+account)
		defer s.Exec(t, "", "DROP USER "+account)
		src := opened(t, mysqlKind, mysqlSettings(s, database, "user", name))
		report, err := src.Check(t.Context())
		if err != nil || len(report.Grants) == 0 {
			t.Fatalf("problems %q, grants %q, %v", report.Problems, report.Grants, err)
		}
		for _, statement := range report.Grants {
			s.Exec(t, "", statement)
		}
		if report, err = src.Check(t.Context()); err != nil || len(report.Problems) > 0 {
			t.Errorf("mended, and still %q, %v", report.Problems, err)
		}
	})
}

func TestMySQLRole(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT)", "INSERT INTO a VALUES (1)")
		role := "r_" + database
		s.Exec(t, "", "CREATE ROLE "+role, "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON "+database+".* TO "+role)
		t.Cleanup(func() { s.Exec(t, "", "DROP ROLE "+role) })
		user := s.Account(t)
		s.Exec(t, "", "GRANT "+role+" TO '"+user+"'@'%'")
		if isMariaDB(t, s) {
			s.Exec(t, "", "SET DEFAULT ROLE "+role+" FOR '"+user+"'@'%'")
		} else {
			s.Exec(t, "", "SET DEFAULT ROLE "+role+" TO '"+user+"'@'%'")
		}
		if inv, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database, "user", user))); inv.Rows() != 1 {
			t.Errorf("dumped %v", inv)
		}
	})
}

func TestMySQLTLS(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT)")
		for _, c := range []struct {
			tls, ca string
			ok      bool
		}{
			{"", "", true}, {"false", "", true}, {"preferred", "", true}, {"skip-verify", "", true},
			{"true", s.CA, true}, {"true", "", false},
		} {
			_, _, _, err := dumped(t, opened(t, mysqlKind, mysqlSettings(s, database, "tls", c.tls, "tls_ca", c.ca)))
			if (err == nil) != c.ok {
				t.Errorf("tls %q with CA %q: %v", c.tls, c.ca, err)
			}
		}
	})
}

func TestMySQLNonTransactionalTablesAreTold(t *testing.T) {
	s := servers.MariaDB(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE calm (a INT)", "CREATE TABLE old (a INT) ENGINE=MyISAM", "INSERT INTO old VALUES (1)",
		"CREATE TABLE crash (a INT) ENGINE=Aria", "INSERT INTO crash VALUES (1)", "CREATE TABLE hollow (a INT) ENGINE=MyISAM")
	inv, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database)))
	if len(inv.Warnings) != 1 || !strings.Contains(inv.Warnings[0], "crash (Aria), old (MyISAM)") || strings.Contains(inv.Warnings[0], "hollow") {
		t.Errorf("warnings %q", inv.Warnings)
	}
}

func TestMySQLEmptyDatabaseIsNoBackup(t *testing.T) {
	s := servers.MariaDB(t)
	_, _, _, err := dumped(t, opened(t, mysqlKind, mysqlSettings(s, s.Database(t))))
	if err == nil || !strings.Contains(err.Error(), "holds nothing") {
		t.Errorf("got %v", err)
	}
}

func TestMySQLUnreachable(t *testing.T) {
	s := servers.MariaDB(t)
	for name, c := range map[string]struct {
		change []string
		want   string
		remedy models.Remedy
	}{
		"password": {[]string{"password", "wrong"}, "check user and password", models.RemedySettings},
		"database": {[]string{"db_name", "nosuch"}, `there is no database "nosuch"`, models.RemedySettings},
		"port":     {[]string{"port", "1"}, "check that it runs", models.RemedyReach},
		"host":     {[]string{"host", "nosuch.invalid"}, "check that it runs", models.RemedySettings},
		"tool":     {[]string{"dump_tool", "/nosuch/mariadb-dump"}, "/nosuch/mariadb-dump is not installed; install the package mariadb-client", models.RemedyProgram},
		"not one":  {[]string{"dump_tool", "/bin/echo"}, "is neither mariadb-dump nor mysqldump", models.RemedyProgram},
	} {
		t.Run(name, func(t *testing.T) {
			database := s.Database(t)
			s.Exec(t, database, "CREATE TABLE a (n INT)")
			src := opened(t, mysqlKind, mysqlSettings(s, database, c.change...))
			report, err := src.Check(t.Context())
			if err != nil || len(report.Problems) != 1 || !strings.Contains(report.Problems[0], c.want) {
				t.Errorf("problems %q, %v", report.Problems, err)
			}
			if _, _, _, err := dumped(t, src); err == nil || !strings.Contains(err.Error(), c.want) || models.RemedyOf(err.Error()) != c.remedy {
				t.Errorf("dump says %v", err)
			}
		})
	}
}

// TestMySQLTwoVendors tries each vendor's tool on the other's server.
func TestMySQLTwoVendors(t *testing.T) {
	ours, theirs := servers.MariaDB(t), servers.RealMySQL(t)
	database := ours.Database(t)
	ours.Exec(t, database, "CREATE TABLE a (n INT)")
	_, _, _, err := dumped(t, opened(t, mysqlKind, mysqlSettings(ours, database, "dump_tool", theirs.DumpTool)))
	if err == nil || !strings.Contains(err.Error(), "install the package mariadb-client") {
		t.Errorf("mysqldump on MariaDB: %v", err)
	}
	database = theirs.Database(t)
	theirs.Exec(t, database, "CREATE TABLE a (n INT, u CHAR(36) DEFAULT (UUID()), i INT INVISIBLE)", "INSERT INTO a (n, i) VALUES (1, 2)")
	src := opened(t, mysqlKind, mysqlSettings(theirs, database, "dump_tool", ours.DumpTool))
	inv, dump := mustDump(t, src)
	to := theirs.Database(t)
	theirs.Client(t, to, bytes.NewReader(dump))
	if want, got := mysqlContent(t, theirs, database), mysqlContent(t, theirs, to); want["rows of a"] != got["rows of a"] || inv.Rows() != 1 {
		t.Errorf("mariadb-dump on MySQL: %q, not %q", got["rows of a"], want["rows of a"])
	}
	theirs.Exec(t, database, "CREATE TABLE g (n INT, m INT AS (n + 1) STORED)")
	if _, _, _, err := dumped(t, src); err == nil || !strings.Contains(err.Error(), "generated columns") {
		t.Errorf("mariadb-dump on generated columns: %v", err)
	}
}

func TestMySQLSettings(t *testing.T) {
	for _, settings := range []models.Settings{{"tls": "maybe"}, {"without": "tables"}} {
		if _, err := mysqlKind.Open("shop", settings); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

func TestOptionFileGivesBackEveryCharacter(t *testing.T) {
	tool := servers.MariaDB(t).DumpTool
	var all strings.Builder
	for c := rune(1); c < 256; c++ {
		all.WriteRune(c)
	}
	for _, value := range []string{all.String(), servers.Password, "#x", " x ", `"`, `'x'`, `\`, `\s\n`, `a"b'c`, `=`, "🐘"} {
		m := opened(t, mysqlKind, models.Settings{"user": value, "password": "p"}).(*MySQL)
		path, err := m.optionFile(t.TempDir(), true)
		if err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
			t.Errorf("the option file has mode %v", info.Mode())
		}
		printed, err := ask(t.Context(), tool, "--defaults-file="+path, "--print-defaults")
		if err != nil || !strings.Contains(printed, "--user="+value+" --password=") {
			t.Errorf("%q came back as %q, %v", value, printed, err)
		}
	}
}

func TestMySQLToolVersions(t *testing.T) {
	for text, want := range map[string]mysqlTool{
		"mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)": {mariadb: true, version: version{10, 11, 19}},
		"mariadb-dump from 11.8.9-MariaDB, client 10.20 for debian-linux-gnu (x86_64)":    {mariadb: true, version: version{11, 8, 9}},
		"mysqldump  Ver 9.7.4-2 for Linux on x86_64 ((Debian))":                           {version: version{9, 7, 4}},
		"mysqldump  Ver 10.13 Distrib 5.7.44, for Linux (x86_64)":                         {version: version{5, 7, 44}},
	} {
		got, err := parseMySQLTool("", text)
		if err != nil || got.mariadb != want.mariadb || got.version != want.version {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestMySQLBrokenTools(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT, t VARCHAR(100))", "CREATE VIEW v AS SELECT n FROM a",
			"INSERT INTO a WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 500) SELECT n, REPEAT('x', 50) FROM c")
		_, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database)))
		version, err := ask(t.Context(), s.DumpTool, "--version")
		if err != nil {
			t.Fatal(err)
		}
		open := func(tool string) Source { return opened(t, mysqlKind, mysqlSettings(s, database, "dump_tool", tool)) }
		testBrokenTools(t, version, dump, open)
		t.Run("password", func(t *testing.T) {
			fake := fakeTool(t, version, "cat \"${1#--defaults-file=}\" >&2; echo "+shellWord("bad password "+s.Password)+" >&2; exit 2")
			_, _, log, err := dumped(t, open(fake))
			if err == nil || strings.Contains(err.Error()+log, "a\"s#s") || strings.Contains(err.Error()+log, `s#s\`) || !strings.Contains(log, "bad password **redacted**") {
				t.Errorf("%v, log %q", err, log)
			}
		})
		t.Run("environment and arguments", func(t *testing.T) {
			file := kept(t, dump)
			fake := fakeTool(t, version, "env >&2; printf '%s\\n' \"$@\" >&2; ls -l \"${1#--defaults-file=}\" >&2; cat "+shellWord(file))
			_, _, log, err := dumped(t, open(fake))
			if err != nil || strings.Contains(log, "redacted") || strings.Contains(log, "GOFLAGS") || !strings.Contains(log, "\n--\n"+database+"\n-rw------- ") {
				t.Errorf("%v, log %s", err, log)
			}
		})
		t.Run("a view left out", func(t *testing.T) {
			file := kept(t, bytes.Replace(dump, []byte("VIEW `v` AS select"), []byte("VIEW `w` AS select"), 1))
			_, _, _, err := dumped(t, open(fakeTool(t, version, "cat "+shellWord(file))))
			if err == nil || !strings.Contains(err.Error(), "it lacks view v,") {
				t.Errorf("got %v", err)
			}
		})
	})
}
