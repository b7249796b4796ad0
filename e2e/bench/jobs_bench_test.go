package bench

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

const (
	// manyJobs is how many jobs the server has, each with a database of its own, and
	// slowJobs how many of them back up to a drive that takes minutes.
	manyJobs = 1000
	slowJobs = 50
	// roundMinutes is how often each job is due, so that several are due every second.
	roundMinutes = 4
	// slowBytes is the length of the databases of slow jobs. slowPace is what their drive
	// takes in bytes a second, for all together: all of them stay under way until the end.
	slowBytes = 8 << 20
	slowPace  = 1 << 20
	// crowdTime is how long the server is watched.
	crowdTime = 5 * time.Minute
)

// BenchmarkThousandJobs runs a server with 1,000 jobs, of which four are due every
// second, while 50 backups wait for a slow drive. It reports the peak memory of the server, how
// long after its slot a backup was started, and how much of a processor it took.
func BenchmarkThousandJobs(b *testing.B) {
	for b.Loop() {
		thousandJobs(b)
	}
}

func thousandJobs(b *testing.B) {
	dir := b.TempDir()
	config, data := crowd(b, dir), filepath.Join(dir, "data")
	server := program.Serve(b, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0")
	most := 0
	for until := time.Now().Add(crowdTime); time.Now().Before(until); time.Sleep(5 * time.Second) {
		most = max(most, underWay(b, filepath.Join(data, "backupman.db")))
	}
	peak, used := memory(b, server.Process.Pid, "VmHWM"), processor(b, server.Process.Pid)
	server.Kill() // what is under way would go on for minutes
	late, failed := lateness(b, filepath.Join(data, "backupman.db"))
	if len(late) == 0 {
		b.Fatalf("nothing was started: %s", server.Log())
	}
	b.ReportMetric(float64(peak>>20), "peak-MiB")
	b.ReportMetric(late[len(late)-1].Seconds(), "latest-s")
	b.ReportMetric(late[len(late)*99/100].Seconds(), "late-p99-s")
	b.ReportMetric(late[len(late)/2].Seconds(), "late-p50-s")
	b.ReportMetric(float64(len(late)), "started")
	b.ReportMetric(float64(failed), "failed")
	b.ReportMetric(float64(most), "under-way")
	b.ReportMetric(used.Seconds()/crowdTime.Seconds(), "processors")
	b.ReportMetric(0, "ns/op")
}

// crowd writes the configuration of all jobs and makes their databases.
func crowd(b *testing.B, dir string) string {
	b.Helper()
	small, large := noiseDatabase(b, filepath.Join(dir, "small.db"), 32<<10), noiseDatabase(b, filepath.Join(dir, "large.db"), slowBytes)
	s3 := servers.S3(b)
	var sources, jobs strings.Builder
	for n := range manyJobs {
		label, content, drive := fmt.Sprintf("job-%04d", n), small, "here"
		if n < slowJobs {
			content, drive = large, "slow"
		}
		path := filepath.Join(dir, label+".db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(&sources, "  - {provider: sqlite, label: %s, db_path: %q}\n", label, path)
		fmt.Fprintf(&jobs, "  - {label: %s, data_source: %s, drives: [%s], cron: \"%d %d-59/%d * * * *\"}\n", label, label, drive, n%60, n/60%roundMinutes, roundMinutes)
	}
	return program.WriteConfig(b, dir, fmt.Sprintf(`limits: {concurrent: 50}
data_sources:
%sdrives:
  - {provider: local, label: here, folder: %q}
  - {provider: s3, label: slow, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true, rate_limit: "%d B/s"}
jobs:
%s`, sources.String(), filepath.Join(dir, "copies"), s3.Bucket, s3.Region, s3.URL, s3.AccessKey, s3.SecretKey, slowPace, jobs.String()))
}

// noiseDatabase makes an SQLite database that cannot be compressed, and returns its content.
func noiseDatabase(b *testing.B, path string, size int) []byte {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"CREATE TABLE photos (id INTEGER PRIMARY KEY, image BLOB NOT NULL)", "INSERT INTO photos (image) VALUES (randomblob(" + strconv.Itoa(size) + "))"} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return content
}

// underWay counts the backups that the server works on now; those that wait in the queue
// are not among them.
func underWay(b *testing.B, path string) (held int) {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(b.Context(), "SELECT COUNT(*) FROM backups WHERE status = 'pending' AND lease_owner <> ''").Scan(&held); err != nil {
		b.Fatal(err)
	}
	return held
}

// processor returns the processor time that a running process has had.
func processor(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	hertz, err := exec.Command("getconf", "CLK_TCK").Output()
	if err != nil {
		b.Fatal(err)
	}
	ticks, err := strconv.Atoi(strings.TrimSpace(string(hertz)))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // from the third field on
	var sum int
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / time.Duration(ticks)
}

// lateness returns how long after its slot each backup was begun, in order, and how many
// failed.
func lateness(b *testing.B, path string) (late []time.Duration, failed int) {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(b.Context(), `SELECT slot, created_at, status FROM backups WHERE "trigger" = 'schedule'`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var slot, status string
		var created time.Time
		if err := rows.Scan(&slot, &created, &status); err != nil {
			b.Fatal(err)
		}
		due, err := time.Parse(time.RFC3339, slot)
		if err != nil {
			b.Fatal(err)
		}
		late = append(late, created.Sub(due))
		if status == "failed" {
			failed++
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(late)
	return late, failed
}
