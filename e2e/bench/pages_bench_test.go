package bench

import (
	"database/sql"
	"fmt"
	"html"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
)

const (
	// A large installation: each of its jobs has made one backup a day, with a copy on each
	// of two drives, so that all have made manyBackups.
	pageSources, pageJobs, pageDrives = 50, 200, 2
	// manyReaders read pages at once, each the next as soon as it has one.
	manyReaders = 20
	// pageReads is how often each of them reads a page that is measured.
	pageReads = 50
	// openPages are left open, on backups that run; each asks for what is new every two
	// seconds for pollTime.
	openPages, runningBackups = 200, 20
	pollTime                  = 30 * time.Second
	idleTime                  = 15 * time.Second
)

// BenchmarkPages reads the pages of a large installation with many readers at once and
// reports how long its server took. The readers' own work is on the same machine.
func BenchmarkPages(b *testing.B) {
	server, who := largeInstallation(b)
	for b.Loop() {
		for name, path := range map[string]string{"landing": "/", "list": "/backups", "jobs": "/jobs", "failed": "/backups?status=failed"} {
			before := processor(b, server.Process.Pid)
			took, size := readMany(b, who, path)
			b.ReportMetric(milliseconds(processor(b, server.Process.Pid)-before)/manyReaders/pageReads, name+"-processor-ms")
			b.ReportMetric(milliseconds(took[len(took)/2]), name+"-p50-ms")
			b.ReportMetric(milliseconds(took[len(took)*99/100]), name+"-p99-ms")
			b.ReportMetric(float64(size)/1000, name+"-kB")
		}
		b.ReportMetric(float64(memory(b, server.Process.Pid, "VmHWM")>>20), "peak-MiB")
		b.ReportMetric(0, "ns/op")
	}
}

// readMany has each reader read a page, and returns what each reading took, sorted, and
// how long the page is as it travels.
func readMany(b *testing.B, who *program.Person, path string) ([]time.Duration, int64) {
	b.Helper()
	var all []time.Duration
	var size int64
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range manyReaders {
		wait.Go(func() {
			for range pageReads {
				start := time.Now()
				n := readPage(b, who, path)
				took := time.Since(start)
				mu.Lock()
				all, size = append(all, took), n
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	slices.Sort(all)
	return all, size
}

// readPage reads a page as a browser does, compressed, and leaves it so.
func readPage(b *testing.B, who *program.Person, path string) int64 {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, who.URL+path, nil)
	if err != nil {
		b.Error(err)
		return 0
	}
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := who.HTTP.Do(r)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		b.Errorf("%s: status %d, %v", path, answer.StatusCode, err)
	}
	return n
}

// BenchmarkOpenPages leaves pages of running backups open, and reports what part of one
// processor their server needs to tell them how far the backups are, beyond what it needs
// when nobody looks.
func BenchmarkOpenPages(b *testing.B) {
	server, who := largeInstallation(b)
	for b.Loop() {
		idle := processor(b, server.Process.Pid)
		time.Sleep(idleTime)
		alone := 100 * (processor(b, server.Process.Pid) - idle).Seconds() / idleTime.Seconds()
		pages := make([]*openPage, openPages)
		for n := range pages {
			path := "/backups/" + pageBackup(manyBackups+1+n%runningBackups)
			if n%4 == 0 {
				path = "/"
			}
			pages[n] = open(b, who, path)
		}
		before := processor(b, server.Process.Pid)
		var wait sync.WaitGroup
		for n, p := range pages {
			wait.Go(func() { p.poll(b, time.Duration(n)*2*time.Second/openPages) })
		}
		wait.Wait()
		used, asked := processor(b, server.Process.Pid)-before, 0
		for _, p := range pages {
			asked += p.asked
		}
		b.ReportMetric(alone, "%-alone")
		b.ReportMetric(100*used.Seconds()/pollTime.Seconds()-alone, "%-of-a-processor")
		b.ReportMetric(float64(asked)/pollTime.Seconds(), "requests/s")
		b.ReportMetric(0, "ns/op")
	}
}

// openPage is a page in a browser: what it asks for every two seconds.
type openPage struct {
	who   *program.Person
	asks  []string
	asked int
}

var polled = regexp.MustCompile(`hx-get="([^"]+)"[^>]*hx-trigger="every 2s`)

func open(b *testing.B, who *program.Person, path string) *openPage {
	b.Helper()
	p := &openPage{who: who, asks: asksOf(who.Get(b, path).Body)}
	if len(p.asks) == 0 {
		b.Fatalf("nothing on %s asks for what is new", path)
	}
	if path == "/" {
		p.asks = p.asks[:1] // somebody who watches one run
	}
	return p
}

func asksOf(page []byte) []string {
	var asks []string
	for _, found := range polled.FindAllSubmatch(page, -1) {
		asks = append(asks, html.UnescapeString(string(found[1])))
	}
	return asks
}

// poll asks for what is new, and goes on with what the answers say to ask next.
func (p *openPage) poll(b *testing.B, after time.Duration) {
	time.Sleep(after)
	for until := time.Now().Add(pollTime - after); time.Now().Before(until); time.Sleep(2 * time.Second) {
		for n, path := range p.asks {
			answer := p.who.Do(b, http.MethodGet, path, http.Header{"Hx-Request": {"true"}}, nil)
			p.asked++
			switch next := asksOf(answer.Body); {
			case answer.Status == http.StatusNoContent || answer.Status == http.StatusNotModified:
			case answer.Status != http.StatusOK:
				b.Errorf("%s: status %d", path, answer.Status)
			case len(next) > 0:
				p.asks[n] = next[0]
			}
		}
	}
}

// largeInstallation serves what many jobs have made over more than a year, to the owner.
func largeInstallation(b *testing.B) (*program.Server, *program.Person) {
	b.Helper()
	dir := b.TempDir()
	data := filepath.Join(dir, "data")
	config := program.WriteConfig(b, dir, "accounts: {enabled: true}\n"+largePlan(dir))
	if r := program.Run(b, "-c", config, "--data", data, "jobs"); r.Code != 0 {
		b.Fatal(r.Err)
	}
	program.Run(b, "-c", config, "--data", data, "doctor") // writes the plan down; that no database is there does not matter
	fillLarge(b, filepath.Join(data, "backupman.db"))
	server := program.Serve(b, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0")
	who := program.Claim(b, server, data)
	who.HTTP.Transport = &http.Transport{MaxIdleConnsPerHost: openPages, DisableCompression: true}
	return server, who
}

func largePlan(dir string) string {
	var plan strings.Builder
	plan.WriteString("data_sources:\n")
	for n := range pageSources {
		fmt.Fprintf(&plan, "  - {provider: sqlite, label: db-%02d, db_path: %q}\n", n, filepath.Join(dir, fmt.Sprintf("db-%02d.db", n)))
	}
	plan.WriteString("drives:\n")
	for n := range pageDrives {
		fmt.Fprintf(&plan, "  - {provider: local, label: drive-%d, folder: %q}\n", n, filepath.Join(dir, fmt.Sprintf("drive-%d", n)))
	}
	plan.WriteString("jobs:\n")
	for n := range pageJobs {
		fmt.Fprintf(&plan, "  - {label: job-%03d, data_source: db-%02d, cron: \"%d 3 * * *\"}\n", n, n%pageSources, n%60)
	}
	return plan.String()
}

// pageBackup is the id of the n-th backup, from 1.
func pageBackup(n int) string { return fmt.Sprintf("0197c9a4-%04x-7000-8000-%012x", n>>16, n) }

// fillLarge makes the past of a large installation: one backup of each job a day, of which
// one in fifty failed and one in seven is proven, and a few that another server is making now.
func fillLarge(b *testing.B, path string) {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	const moment = `strftime('%%Y-%%m-%%d %%H:%%M:%%f000+00:00', %s, 'unixepoch')`
	at := fmt.Sprintf(moment, fmt.Sprintf("%d - ((%d - c.n) / %d) * 86400 - ((%d - c.n) %% %d) * 60", time.Now().Unix(), manyBackups, pageJobs, manyBackups, pageJobs))
	ended := strings.ReplaceAll(at, "* 60,", "* 60 + c.n % 90,")
	later := fmt.Sprintf(moment, fmt.Sprintf("%d", time.Now().Add(time.Hour).Unix()))
	now := fmt.Sprintf(moment, fmt.Sprintf("%d", time.Now().Unix()))
	const id = `printf('0197c9a4-%04x-7000-8000-%012x', c.n >> 16, c.n)`
	const other = "0197c9a4-0000-7000-8000-00000000ffff"
	for _, statement := range []string{
		`CREATE TEMP TABLE numbered AS SELECT id, label, source_id, row_number() OVER (ORDER BY label) - 1 AS n FROM jobs`,
		fmt.Sprintf(`INSERT INTO backups (id, job_id, label, source_id, slot, trigger, attempt, status, phase, compression, file_name, raw_size, size, sha256, lease_owner, error, warnings, created_at, started_at, dumped_at, settled_at, proven_at, proof_level)
			WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d)
			SELECT %s, j.id, j.label, j.source_id, 'slot' || c.n, 'schedule', 1, CASE WHEN c.n %% 51 = 0 THEN 'failed' ELSE 'finished' END, 'verifying', 'zstd',
				j.label || '-' || c.n || '.sqlite.zst', 1000000 + c.n, 100000 + c.n, hex(zeroblob(32)), '', CASE WHEN c.n %% 51 = 0 THEN 'the server does not answer' ELSE '' END, '', %s, %s, %s, %s,
				CASE WHEN c.n %% 7 = 0 AND c.n %% 51 <> 0 THEN %s END, CASE WHEN c.n %% 7 = 0 AND c.n %% 51 <> 0 THEN 'equals' ELSE '' END
			FROM c JOIN numbered j ON j.n = c.n %% %d`, manyBackups, id, at, at, ended, ended, ended, pageJobs),
		`INSERT INTO drive_files (id, backup_id, drive_id, provider, label, "key", path, status, error, size, created_at)
			SELECT substr(b.id, 1, 14) || d.copy || substr(b.id, 16), b.id, d.id, 'local', b.file_name, b.label || '/' || b.file_name, '/nas/' || b.file_name, b.status, '', b.size, b.created_at
			FROM backups b, (SELECT id, row_number() OVER (ORDER BY label) AS copy FROM drives) d`,
		fmt.Sprintf(`INSERT INTO runners (id, host, pid, node, serves, started_at, seen_at) VALUES ('%s', 'elsewhere', 1, '%s', 1, %s, %s)`, other, other, now, later),
		fmt.Sprintf(`INSERT INTO backups (id, job_id, label, source_id, slot, trigger, attempt, status, phase, compression, file_name, raw_size, size, sha256, lease_owner, lease_until, error, warnings, created_at, started_at)
			WITH RECURSIVE c(n) AS (SELECT %d UNION ALL SELECT n + 1 FROM c WHERE n < %d)
			SELECT %s, j.id, j.label, j.source_id, 'slot' || c.n, 'page', 1, 'pending', 'dumping', 'zstd', j.label || '-' || c.n || '.sqlite.zst', 500000, 50000, '', '%s', %s, '', '', %s, %s
			FROM c JOIN numbered j ON j.n = c.n - %d`, manyBackups+1, manyBackups+runningBackups, id, other, later, now, now, manyBackups+1),
		`INSERT INTO drive_files (id, backup_id, drive_id, provider, label, "key", status, error, size, created_at)
			SELECT substr(b.id, 1, 14) || d.copy || substr(b.id, 16), b.id, d.id, 'local', b.file_name, b.label || '/' || b.file_name, 'pending', '', 1000, b.created_at
			FROM backups b, (SELECT id, row_number() OVER (ORDER BY label) AS copy FROM drives) d WHERE b.status = 'pending'`,
		`ANALYZE`,
	} {
		if _, err := db.Exec(statement); err != nil {
			b.Fatalf("%v in %s", err, statement)
		}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
