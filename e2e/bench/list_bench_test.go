package bench

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver that database/sql calls "sqlite"

	"github.com/backupman/backupman/e2e/program"
)

// manyBackups is how many backups the list holds, each with two drive files.
const manyBackups = 100_000

// BenchmarkListOf100000 asks a running server for the whole list and reports how
// long it takes and by how much the server's memory grows at its peak.
func BenchmarkListOf100000(b *testing.B) {
	dir := b.TempDir()
	config := program.WriteConfig(b, dir, fmt.Sprintf("data_sources: [{provider: sqlite, label: shop, db_path: %q}]\ndrives: [{provider: local, label: here, folder: %q}]\n",
		filepath.Join(dir, "shop.db"), filepath.Join(dir, "copies")))
	data := filepath.Join(dir, "data")
	program.Run(b, "-c", config, "--data", data, "doctor") // writes the plan down; that shop.db is missing does not matter
	fillBackups(b, filepath.Join(data, "backupman.db"))
	server := program.Serve(b, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0")
	before := memory(b, server.Process.Pid, "VmRSS")
	for b.Loop() {
		start := time.Now()
		n := readAll(b, server.URL+"/api/backups")
		took := time.Since(start)
		growth := memory(b, server.Process.Pid, "VmHWM") - before
		b.ReportMetric(took.Seconds(), "list-s")
		b.ReportMetric(float64(n>>20), "list-MiB")
		b.ReportMetric(float64(growth>>20), "growth-MiB")
		b.ReportMetric(0, "ns/op")
	}
}

func readAll(b *testing.B, url string) int64 {
	b.Helper()
	res, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("status %d, %v", res.StatusCode, err)
	}
	return n
}

func fillBackups(b *testing.B, path string) {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const at = `strftime('%Y-%m-%d %H:%M:%f000+00:00', 1700000000 + n, 'unixepoch')`
	const id = `printf('0197c9a4-%04x-7000-8000-%012x', n >> 16, n)`
	for _, statement := range []string{
		`INSERT INTO backups (id, job_id, label, source_id, slot, trigger, attempt, status, phase, compression, file_name, raw_size, size, sha256, lease_owner, error, warnings, created_at)
			WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ` + strconv.Itoa(manyBackups) + `)
			SELECT ` + id + `, (SELECT id FROM jobs), 'shop', (SELECT id FROM sources), 'slot' || n, 'schedule', 1, 'finished', 'verifying', 'zstd',
				'shop-' || n || '.sqlite.zst', 1000, 100, hex(zeroblob(32)), '', '', '', ` + at + ` FROM c`,
		`INSERT INTO drive_files (id, backup_id, drive_id, provider, label, "key", path, status, error, size, created_at)
			SELECT substr(b.id, 1, 14) || copy || substr(b.id, 16), b.id, (SELECT id FROM drives), 'local', b.file_name, 'shop/' || b.file_name, '/nas/shop/' || b.file_name, 'finished', '', 100, b.created_at
			FROM backups b, (SELECT '1' AS copy UNION ALL SELECT '2')`,
	} {
		if _, err := db.Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
}

// memory reads a figure of a process in bytes: VmRSS is what it holds now, VmHWM
// the most it has held.
func memory(b *testing.B, pid int, name string) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib << 10
		}
	}
	b.Fatalf("no %s in the status of process %d", name, pid)
	return 0
}
