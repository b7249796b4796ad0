package source

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
)

// benchmarkDatabase fills a database with about 300 MB of ordinary rows.
func benchmarkDatabase(b *testing.B, s *servers.MySQL) string {
	database := s.Database(b)
	s.Exec(b, database, "CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer INT, at DATETIME, total DECIMAL(10,2), address VARCHAR(100), note TEXT)",
		"INSERT INTO orders (customer, at, total, address, note) WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 1000) "+
			"SELECT n * 7919 % 10000, '2025-01-01' + INTERVAL n MINUTE, n * 1.07, CONCAT(n, ' rue de la Gare, ', MD5(n)), CONCAT('It''s note ', SHA2(n, 256), ', ', MD5(n + 1)) FROM c")
	for range 10 {
		s.Exec(b, database, "INSERT INTO orders (customer, at, total, address, note) SELECT customer + id % 97, at + INTERVAL id SECOND, total, CONCAT(id, ' ', SUBSTRING(address, 4)), CONCAT(SUBSTRING(note, 5), MD5(id)) FROM orders LIMIT 700000")
	}
	return database
}

// BenchmarkMySQLDump compares a dump through this package with the tool alone
// writing to a pipe that somebody empties.
func BenchmarkMySQLDump(b *testing.B) {
	s := servers.MariaDB(b)
	m := opened(b, mysqlKind, mysqlSettings(s, benchmarkDatabase(b, s))).(*MySQL)
	b.Run("source", func(b *testing.B) {
		before := cpuTime()
		for b.Loop() {
			var n counter
			if _, err := m.Dump(b.Context(), DumpRequest{Out: &n, Log: io.Discard, TempDir: b.TempDir()}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(n))
		}
		b.ReportMetric((cpuTime()-before).Seconds()/float64(b.N), "own-cpu-s/op")
	})
	b.Run("tool alone", func(b *testing.B) {
		options, err := m.optionFile(b.TempDir(), true)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			t := mysqlTool{mariadb: true}
			dump := exec.Command(s.DumpTool, t.arguments(options, m.database(), nil, false)...)
			cat := exec.Command("cat")
			cat.Stdin, _ = dump.StdoutPipe()
			null, _ := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			cat.Stdout, dump.Stderr = null, os.Stderr
			if err := cat.Start(); err != nil {
				b.Fatal(err)
			}
			if err := dump.Run(); err != nil {
				b.Fatal(err)
			}
			if err := cat.Wait(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// counter counts what it is given.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// cpuTime is what this process has used of the processors, without its children.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMySQLRestore compares a restore through this package with the stock client
// that reads the same dump.
func BenchmarkMySQLRestore(b *testing.B) {
	s := servers.MariaDB(b)
	_, dump := mustDump(b, opened(b, mysqlKind, mysqlSettings(s, benchmarkDatabase(b, s))))
	b.Run("source", func(b *testing.B) {
		b.SetBytes(int64(len(dump)))
		req := restoreRequest(b, mysqlKind, dump)
		for b.Loop() {
			mustRestore(b, openedTarget(b, mysqlKind, mysqlSettings(s, s.Database(b))), req)
		}
	})
	b.Run("client alone", func(b *testing.B) {
		b.SetBytes(int64(len(dump)))
		for b.Loop() {
			s.Client(b, s.Database(b), bytes.NewReader(dump))
		}
	})
}
