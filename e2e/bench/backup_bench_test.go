// Package bench measures the whole program against the stock tools, both in one
// run on one machine, so that what counts is the ratio.
package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// rounds is how often the two are timed, in turn.
const rounds = 5

// bigRows makes about 1 GiB of dump.
const bigRows = 3_600_000

// BenchmarkMariaDB1GiB backs a database of 1 GiB up with the stock pipeline and
// with Backupman in turn, and reports the median of the ratios of their times.
func BenchmarkMariaDB1GiB(b *testing.B) {
	server := servers.MariaDB(b)
	db := server.Database(b)
	fill(b, server, db)
	dir := b.TempDir()
	config := program.WriteConfig(b, dir, fmt.Sprintf(`
data_sources:
  - {provider: mysql, label: big, host: %q, port: %d, db_name: %q, user: %q, password: %s}
drives:
  - {provider: local, label: here, folder: %q}
`, server.Host, server.Port, db, server.User, yamlSingle(server.Password), filepath.Join(dir, "copies")))
	options := optionFile(b, server)
	ours := func() program.Result {
		r := program.Run(b, "-c", config, "--data", filepath.Join(dir, "data"), "run", "big", "--wait")
		if r.Code != 0 {
			b.Fatalf("backup: %s%s", r.Out, r.Err)
		}
		clear(b, filepath.Join(dir, "copies"))
		return r
	}
	stock := func() program.Result { return stockDump(b, server, options, db, filepath.Join(dir, "stock.sql.zst")) }
	stock() // warms the server's cache for both
	for b.Loop() {
		report(b, stock, ours)
	}
}

func report(b *testing.B, stock, ours func() program.Result) {
	var ratios, cpuRatios, stockTimes, ourTimes []float64
	var memory int64
	for range rounds {
		s, o := stock(), ours()
		ratios = append(ratios, o.Wall.Seconds()/s.Wall.Seconds())
		cpuRatios = append(cpuRatios, o.CPU.Seconds()/s.CPU.Seconds())
		stockTimes, ourTimes = append(stockTimes, s.Wall.Seconds()), append(ourTimes, o.Wall.Seconds())
		memory = max(memory, o.MaxRSS)
		b.Logf("stock %.2f s (%.2f s of processor), backupman %.2f s (%.2f s), ratio %.3f, peak memory %d MiB",
			s.Wall.Seconds(), s.CPU.Seconds(), o.Wall.Seconds(), o.CPU.Seconds(), o.Wall.Seconds()/s.Wall.Seconds(), o.MaxRSS>>20)
	}
	b.ReportMetric(median(stockTimes), "stock-s")
	b.ReportMetric(median(ourTimes), "backupman-s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(cpuRatios), "cpu-ratio")
	b.ReportMetric(float64(memory>>20), "peak-MiB")
	b.ReportMetric(0, "ns/op")
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// fill makes tables of ordinary content: numbers, dates, words, and some binary.
func fill(b *testing.B, server *servers.MySQL, db string) {
	server.Exec(b, db,
		`CREATE TABLE events (id BIGINT PRIMARY KEY AUTO_INCREMENT, user_id INT NOT NULL, kind VARCHAR(20) NOT NULL, at DATETIME NOT NULL,
			amount DECIMAL(12,2), email VARCHAR(80), note TEXT, token BINARY(16), KEY (user_id))`,
		fmt.Sprintf(`INSERT INTO events SELECT seq, seq %% 90000, ELT(1 + seq %% 5, 'order', 'refund', 'sign-in', 'visit', 'newsletter'),
			'2020-01-01' + INTERVAL seq MINUTE, (seq * 7919) %% 1000000 / 100, CONCAT('customer', seq %% 90000, '@example.org'),
			CONCAT('The parcel ', SHA1(seq), ' of customer ', seq %% 90000, ' left the warehouse in ', ELT(1 + seq %% 4, 'Lyon', 'Kraków', 'São Paulo', 'Antananarivo'), ' after it''s been checked twice.'),
			UNHEX(MD5(seq)) FROM seq_1_to_%d`, bigRows))
}

func stockDump(b *testing.B, server *servers.MySQL, options, db, to string) program.Result {
	b.Helper()
	line := `set -o pipefail; "$0" --defaults-file="$1" --single-transaction --quick --routines --triggers --events --hex-blob -- "$2" | zstd -q -3 -T0 > "$3"`
	cmd := exec.CommandContext(b.Context(), "bash", "-c", line, server.DumpTool, options, db, to)
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("stock pipeline: %v: %s", err, out)
	}
	r := program.Result{Wall: time.Since(start), CPU: program.CPU(cmd.ProcessState)}
	if err := os.Remove(to); err != nil {
		b.Fatal(err)
	}
	return r
}

func optionFile(b *testing.B, server *servers.MySQL) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "stock.cnf")
	if err := os.WriteFile(path, []byte(server.OptionFile()), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func clear(b *testing.B, dir string) {
	b.Helper()
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
}

// yamlSingle writes a text as a YAML single-quoted scalar.
func yamlSingle(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
