package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// drillKinds are the jobs whose backups are drilled, one for each kind of scratch
// database.
var drillKinds = []string{"lite", "maria", "pg", "maria-given", "pg-given"}

// TestKilledDrillsLeaveNothing runs ten drills at once, two of each kind, kills them in
// the middle, and wants no database, folder or process of them left after the next start.
// Then it runs ten at once to their end.
func TestKilledDrillsLeaveNothing(t *testing.T) {
	maria, postgres, otherMaria, otherPostgres := servers.MariaDB(t), servers.Postgres(t), servers.OtherMariaDB(t), servers.OtherPostgres(t)
	scratch := scratchFolder(t)
	i := install(t, mariadbSource("maria", maria, bigMariaDB(t, maria))+postgresSource("pg", postgres, bigPostgres(t, postgres))+sqliteSource("lite", bigSQLite(t))+
		mariadbSource("other-maria", otherMaria, otherMaria.Database(t))+postgresSource("other-pg", otherPostgres, otherPostgres.Database(t)),
		fmt.Sprintf(`jobs:
  - {label: lite, data_source: lite}
  - {label: maria, data_source: maria}
  - {label: pg, data_source: pg}
  - {label: maria-given, data_source: maria, drill: {scratch: other-maria}}
  - {label: pg-given, data_source: pg, drill: {scratch: other-pg}}
scratch_folder: %q
`, scratch))
	var ids []string
	for _, job := range drillKinds {
		id := i.backUp(job)
		ids = append(ids, id, i.backUp(job)) // two backups, because one is drilled once at a time
	}
	took := i.tenAtOnce(t, ids)
	for round := range 2 {
		i.killDrills(t, ids, took)
		server := program.Serve(t, i.args("serve", "--listen", "127.0.0.1:0")...)
		program.Eventually(t, 90*time.Second, func(context.Context) error { return i.nothingLeft(scratch, otherMaria, otherPostgres, t) })
		t.Logf("round %d: nothing is left", round)
		server.Stop(t)
	}
	i.tenAtOnce(t, ids)
	if err := i.nothingLeft(scratch, otherMaria, otherPostgres, t); err != nil {
		t.Error(err)
	}
}

// tenAtOnce drills every backup at once, each in a process of its own, and wants each
// proven. It returns how long the slowest took.
func (i installation) tenAtOnce(t *testing.T, ids []string) time.Duration {
	t.Helper()
	var wait sync.WaitGroup
	results := make([]program.Result, len(ids))
	for n, id := range ids {
		wait.Add(1)
		go func() {
			defer wait.Done()
			results[n] = i.run("drill", id, "--json")
		}()
	}
	wait.Wait()
	var slowest time.Duration
	for n, r := range results {
		var d struct{ Outcome, Reason string }
		_ = json.Unmarshal([]byte(r.Out), &d)
		if r.Code != 0 || d.Outcome != "proven" {
			t.Errorf("drill of %s: %d %s: %s %s", drillKinds[n/2], r.Code, d.Outcome, d.Reason, r.Err)
		}
		slowest = max(slowest, r.Wall)
	}
	return slowest
}

// killDrills begins every drill at once and kills each at a random moment.
func (i installation) killDrills(t *testing.T, ids []string, took time.Duration) {
	t.Helper()
	var wait sync.WaitGroup
	for _, id := range ids {
		cmd := exec.Command(program.Path(t), i.args("drill", id)...)
		must(t, cmd.Start())
		wait.Add(1)
		go func() {
			defer wait.Done()
			time.Sleep(time.Duration(rand.Int64N(int64(took))))
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}()
	}
	wait.Wait()
}

// nothingLeft tells what drills have left: folders, databases on given servers, processes.
func (i installation) nothingLeft(scratch string, maria *servers.MySQL, postgres *servers.PostgreSQL, t *testing.T) error {
	for _, dir := range []string{scratch, filepath.Join(i.folder, "data", "scratch")} {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			return fmt.Errorf("left in %s: %v", dir, left)
		}
	}
	if left := maria.Client(t, "mysql", strings.NewReader("SHOW DATABASES LIKE 'backupman%'"), "--skip-column-names"); strings.TrimSpace(left) != "" {
		return fmt.Errorf("left on MariaDB: %s", left)
	}
	if left := postgres.Query(t, "postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'backupman%'"); strings.TrimSpace(left) != "" {
		return fmt.Errorf("left on PostgreSQL: %s", left)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return err
	}
	for _, p := range processes {
		if where, err := os.Readlink(p); err == nil && (strings.HasPrefix(where, scratch) || strings.HasPrefix(where, filepath.Join(i.folder, "data"))) {
			return fmt.Errorf("process %s still works in %s", p, where)
		}
	}
	return nil
}

func bigMariaDB(t *testing.T, s *servers.MySQL) string {
	t.Helper()
	name := smallMariaDB(t, s)
	s.Exec(t, name, "CREATE TABLE big (id INT PRIMARY KEY, t VARCHAR(200))", "INSERT INTO big SELECT seq, REPEAT(MD5(seq), 6) FROM seq_1_to_30000")
	return name
}

func bigPostgres(t *testing.T, s *servers.PostgreSQL) string {
	t.Helper()
	name := smallPostgres(t, s)
	s.Exec(t, name, "CREATE TABLE big (id int PRIMARY KEY, t text)", "INSERT INTO big SELECT n, repeat(md5(n::text), 6) FROM generate_series(1, 30000) n")
	return name
}

func bigSQLite(t *testing.T) string {
	t.Helper()
	path := smallSQLite(t)
	must(t, sqliteExec(path, "CREATE TABLE big (id INTEGER PRIMARY KEY, t TEXT); WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100000) INSERT INTO big SELECT i, hex(randomblob(90)) FROM n"))
	return path
}
