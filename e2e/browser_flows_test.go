package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/services/sample"
)

// oldRuns is how many failed runs the installation of the flows has behind it: more than one
// part of the list shows.
const oldRuns = 30

// screens are those that every flow is gone through on.
var screens = []screen{{"light", 1440}, {"dark", 375}}

type screen struct {
	scheme string
	width  int64
}

func (s screen) String() string { return fmt.Sprintf("%s-%d", s.scheme, s.width) }

// flowSite is an installation with a MariaDB database whose dump tool does as a test says,
// two drives of which one can be taken away, a database that nothing backs up, and a past.
type flowSite struct {
	*program.Server
	owner *program.Person
	maria *servers.MySQL
	// dir is a folder for what is made, database that of the source "shop".
	dir, database string
}

// flow is somebody in a browser with one screen who does one thing after the other.
type flow struct {
	*browser
	flowSite
	screen screen
}

// TestBrowserFlows goes through what people do with pages, each in a wide window in light and
// on a telephone in the dark.
func TestBrowserFlows(t *testing.T) {
	site := serveFlows(t)
	b := newBrowser(t)
	hand(b, site.owner)
	b.stayAt(site.URL)
	for _, s := range screens {
		for _, c := range []struct {
			name string
			goes func(*flow)
		}{
			{"jobs", (*flow).jobs},
			{"sources and drives", (*flow).sourcesAndDrives},
			{"notifiers", (*flow).notifiers},
			{"calendar", (*flow).calendar},
			{"filters", (*flow).filters},
			{"several backups", (*flow).several},
			{"a live run", (*flow).liveRun},
			{"landing", (*flow).landing},
			{"restores and drills", (*flow).drills},
		} {
			t.Run(s.String()+"/"+c.name, func(t *testing.T) {
				b.t = t
				b.see(s.scheme, s.width)
				c.goes(&flow{browser: b, flowSite: site, screen: s})
				b.noFaults()
			})
			b.forget()
		}
	}
}

// visit opens a page of the server.
func (f *flow) visit(path string) { f.t.Helper(); f.open(f.URL + path) }

// shot leaves a picture of the page that is open.
func (f *flow) shot(page string) { f.t.Helper(); f.keep("flow-" + page + "-" + f.screen.String()) }

// made is a name that no other screen gives to anything.
func (f *flow) made() string { return "made-" + f.screen.String() }

// follow opens what a link with such words leads to.
func (f *flow) follow(words string) {
	f.t.Helper()
	href := evaluate[string](f.browser, fmt.Sprintf(`[...document.querySelectorAll('main a')].find(a => a.textContent.trim() === %q)?.getAttribute('href') ?? ''`, words))
	if href == "" {
		f.t.Fatalf("no link %q on the page:\n%s", words, f.text("main"))
	}
	f.visit(href)
}

// holds fails where a field holds another value.
func (f *flow) holds(selector, want string) {
	f.t.Helper()
	f.wait(selector)
	f.until(selector+" holds "+want, fmt.Sprintf(`document.querySelector(%s).value === %s`, quoted(selector), quoted(want)))
}

// typed types into a field instead of what it holds, and leaves it.
func (f *flow) typed(field, text string) {
	f.t.Helper()
	f.write(`[name="`+field+`"]`, text)
	f.press("\t")
}

func serveFlows(t *testing.T) flowSite {
	t.Helper()
	s := flowSite{maria: servers.MariaDB(t), dir: t.TempDir()}
	s.database = s.maria.Database(t)
	s.maria.Exec(t, s.database, "CREATE TABLE words (id INT PRIMARY KEY AUTO_INCREMENT, word TEXT)",
		"INSERT INTO words (word) SELECT SHA2(seq, 512) FROM seq_1_to_2000", "CREATE TABLE others (id INT)")
	for _, name := range []string{"blog.db", "orphan.db"} {
		if err := sample.Shop(t.Context(), filepath.Join(s.dir, name), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	whole := recordDump(t, s.maria, s.database)
	half := fileSize(t, whole) / 2
	tool := wrapper(t, s.maria, fmt.Sprintf(`cd '%s'
if [ -e fail ]; then echo 'lost the server' >&2; exit 3; fi
head -c %d '%s'
if [ -e hold ]; then echo 'the words are being read' >&2; fi
while [ -e hold ]; do sleep 0.1; done
tail -c +%d '%s'`, s.dir, half, whole, half+1, whole))
	mount(t, filepath.Join(s.dir, "usb"))
	config := program.WriteConfig(t, s.dir, fmt.Sprintf(`accounts: {enabled: true}
data_sources:
  - %s
  - {provider: sqlite, label: blog, db_path: %q}
  - {provider: sqlite, label: orphan, db_path: %q}
drives:
  - {provider: local, label: nas, folder: %q}
  - {provider: local, label: usb, folder: %q, create: false}
jobs:
  - {label: shop-live, data_source: shop, drives: [nas]}
  - {label: blog-nightly, data_source: blog, drives: [nas], cron: "0 3 * * *", timezone: %s}
  - {label: blog-twice, data_source: blog, drives: [nas, usb]}
`, mariadbSource(s.maria, s.database, tool), filepath.Join(s.dir, "blog.db"), filepath.Join(s.dir, "orphan.db"), filepath.Join(s.dir, "nas"), filepath.Join(s.dir, "usb"), zone))
	data := filepath.Join(s.dir, "data")
	s.raise(t, "fail")
	for _, job := range []string{"shop-live", "blog-nightly"} {
		if r := program.Run(t, "-c", config, "--data", data, "run", job, "--wait"); (r.Code == 0) != (job == "blog-nightly") {
			t.Fatalf("%s ended with %d: %s%s", job, r.Code, r.Out, r.Err)
		}
	}
	s.lower(t, "fail")
	age(t, filepath.Join(data, "backupman.db"))
	s.Server = program.Serve(t, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0")
	s.owner = program.Claim(t, s.Server, data)
	return s
}

// raise tells the dump tool of "shop" to "fail", or to "hold" in the middle.
func (s flowSite) raise(t *testing.T, flag string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, flag), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s flowSite) lower(t *testing.T, flag string) {
	t.Helper()
	if err := os.Remove(filepath.Join(s.dir, flag)); err != nil {
		t.Fatal(err)
	}
}

// age gives the only failed run of a catalogue predecessors, an hour apart.
func age(t *testing.T, catalogue string) {
	t.Helper()
	db := openSQLite(t, catalogue)
	var columns string
	if err := db.QueryRowContext(t.Context(), "SELECT group_concat(name) FROM pragma_table_info('backups') WHERE name NOT IN ('id', 'slot', 'created_at')").Scan(&columns); err != nil {
		t.Fatal(err)
	}
	for n := range oldRuns {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO backups (id, slot, created_at, "+columns+") SELECT ?, ?, strftime('%Y-%m-%d %H:%M:%f+00:00', created_at, ?), "+columns+
			" FROM backups WHERE status = 'failed' ORDER BY created_at LIMIT 1", fmt.Sprintf("00000000-0000-4000-8000-%012d", n), fmt.Sprintf("old %d", n), "-1 hour"); err != nil {
			t.Fatal(err)
		}
	}
}
