package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

func openedTarget(t testing.TB, kind Kind, settings models.Settings) Target {
	t.Helper()
	target, err := kind.OpenTarget("shop", settings)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// restoreRequest asks for a whole dump, as Read found it.
func restoreRequest(t testing.TB, kind Kind, dump []byte) RestoreRequest {
	t.Helper()
	inv, err := kind.Read(t.Context(), bytes.NewReader(dump), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return RestoreRequest{
		Open:    func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(dump)), nil },
		RawSize: int64(len(dump)), Inventory: inv, Log: io.Discard, TempDir: t.TempDir(),
	}
}

func mustRestore(t testing.TB, target Target, req RestoreRequest) {
	t.Helper()
	var log bytes.Buffer
	req.Log = &log
	if err := target.Restore(t.Context(), req); err != nil {
		t.Fatalf("%v\nlog: %s", err, log.String())
	}
	if left, _ := os.ReadDir(req.TempDir); len(left) > 0 {
		t.Errorf("the temporary folder still holds %s", left[0].Name())
	}
}

// left wants a restore to fail and tells what it says, and whether anything was changed.
func left(t testing.TB, err error, untouched bool) error {
	t.Helper()
	var l *TargetLeft
	if !errors.As(err, &l) || l.Untouched != untouched {
		t.Fatalf("got %v, not what was left of the target", err)
	}
	return err
}

// easilyLost is what comes back otherwise from the stock client, or not at all, beside
// the torture schema.
func easilyLost(t *testing.T, s *servers.MySQL, database string) {
	t.Helper()
	qualified := quoteMySQL(database)
	script := []string{"SET sql_mode = ''",
		"CREATE TABLE every_type (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, ti TINYINT, si SMALLINT, mi MEDIUMINT, b1 BOOL, fl DOUBLE, da DATE, tm TIME(6), dt DATETIME(3), yr YEAR, " +
			"c CHAR(5), bn BINARY(4), tt TINYTEXT, mt MEDIUMTEXT, tb TINYBLOB, mb MEDIUMBLOB, ge GEOMETRY, po POINT, bi BIT(64), lat VARCHAR(20) CHARACTER SET latin1, inv INT INVISIBLE DEFAULT 7, KEY k (si, mi), UNIQUE KEY u (c), FULLTEXT KEY ft (tt)) AUTO_INCREMENT = 1000",
		"INSERT INTO every_type (id, ti, si, mi, b1, fl, da, tm, dt, yr, c, bn, tt, mt, tb, mb, ge, po, bi, lat, inv) VALUES " +
			"(18446744073709551615, -128, -32768, -8388608, 1, -1.7976931348623157e308, '0000-00-00', '-838:59:59.000000', '1000-01-01 00:00:00.123', 1901, 'a', 0x00ff, '', '🐘', 0x00, 0x275c22, ST_GeomFromText('LINESTRING(0 0,1 1)'), POINT(1.5, -2), b'1', 'é', 9)," +
			"(1, 127, 32767, 8388607, 0, 5e-324, '9999-12-31', '838:59:59', NULL, 2155, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
		"CREATE TABLE cycle_a (id INT PRIMARY KEY, b INT)", "CREATE TABLE cycle_b (id INT PRIMARY KEY, a INT, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES cycle_a (id) ON DELETE CASCADE)",
		"ALTER TABLE cycle_a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES cycle_b (id)",
		"INSERT INTO cycle_a VALUES (1, NULL)", "INSERT INTO cycle_b VALUES (1, 1)", "UPDATE cycle_a SET b = 1",
		"CREATE TABLE `select` (`order` INT, `-- x` INT, CONSTRAINT `chk;` CHECK (`order` <> 5))", "INSERT INTO `select` VALUES (1, 2)",
		"CREATE TABLE `" + strings.Repeat("n", 60) + "` (a INT)",
		"CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN x * 2",
		"CREATE VIEW `z base` AS SELECT `order` FROM `select`", "CREATE VIEW `a early` AS SELECT `order` FROM `z base` WHERE `order` < 3 WITH CHECK OPTION",
		"CREATE VIEW calls AS SELECT " + qualified + ".twice(`order`) AS n FROM `select`",
		"CREATE TRIGGER " + qualified + ".q BEFORE INSERT ON " + qualified + ".`select` FOR EACH ROW SET NEW.`order` = 1",
		"CREATE DEFINER = 'gone'@'nowhere' TRIGGER of_others BEFORE UPDATE ON `select` FOR EACH ROW SET NEW.`order` = 2",
		"CREATE DEFINER = 'gone'@'nowhere' PROCEDURE of_others() BEGIN SELECT 1; /* DELIMITER ; */\n-- delimiter $$ \nSELECT '`'; END",
		"CREATE DEFINER = 'gone'@'nowhere' EVENT of_others ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT 1",
		"CREATE DEFINER = 'gone'@'nowhere' VIEW of_others AS SELECT `order` AS n FROM `select`",
		"ALTER DATABASE COLLATE utf8mb4_czech_ci",
		"CREATE PROCEDURE `delimiter x`(IN `delimiter x` INT) BEGIN DECLARE delimiter INT; SELECT delimiter ; END",
		"CREATE TRIGGER later AFTER INSERT ON `select` FOR EACH ROW SET @x = 1",
		"SET NAMES latin1", "CREATE PROCEDURE latin() SELECT 'caf\xe9'", "SET NAMES utf8mb4",
		"SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", `CREATE PROCEDURE ansi() SELECT 'c:\' AS "\"`, "SET sql_mode = ''",
	}
	s.Exec(t, database, script...)
	if isMariaDB(t, s) {
		s.Exec(t, database, "CREATE SEQUENCE `s q` START WITH 100 INCREMENT BY -5 MINVALUE -1000 MAXVALUE 1000 CYCLE", "SELECT NEXTVAL(`s q`)",
			"CREATE TABLE of_sequence (n INT DEFAULT nextval(`s q`), x INT, u UUID, i INET6)", "INSERT INTO of_sequence (x, u, i) VALUES (1, UUID(), '::1')",
			"SET sql_mode = ORACLE", "CREATE PACKAGE pk AS PROCEDURE p1; END", "CREATE PACKAGE BODY pk AS PROCEDURE p1 AS BEGIN SELECT 1; END; END")
	}
}

// restoredContent is mysqlContent with what the stock client does not keep.
func restoredContent(t *testing.T, s *servers.MySQL, database string) map[string]string {
	t.Helper()
	content := mysqlContent(t, s, database)
	db := s.DB(t, database)
	content["columns"] = strings.ReplaceAll(content["columns"], quoteMySQL(database)+".", "")
	content["views"] = rowsOf(t, db, "SELECT TABLE_NAME, REPLACE(VIEW_DEFINITION, CONCAT('`', REPLACE(DATABASE(), '`', '``'), '`.'), ''), CHECK_OPTION, IS_UPDATABLE, DEFINER, SECURITY_TYPE FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1")
	content["collations"] = rowsOf(t, db, "SELECT ROUTINE_NAME, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1, ROUTINE_TYPE") +
		rowsOf(t, db, "SELECT TRIGGER_NAME, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION, ACTION_ORDER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1") +
		rowsOf(t, db, "SELECT EVENT_NAME, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION, TIME_ZONE FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1")
	content["defaults"] = rowsOf(t, db, "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()")
	content["indexes"] = rowsOf(t, db, "SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE, INDEX_TYPE FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, 2, 3")
	content["constraints"] = rowsOf(t, db, "SELECT TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, 2, 3")
	for _, table := range []string{"every_type", "all bytes", "of_sequence"} {
		columns := strings.TrimSuffix(strings.ReplaceAll(rowsOf(t, db, "SELECT CONCAT('HEX(`', COLUMN_NAME, '`)') FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '"+table+"' ORDER BY ORDINAL_POSITION"), "\n", ", "), ", ")
		if columns != "" {
			content["bytes of "+table] = rowsOf(t, db, "SELECT "+columns+" FROM `"+table+"` ORDER BY 1")
		}
	}
	return content
}

func sameContent(t testing.TB, want, got map[string]string) {
	t.Helper()
	for _, key := range slices.Sorted(mapKeys(want, got)) {
		if want[key] != got[key] {
			t.Errorf("%s differs\nwas %.900s\nis  %.900s", key, want[key], got[key])
		}
	}
}

// TestMySQLRestore restores everything that is easily lost into a database of another
// name, and compares it by what the server says, not by digests. Then it does so once
// more from a dump of what was restored.
func TestMySQLRestore(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		from, to := "-x=1 `y` # é漢 "+s.Database(t), "to `#` "+s.Database(t)
		s.Create(t, from)
		tortureMySQL(t, s, from)
		easilyLost(t, s, from)
		inv, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
		target := openedTarget(t, mysqlKind, mysqlSettings(s, to))
		if err := target.Create(t.Context(), inv.Options); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = target.Drop(context.WithoutCancel(t.Context())) })
		var progress int64
		req := restoreRequest(t, mysqlKind, dump)
		req.Progress = func(n int64) { progress = n }
		mustRestore(t, target, req)
		if progress != int64(len(dump)) {
			t.Errorf("told of %d bytes, not %d", progress, len(dump))
		}
		// Nobody can read the views of an account that is not there.
		s.Exec(t, "", "CREATE USER 'gone'@'nowhere'", "GRANT SELECT ON *.* TO 'gone'@'nowhere'")
		t.Cleanup(func() { s.Exec(t, "", "DROP USER 'gone'@'nowhere'") })
		sameContent(t, restoredContent(t, s, from), restoredContent(t, s, to))
		again, _ := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, to)))
		sameInventory(t, inv, again)
	})
}

func TestMySQLTargetLooks(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT)", "INSERT INTO a VALUES (1), (2)", "CREATE TABLE b (n INT)", "CREATE VIEW v AS SELECT n FROM a", "CREATE PROCEDURE p() SELECT 1")
		state, err := openedTarget(t, mysqlKind, mysqlSettings(s, database)).Look(t.Context())
		if err != nil || len(state.Problems) > 0 {
			t.Fatalf("problems %q, %v", state.Problems, err)
		}
		if !state.Exists || state.Empty() || len(state.Tables) != 2 || state.Objects != 2 || state.Size == 0 || state.Server == "" || state.ChangedAt == nil || state.Database != database {
			t.Errorf("looks like %+v", state)
		}
		state, err = openedTarget(t, mysqlKind, mysqlSettings(s, "no such "+database)).Look(t.Context())
		if err != nil || state.Exists || !state.Empty() || len(state.Problems) > 0 {
			t.Errorf("no database looks like %+v, %v", state, err)
		}
		reader := s.Account(t, "SELECT, SHOW VIEW ON `"+database+"`.*")
		settings := mysqlSettings(s, database, "user", reader)
		state, err = openedTarget(t, mysqlKind, settings).Look(t.Context())
		if err != nil || len(state.Problems) != 1 || !strings.Contains(state.Problems[0], "GRANT INSERT, CREATE, DROP, ALTER, INDEX, REFERENCES ON `"+database+"`.*") {
			t.Errorf("problems of a reader %q, %v", state.Problems, err)
		}
		settings["restore_user"], settings["restore_password"] = s.User, s.Password
		if state, err = openedTarget(t, mysqlKind, settings).Look(t.Context()); err != nil || len(state.Problems) > 0 {
			t.Errorf("problems of the restore user %q, %v", state.Problems, err)
		}
		state, err = openedTarget(t, mysqlKind, mysqlSettings(s, database, "restore_tool", "/bin/echo")).Look(t.Context())
		if err != nil || len(state.Problems) != 1 || !strings.Contains(state.Problems[0], "restore_tool") {
			t.Errorf("problems without a client %q, %v", state.Problems, err)
		}
	})
}

func TestMySQLTargetIsCreatedAndDropped(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		target := openedTarget(t, mysqlKind, mysqlSettings(s, "new `"+s.Database(t)))
		t.Cleanup(func() { _ = target.Drop(context.WithoutCancel(t.Context())) })
		for _, options := range []string{"CHARACTER SET latin1; DROP DATABASE mysql", "COLLATE x", "CHARACTER SET latin1 COLLATE latin1_bin ENCRYPTION 'N'", "CHARACTER SET 'a' COLLATE b"} {
			if err := target.Create(t.Context(), options); !errors.Is(err, models.ErrInvalid) {
				t.Errorf("options %q: %v", options, err)
			}
		}
		var incapable *IncapableError
		if err := target.Create(t.Context(), "CHARACTER SET utf8mb4 COLLATE utf8mb4_klingon_ci"); !errors.As(err, &incapable) {
			t.Errorf("an unknown collation: %v", err)
		}
		if err := target.Create(t.Context(), "CHARACTER SET latin1 COLLATE latin1_bin"); err != nil {
			t.Fatal(err)
		}
		if err := target.Create(t.Context(), ""); !errors.Is(err, models.ErrConflict) {
			t.Errorf("a second time: %v", err)
		}
		for range 2 {
			if err := target.Drop(t.Context()); err != nil {
				t.Errorf("drop: %v", err)
			}
		}
	})
}

func TestMySQLRestoreWantsAnEmptyTarget(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		from, to := s.Database(t), s.Database(t)
		s.Exec(t, from, "CREATE TABLE a (n INT)", "INSERT INTO a VALUES (1)")
		_, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
		s.Exec(t, to, "CREATE TABLE other (n INT)")
		target, req := openedTarget(t, mysqlKind, mysqlSettings(s, to)), restoreRequest(t, mysqlKind, dump)
		if err := left(t, target.Restore(t.Context(), req), true); !errors.Is(err, models.ErrConflict) {
			t.Errorf("got %v", err)
		}
		gone := openedTarget(t, mysqlKind, mysqlSettings(s, "no such "+to))
		if err := left(t, gone.Restore(t.Context(), req), true); !errors.Is(err, models.ErrConflict) {
			t.Errorf("without a database: %v", err)
		}
		req.Replace, req.Inventory.Options = true, "CHARACTER SET latin1 COLLATE latin1_bin"
		mustRestore(t, target, req)
		if got := rowsOf(t, s.DB(t, to), "SELECT @@collation_database"); got != "latin1_bin\n" {
			t.Errorf("the new database has the collation %q", got)
		}
		if got := rowsOf(t, s.DB(t, to), "SHOW TABLES"); got != "a\n" {
			t.Errorf("replaced by %q", got)
		}
		req.Open = func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(dump[:len(dump)-5])), nil
		}
		if err := left(t, target.Restore(t.Context(), req), true); !strings.Contains(err.Error(), "not whole") {
			t.Errorf("got %v", err)
		}
		req = restoreRequest(t, mysqlKind, dump)
		req.Replace, req.Inventory.Options = true, "CHARACTER SET utf8mb4 COLLATE utf8mb4_klingon_ci"
		var incapable *IncapableError
		if err := left(t, target.Restore(t.Context(), req), true); !errors.As(err, &incapable) {
			t.Errorf("an unknown collation: %v", err)
		}
		if got := rowsOf(t, s.DB(t, to), "SELECT n FROM a"); got != "1\n" {
			t.Errorf("a damaged dump left %q", got)
		}
	})
}

// TestMySQLRestoreSaysWhatFailed lets the client and the server fail.
func TestMySQLRestoreSaysWhatFailed(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		for name, c := range map[string]struct {
			part, want string
			incapable  bool
		}{
			"a table":     {"CREATE TABLE `a` (`n` int, `n` int);\n", "Duplicate column name", false},
			"rows":        {"CREATE TABLE `a` (`n` int, PRIMARY KEY (`n`));\nINSERT INTO `a` VALUES (1),(1);\n", "Duplicate entry", false},
			"a collation": {"CREATE TABLE `a` (`n` text) COLLATE=utf8mb4_klingon_ci;\n", "utf8mb4_klingon_ci", true},
			"an engine":   {"CREATE TABLE `a` (`n` int) ENGINE=Wheels;\n", "Wheels", true},
			"a routine":   {"CREATE TABLE `a` (`n` int);\nDELIMITER ;;\nCREATE PROCEDURE `p`() RETURN 1 ;;\nDELIMITER ;\n", `make routine "p"`, false},
			"a view":      {"/*!50001 CREATE ALGORITHM=UNDEFINED VIEW `v` AS select 1 from `nothing` */;\n", `make view "v"`, false},
			"elsewhere":   {"/*!50001 CREATE ALGORITHM=UNDEFINED VIEW `v` AS select 1 from `nowhere`.`x` */;\n", "nowhere", true},
		} {
			t.Run(name, func(t *testing.T) {
				dump := []byte(strings.ReplaceAll(string(hostileDump(c.part, "")), "10.11.19", "5.1.1"))
				target := openedTarget(t, mysqlKind, mysqlSettings(s, s.Database(t)))
				err := left(t, target.Restore(t.Context(), restoreRequest(t, mysqlKind, dump)), false)
				var incapable *IncapableError
				if !strings.Contains(err.Error(), c.want) || errors.As(err, &incapable) != c.incapable || strings.Contains(err.Error(), s.Password) {
					t.Errorf("got %v, incapable %v", err, incapable != nil)
				}
			})
		}
	})
}

// TestMySQLRestoreOfTables restores a few tables beside others.
// TestMySQLReplaceTellsThatSomeIsGone meets a folder that the server can't remove: by then
// the tables in it are dropped.
func TestMySQLReplaceTellsThatSomeIsGone(t *testing.T) {
	s := servers.MariaDB(t)
	database := s.Database(t)
	s.Exec(t, database, "CREATE TABLE a (n int)")
	_, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, database)))
	var data string
	if err := s.DB(t, database).QueryRow("SELECT @@datadir").Scan(&data); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(data, database, "foreign.txt")
	if err := os.WriteFile(foreign, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(foreign) })
	req := restoreRequest(t, mysqlKind, dump)
	req.Replace = true
	err := left(t, openedTarget(t, mysqlKind, mysqlSettings(s, database)).Restore(t.Context(), req), false)
	if !strings.Contains(err.Error(), "drop the database") {
		t.Errorf("got %v", err)
	}
}

func TestMySQLRestoreOfTables(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		from, to := s.Database(t), s.Database(t)
		odd := "-x `y` ' \" select\t;"
		script := []string{"CREATE TABLE a (n INT PRIMARY KEY)", "INSERT INTO a VALUES (1), (2)", "CREATE TABLE b (n INT)", "INSERT INTO b VALUES (3)",
			"CREATE TABLE " + quoteMySQL(odd) + " (n INT, CONSTRAINT c FOREIGN KEY (n) REFERENCES a (n))", "INSERT INTO " + quoteMySQL(odd) + " VALUES (2)",
			"CREATE TRIGGER tr BEFORE INSERT ON " + quoteMySQL(odd) + " FOR EACH ROW SET NEW.n = 1", "CREATE TRIGGER other BEFORE INSERT ON b FOR EACH ROW SET NEW.n = 1",
			"CREATE VIEW v AS SELECT n FROM a", "CREATE PROCEDURE p() SELECT 1", "ALTER DATABASE COLLATE utf8mb4_czech_ci"}
		tables := []models.TableName{{Name: odd}}
		s.Exec(t, from, script...)
		want := odd + "\n"
		if isMariaDB(t, s) {
			s.Exec(t, from, "CREATE SEQUENCE needed", "CREATE SEQUENCE unused", "SELECT NEXTVAL(needed)", "CREATE TABLE d (n INT DEFAULT nextval(needed))", "INSERT INTO d VALUES (DEFAULT)")
			tables, want = append(tables, models.TableName{Name: "d"}), odd+"\nd\nneeded\n"
		}
		_, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
		target, req := openedTarget(t, mysqlKind, mysqlSettings(s, to)), restoreRequest(t, mysqlKind, dump)
		req.Tables = tables
		mustRestore(t, target, req)
		db := s.DB(t, to)
		if got := rowsOf(t, db, "SHOW TABLES"); got != want {
			t.Errorf("restored %q, not %q", got, want)
		}
		if got := rowsOf(t, db, "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"); got != "tr\n" {
			t.Errorf("triggers %q", got)
		}
		if got := rowsOf(t, db, "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()"); strings.Contains(got, "czech") {
			t.Errorf("the target's own default became %s", got)
		}
		s.Exec(t, to, "SET foreign_key_checks = 0", "INSERT INTO "+quoteMySQL(odd)+" VALUES (7)", "CREATE TABLE keep (n INT)")
		if err := left(t, target.Restore(t.Context(), req), true); !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), odd) {
			t.Errorf("a second time: %v", err)
		}
		if got := rowsOf(t, db, "SELECT COUNT(*) FROM "+quoteMySQL(odd)); got != "2\n" {
			t.Errorf("the second time changed something: %s", got)
		}
		req.Replace = true
		mustRestore(t, target, req)
		if got := rowsOf(t, db, "SELECT n FROM "+quoteMySQL(odd)) + rowsOf(t, db, "SHOW TABLES LIKE 'keep'"); got != "2\nkeep\n" {
			t.Errorf("replaced by %q", got)
		}
		req.Tables = []models.TableName{{Name: "nosuch"}}
		if err := left(t, target.Restore(t.Context(), req), true); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a table that is not there: %v", err)
		}
	})
}

// TestMySQLRestoreStops ends a restore in the middle.
func TestMySQLRestoreStops(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		var b strings.Builder
		b.WriteString("CREATE TABLE `a` (`n` int);\n")
		for i := range 2000 {
			fmt.Fprintf(&b, "INSERT INTO `a` VALUES %s(%d);\n", strings.Repeat("(1),", 2000), i)
		}
		dump := hostileDump(b.String(), "")
		cause := errors.New("somebody wants it to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		target, req := openedTarget(t, mysqlKind, mysqlSettings(s, s.Database(t))), restoreRequest(t, mysqlKind, dump)
		req.Progress = func(n int64) {
			if n > int64(len(dump)/4) {
				cancel(cause)
			}
		}
		if err := left(t, target.Restore(ctx, req), false); !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
		if files, _ := os.ReadDir(req.TempDir); len(files) > 0 {
			t.Errorf("%s is left", files[0].Name())
		}
		if err := target.Drop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestMySQLTriesViews(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		s.Exec(t, database, "CREATE TABLE a (n INT)", "INSERT INTO a VALUES (1)", "CREATE TABLE gone (n INT)", "CREATE VIEW good AS SELECT n FROM a", "CREATE VIEW `b``ad` AS SELECT n FROM gone",
			"CREATE FUNCTION f() RETURNS INT DETERMINISTIC BEGIN INSERT INTO a VALUES (2); RETURN 1; END", "CREATE VIEW writes AS SELECT f() AS n FROM a",
			"CREATE FUNCTION g() RETURNS INT DETERMINISTIC RETURN 1", "CREATE VIEW calls AS SELECT g() AS n", "DROP FUNCTION g", "DROP TABLE gone")
		broken, err := openedTarget(t, mysqlKind, mysqlSettings(s, database)).TryViews(t.Context())
		if err != nil || len(broken) != 2 || !strings.Contains(broken[0], "b`ad") || !strings.Contains(broken[1], "calls") {
			t.Errorf("broken %q, %v", broken, err)
		}
		if got := rowsOf(t, s.DB(t, database), "SELECT COUNT(*) FROM a"); got != "1\n" {
			t.Errorf("reading views wrote: %s rows", got)
		}
		s.Exec(t, database, "DROP VIEW `b``ad`, calls", "CREATE DEFINER = 'gone'@'nowhere' VIEW of_others AS SELECT n FROM a")
		var incapable *IncapableError
		if _, err = openedTarget(t, mysqlKind, mysqlSettings(s, database)).TryViews(t.Context()); !errors.As(err, &incapable) {
			t.Errorf("a view of nobody: %v", err)
		}
	})
}

func TestMySQLKnowsItsServer(t *testing.T) {
	ours, theirs := servers.MariaDB(t), servers.RealMySQL(t)
	one, two := openedTarget(t, mysqlKind, mysqlSettings(ours, ours.Database(t))), openedTarget(t, mysqlKind, mysqlSettings(ours, "elsewhere", "user", ours.Account(t)))
	other := openedTarget(t, mysqlKind, mysqlSettings(theirs, theirs.Database(t)))
	for name, c := range map[string]struct {
		a, b Target
		want bool
	}{"itself": {one, one, true}, "another account": {one, two, true}, "the other way": {two, one, true}, "another server": {one, other, false}} {
		if same, err := c.a.SameServer(t.Context(), c.b); err != nil || same != c.want {
			t.Errorf("%s: %v, %v", name, same, err)
		}
	}
}

// TestMySQLRestoreOfOthersDefinitions wants the grant to be named that lets an account
// restore what others define, and only that to be missing.
func TestMySQLRestoreOfOthersDefinitions(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		from, to := s.Database(t), s.Database(t)
		s.Exec(t, from, "CREATE TABLE a (n INT)", "CREATE DEFINER = 'gone'@'nowhere' PROCEDURE p() SELECT 1", "CREATE DEFINER = 'gone'@'nowhere' VIEW v AS SELECT n FROM a")
		_, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
		user := s.Account(t, "ALL PRIVILEGES ON `"+to+"`.*")
		target, req := openedTarget(t, mysqlKind, mysqlSettings(s, to, "restore_user", user, "restore_password", s.Password)), restoreRequest(t, mysqlKind, dump)
		err := left(t, target.Restore(t.Context(), req), false)
		_, statement, found := strings.Cut(err.Error(), "mend it with: ")
		if !found || !strings.Contains(err.Error(), `make routine "p"`) {
			t.Fatalf("got %v", err)
		}
		s.Exec(t, "", statement)
		req.Replace = true
		mustRestore(t, target, req)
		if got := rowsOf(t, s.DB(t, to), "SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"); got != "gone@nowhere\n" {
			t.Errorf("defined by %q", got)
		}
	})
}

// TestMySQLRestoreWantsEveryPrivilege names what a dump needs before anything is touched.
func TestMySQLRestoreWantsEveryPrivilege(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		from, to := s.Database(t), s.Database(t)
		s.Exec(t, from, "CREATE TABLE a (n INT)", "CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.n = 1", "CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SELECT 1")
		_, dump := mustDump(t, opened(t, mysqlKind, mysqlSettings(s, from)))
		user := s.Account(t, "SELECT, INSERT, CREATE, DROP, ALTER, INDEX, REFERENCES ON `"+to+"`.*")
		target := openedTarget(t, mysqlKind, mysqlSettings(s, to, "user", user))
		if err := left(t, target.Restore(t.Context(), restoreRequest(t, mysqlKind, dump)), true); !strings.Contains(err.Error(), "GRANT TRIGGER, EVENT ON") {
			t.Errorf("got %v", err)
		}
	})
}
