package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

// recorder is a file that nothing must write.
func recorder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "recorder-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // a server of another account must be able to write it
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "ran")
}

func notRun(t *testing.T, path string) {
	t.Helper()
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("it ran, and left %v (%v)", left, err)
	}
}

// TestMySQLHostileDumpsRunNothing restores each hostile dump without having read it
// before: what guards the client refuses it, too.
func TestMySQLHostileDumpsRunNothing(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		database := s.Database(t)
		target := openedTarget(t, mysqlKind, mysqlSettings(s, database))
		for name, c := range hostile {
			t.Run(name, func(t *testing.T) {
				path := recorder(t)
				dump := hostileDump(c.part, path)
				req := RestoreRequest{Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(dump)), nil },
					RawSize: int64(len(dump)), Log: io.Discard, TempDir: t.TempDir(), Replace: true}
				if err := left(t, target.Restore(t.Context(), req), true); !errors.Is(err, models.ErrInvalid) {
					t.Errorf("got %v", err)
				}
				notRun(t, path)
			})
		}
	})
}

// TestMySQLClientRunsNoPrograms hands the client what the guard would refuse: its options
// alone keep it from doing anything on this machine.
func TestMySQLClientRunsNoPrograms(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		m := opened(t, mysqlKind, mysqlSettings(s, s.Database(t))).(*MySQL)
		client, err := findMySQLClient(t.Context(), s.ClientTool)
		if err != nil {
			t.Fatal(err)
		}
		if len(client.walls) == 0 {
			t.Errorf("%s has no further walls", client.path)
		}
		script := filepath.Join(t.TempDir(), "script.sql")
		if err := os.WriteFile(script, []byte("\\! touch RECORDER\nSELECT 1;\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"shell": "\\! touch RECORDER\n", "shell after": "SELECT 1; \\! touch RECORDER\n", "in a statement": "SELECT 1 \\! touch RECORDER\n;\n",
			"system": "system touch RECORDER\n", "system with a mark": "system touch RECORDER;\n", "source": "source " + script + "\n", "dot": "\\. " + script + "\n",
			"tee": "tee RECORDER\nSELECT 1;\n", "T": "\\T RECORDER\nSELECT 1;\n", "pager": "pager touch RECORDER\nSELECT 1;\n", "P": "\\P touch RECORDER\nSELECT 1;\n", "edit": "SELECT 1 \\e\n",
			"delimiter": "DELIMITER \\!\n\\! touch RECORDER\n", "out of the sandbox": "/*M!999999\\- enable the sandbox mode */\n\\! touch RECORDER\n",
			"local infile": "CREATE TABLE x (a TEXT);\nLOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE x;\n",
			"outfile":      "SELECT 1 INTO OUTFILE 'RECORDER';\n",
		} {
			t.Run(name, func(t *testing.T) {
				path := recorder(t)
				options, err := m.optionFile(t.TempDir(), client.mariadb)
				if err != nil {
					t.Fatal(err)
				}
				var log bytes.Buffer
				run := tool{path: client.path, args: client.arguments(options, m.database()), dir: t.TempDir(), env: []string{"EDITOR=touch " + path}}
				err = run.feed(t.Context(), &log, func(w io.Writer) error {
					_, err := io.WriteString(w, strings.ReplaceAll(text, "RECORDER", path))
					return err
				})
				// MariaDB's server may write files where its account may.
				if name != "outfile" || !isMariaDB(t, s) {
					notRun(t, path)
				}
				if name == "local infile" && err == nil {
					t.Error("it read a file of this machine")
				}
			})
		}
	})
}

// TestMySQLBodiesAreOneStatement has bodies with further statements behind them, which a
// client would send along.
func TestMySQLBodiesAreOneStatement(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		victim := s.Database(t)
		s.Exec(t, victim, "CREATE TABLE precious (n INT)")
		for name, part := range map[string]string{
			"procedure": "CREATE PROCEDURE `p`() SELECT 1; DROP TABLE VICTIM.precious; SELECT 1",
			"function":  "CREATE FUNCTION `f`() RETURNS INT DETERMINISTIC RETURN 1; DROP TABLE VICTIM.precious",
			"trigger":   "CREATE TRIGGER `t` BEFORE INSERT ON `x` FOR EACH ROW SET @a = 1; DROP TABLE VICTIM.precious",
			"event":     "CREATE EVENT `e` ON SCHEDULE EVERY 1 YEAR DO SELECT 1; DROP TABLE VICTIM.precious",
			"view":      "CREATE ALGORITHM=MERGE VIEW `v` AS SELECT 1; DROP TABLE VICTIM.precious",
			"comment":   "/*!50003 CREATE*/ /*!50020 DEFINER=CURRENT_USER*/ /*!50003 PROCEDURE `p`() SELECT 1 */ ; DROP TABLE VICTIM.precious",
		} {
			t.Run(name, func(t *testing.T) {
				dump := hostileDump("CREATE TABLE `x` (`a` int);\nINSERT INTO `x` VALUES (1);\nDELIMITER ;;\n"+strings.ReplaceAll(part, "VICTIM", quoteMySQL(victim))+" ;;\nDELIMITER ;\n", "")
				target := openedTarget(t, mysqlKind, mysqlSettings(s, s.Database(t)))
				if err := target.Restore(t.Context(), restoreRequest(t, mysqlKind, dump)); err == nil {
					t.Error("restored")
				}
				if got := rowsOf(t, s.DB(t, victim), "SHOW TABLES"); got != "precious\n" {
					t.Errorf("the other database holds %q", got)
				}
			})
		}
	})
}

// TestMySQLEventsOfScratchDatabasesDoNotRun refuses servers that would run them.
func TestMySQLEventsOfScratchDatabasesDoNotRun(t *testing.T) {
	mysqlServers(t, func(t *testing.T, s *servers.MySQL) {
		var before string
		if err := s.DB(t, "").QueryRow("SELECT @@event_scheduler").Scan(&before); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Exec(t, "", "SET GLOBAL event_scheduler = "+before) })
		dump := hostileDump("CREATE TABLE `x` (`a` int);\nDELIMITER ;;\nCREATE EVENT `e` ON SCHEDULE EVERY 1 YEAR DO SELECT 1 ;;\nDELIMITER ;\n", "")
		target := openedTarget(t, mysqlKind, mysqlSettings(s, s.Database(t)))
		req := restoreRequest(t, mysqlKind, dump)
		req.Scratch = true
		s.Exec(t, "", "SET GLOBAL event_scheduler = ON")
		var incapable *IncapableError
		if err := left(t, target.Restore(t.Context(), req), true); !errors.As(err, &incapable) {
			t.Errorf("got %v", err)
		}
		s.Exec(t, "", "SET GLOBAL event_scheduler = OFF")
		mustRestore(t, target, req)
	})
}
