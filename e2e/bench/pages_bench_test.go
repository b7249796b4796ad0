package bench

import (
	"bytes"
	"compress/gzip"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

const (
	// A large installation: each of its jobs has made one backup a day, with a copy on each
	// of two drives, so that all have made manyBackups.
	pageSources, pageJobs, pageDrives = 50, 200, 2
	// manyReaders read pages at once, each the next as soon as it has one.
	manyReaders = 20
	// pageReads is how often each of them reads a page that is measured.
	pageReads = 50
	// openPages are left open, on backups that run; each asks for what is new as often
	// as it says, for watchTime. The server is watched as long without them: in each, what it does
	// every minute comes once.
	openPages, runningBackups = 200, 20
	watchTime                 = time.Minute
	startTime                 = 15 * time.Second
)

// onEach runs a benchmark with the metadata in each kind of database.
func onEach(b *testing.B, run func(b *testing.B, in *installation)) {
	b.Run("SQLite", func(b *testing.B) { run(b, largeInstallation(b, nil)) })
	b.Run("MariaDB", func(b *testing.B) { run(b, largeInstallation(b, servers.MariaDB(b))) })
}

// BenchmarkPages reads the pages of a large installation with many readers at once and
// reports how long its server took. The readers' own work is on the same machine.
func BenchmarkPages(b *testing.B) {
	onEach(b, func(b *testing.B, in *installation) {
		for b.Loop() {
			for name, path := range map[string]string{"landing": "/", "list": "/backups", "jobs": "/jobs", "failed": "/backups?status=failed", "job-on-drive": in.jobOnDrive} {
				before := processor(b, in.server.Process.Pid)
				took, size := readMany(b, in.who, path)
				b.ReportMetric(milliseconds(processor(b, in.server.Process.Pid)-before)/manyReaders/pageReads, name+"-processor-ms")
				b.ReportMetric(milliseconds(took[len(took)/2]), name+"-p50-ms")
				b.ReportMetric(milliseconds(took[len(took)*99/100]), name+"-p99-ms")
				b.ReportMetric(float64(size)/1000, name+"-kB")
			}
			b.ReportMetric(float64(memory(b, in.server.Process.Pid, "VmHWM")>>20), "peak-MiB")
			b.ReportMetric(0, "ns/op")
		}
	})
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
func BenchmarkOpenPages(b *testing.B) { onEach(b, openPagesOf) }

func openPagesOf(b *testing.B, in *installation) {
	time.Sleep(startTime) // what a start brings with it ends
	for b.Loop() {
		idle := processor(b, in.server.Process.Pid)
		time.Sleep(watchTime)
		alone := 100 * (processor(b, in.server.Process.Pid) - idle).Seconds() / watchTime.Seconds()
		pages := make([]*openPage, openPages)
		for n := range pages {
			path := "/backups/" + pageBackup(manyBackups+1+n%runningBackups)
			if n%4 == 0 {
				path = "/"
			}
			pages[n] = open(b, in.who, path)
		}
		before := processor(b, in.server.Process.Pid)
		var wait sync.WaitGroup
		for n, p := range pages {
			wait.Go(func() { p.poll(b, time.Duration(n)*p.every/openPages) })
		}
		wait.Wait()
		used, asked := processor(b, in.server.Process.Pid)-before, 0
		for _, p := range pages {
			asked += p.asked
		}
		b.ReportMetric(alone, "%-alone")
		b.ReportMetric(100*used.Seconds()/watchTime.Seconds()-alone, "%-of-a-processor")
		b.ReportMetric(float64(asked)/watchTime.Seconds(), "requests/s")
		b.ReportMetric(0, "ns/op")
	}
}

// openPage is a page in a browser: what it asks for, and how often.
type openPage struct {
	who   *program.Person
	asks  []string
	every time.Duration
	asked int
}

var polled = regexp.MustCompile(`hx-get="([^"]+)"[^>]*hx-trigger="every ([^"]+)"`)

func open(b *testing.B, who *program.Person, path string) *openPage {
	b.Helper()
	body := who.Get(b, path).Body
	p := &openPage{who: who, asks: asksOf(body)}
	if len(p.asks) == 0 {
		b.Fatalf("nothing on %s asks for what is new", path)
	}
	var err error
	if p.every, err = time.ParseDuration(string(polled.FindSubmatch(body)[2])); err != nil {
		b.Fatal(err)
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
	for until := time.Now().Add(watchTime - after); time.Now().Before(until); time.Sleep(p.every) {
		p.ask(b)
	}
}

// ask asks once, compressed as for a browser.
func (p *openPage) ask(b *testing.B) {
	for n, path := range p.asks {
		answer := p.who.Do(b, http.MethodGet, path, http.Header{"Hx-Request": {"true"}, "Accept-Encoding": {"gzip"}}, nil)
		p.asked++
		switch next := asksOf(unpacked(b, answer)); {
		case answer.Status == http.StatusNoContent || answer.Status == http.StatusNotModified:
		case answer.Status != http.StatusOK:
			b.Errorf("%s: status %d", path, answer.Status)
		case len(next) > 0:
			p.asks[n] = next[0]
		}
	}
}

// unpacked is what an answer says, compressed or not.
func unpacked(b *testing.B, answer program.Answer) []byte {
	if answer.Header.Get("Content-Encoding") != "gzip" {
		return answer.Body
	}
	packed, err := gzip.NewReader(bytes.NewReader(answer.Body))
	if err != nil {
		b.Error(err)
		return nil
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		b.Error(err)
	}
	return text
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
