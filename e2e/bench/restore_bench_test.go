package bench

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// restoreRows makes about 300 MiB of dump.
const restoreRows = 1_000_000

// BenchmarkRestoreMariaDB restores a backup with the stock pipeline, which looks at
// nothing, and with Backupman, which reads the whole copy and what is in it before it
// touches the target, and reports the median of the ratios of their times.
func BenchmarkRestoreMariaDB(b *testing.B) {
	server := servers.MariaDB(b)
	db := server.Database(b)
	server.Exec(b, db, `CREATE TABLE events (id BIGINT PRIMARY KEY AUTO_INCREMENT, user_id INT NOT NULL, kind VARCHAR(20) NOT NULL, note TEXT, token BINARY(16), KEY (user_id))`,
		fmt.Sprintf(`INSERT INTO events SELECT seq, seq %% 90000, ELT(1 + seq %% 3, 'order', 'refund', 'visit'),
			CONCAT('The parcel ', SHA1(seq), ' of customer ', seq %% 90000, ' left the warehouse after it''s been checked twice, and so did ', SHA1(seq + 1), '.'), UNHEX(MD5(seq)) FROM seq_1_to_%d`, restoreRows))
	drop := func() { server.Exec(b, "", "DROP DATABASE IF EXISTS `"+db+"_again`") }
	b.Cleanup(drop)
	options := optionFile(b, server)
	benchRestore(b, restored{
		source: fmt.Sprintf("{provider: mysql, label: big, host: %q, port: %d, db_name: %q, user: %q, password: %s}", server.Host, server.Port, db, server.User, yamlSingle(server.Password)),
		target: db + "_again", drop: drop,
		stock: func(file string) *exec.Cmd {
			server.Exec(b, "", "CREATE DATABASE `"+db+"_again`")
			return exec.CommandContext(b.Context(), "bash", "-c", `set -o pipefail; zstd -dc "$0" | "$1" --defaults-file="$2" --comments "$3"`, file, server.ClientTool, options, db+"_again")
		},
	})
}

// BenchmarkRestorePostgres does the same with a PostgreSQL database of several tables.
func BenchmarkRestorePostgres(b *testing.B) {
	server := servers.Postgres(b)
	db := server.Database(b)
	for n := range 6 {
		server.Exec(b, db, fmt.Sprintf(`CREATE TABLE events%d (id bigint PRIMARY KEY, user_id int, note text)`, n),
			fmt.Sprintf(`INSERT INTO events%d SELECT n, n %% 90000, 'The parcel ' || md5(n::text) || ' of customer ' || n %% 90000 || ' left the warehouse, and so did ' || md5((n + 1)::text) FROM generate_series(1, %d) n`, n, restoreRows/4),
			fmt.Sprintf(`CREATE INDEX ON events%d (user_id); CREATE INDEX ON events%d (note)`, n, n))
	}
	drop := func() { server.Exec(b, "postgres", `DROP DATABASE IF EXISTS "`+db+`_again" WITH (FORCE)`) }
	b.Cleanup(drop)
	benchRestore(b, restored{
		source: fmt.Sprintf("{provider: postgres, label: big, host: %q, port: %d, db_name: %q, user: %q, password: %s}", server.Host, server.Port, db, server.User, yamlSingle(server.Password)),
		target: db + "_again", drop: drop,
		stock: func(file string) *exec.Cmd {
			server.Exec(b, "postgres", `CREATE DATABASE "`+db+`_again" TEMPLATE template0`)
			cmd := exec.CommandContext(b.Context(), "bash", "-c", `set -o pipefail; zstd -dc "$0" | "$1/pg_restore" --exit-on-error -d "$2"`, file, server.Bin, db+"_again")
			cmd.Env = append(cmd.Environ(), "PGHOST="+server.Host, fmt.Sprintf("PGPORT=%d", server.Port), "PGUSER="+server.User, "PGPASSWORD="+server.Password)
			return cmd
		},
	})
}

// restored is a database whose restore is timed.
type restored struct {
	source, target string
	drop           func()
	// stock returns the command of the stock pipeline, with the target made.
	stock func(file string) *exec.Cmd
}

func benchRestore(b *testing.B, r restored) {
	b.Helper()
	dir := b.TempDir()
	config := program.WriteConfig(b, dir, fmt.Sprintf("data_sources:\n  - %s\ndrives:\n  - {provider: local, label: here, folder: %q}\n", r.source, filepath.Join(dir, "copies")))
	run := func(args ...string) program.Result {
		result := program.Run(b, append([]string{"-c", config, "--data", filepath.Join(dir, "data")}, args...)...)
		if result.Code != 0 {
			b.Fatalf("%v: %s%s", args, result.Out, result.Err)
		}
		return result
	}
	var made struct {
		ID         string `json:"Id"`
		DriveFiles []struct{ Path string }
	}
	if err := json.Unmarshal([]byte(run("run", "big", "--wait", "--json").Out), &made); err != nil {
		b.Fatal(err)
	}
	ours := func() program.Result {
		r.drop()
		return run("restore", made.ID, "--to", "big/"+r.target, "--yes", r.target)
	}
	stock := func() program.Result {
		r.drop()
		cmd := r.stock(made.DriveFiles[0].Path)
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("stock pipeline: %v: %s", err, out)
		}
		return program.Result{Wall: time.Since(start), CPU: program.CPU(cmd.ProcessState)}
	}
	for b.Loop() {
		report(b, stock, ours)
	}
}
