package replicas

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // makes the databases that are backed up

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/services/store"
)

// fleet are servers that share one configuration, one metadata database and the
// drives; each has a data folder of its own.
type fleet struct {
	dir    string
	config string
	disk   string
	s3     servers.S3Server
	meta   store.Config
	up     []*program.Server
}

// The jobs of a fleet are due every few seconds, half of them a little later than the
// others, so that their slots come in bursts.
const every = 15 * time.Second

// patience is how long a test waits for what a busy machine does late.
const patience = 3 * time.Minute

var crons = []string{"*/15 * * * * *", "7/15 * * * * *"}

func newFleet(t *testing.T, jobs int) *fleet {
	t.Helper()
	maria := servers.MariaDB(t)
	f := &fleet{dir: t.TempDir(), s3: servers.S3(t), up: make([]*program.Server, 3)}
	f.disk = filepath.Join(f.dir, "disk")
	f.meta = store.Config{Provider: store.ProviderMySQL, Host: maria.Host, Port: maria.Port, DBName: maria.Database(t), User: maria.User, Password: maria.Password}
	f.configure(t, jobs, true)
	return f
}

// configure writes the configuration, whose jobs have a schedule or none.
func (f *fleet) configure(t *testing.T, jobs int, scheduled bool) {
	t.Helper()
	var sources, plan strings.Builder
	for n := range jobs {
		path := filepath.Join(f.dir, fmt.Sprintf("db%d.sqlite", n))
		makeDatabase(t, path, 1+n%4)
		fmt.Fprintf(&sources, "  - {provider: sqlite, label: db%d, db_path: %q}\n", n, path)
		fmt.Fprintf(&plan, "  - {label: job%d, data_source: db%d, compression: none", n, n)
		if scheduled {
			fmt.Fprintf(&plan, ", cron: %q", crons[n%len(crons)])
		}
		fmt.Fprint(&plan, "}\n")
	}
	f.config = program.WriteConfig(t, f.dir, fmt.Sprintf(`database: {provider: mysql, host: %q, port: %d, db_name: %q, user: %q, password: %q}
secrets: {key: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
data_sources:
%sdrives:
  - {provider: local, label: disk, folder: %q}
  - {provider: s3, label: s3, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true}
jobs:
%s`, f.meta.Host, f.meta.Port, f.meta.DBName, f.meta.User, f.meta.Password, sources.String(), f.disk,
		f.s3.Bucket, f.s3.Region, f.s3.URL, f.s3.AccessKey, f.s3.SecretKey, plan.String()))
}

// makeDatabase makes an SQLite database of so many MiB, unless it is there.
func makeDatabase(t *testing.T, path string, size int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "CREATE TABLE IF NOT EXISTS photos (id INTEGER PRIMARY KEY, image BLOB NOT NULL)")
	must(t, err)
	for n := range size {
		_, err = db.ExecContext(t.Context(), "INSERT OR IGNORE INTO photos (id, image) VALUES (?, randomblob(1000000))", n)
		must(t, err)
	}
}

func (f *fleet) start(t *testing.T, n int) {
	t.Helper()
	f.up[n] = program.Serve(t, "-c", f.config, "--data", filepath.Join(f.dir, fmt.Sprintf("data%d", n)), "serve", "--listen", "127.0.0.1:0")
}

// disturb kills one server, which comes back a little later, and stops another for a
// while, as a machine that sleeps or swaps would; the third is left alone.
func (f *fleet) disturb(t *testing.T) {
	t.Helper()
	order := rand.Perm(len(f.up))
	killed, stopped := order[0], order[1]
	must(t, f.up[stopped].Process.Signal(syscall.SIGSTOP))
	f.up[killed].Kill()
	away, asleep := rand.N(3*time.Second), rand.N(12*time.Second)
	t.Logf("server %d is killed and away for %s, server %d sleeps for %s", killed, away.Round(time.Millisecond), stopped, asleep.Round(time.Millisecond))
	time.Sleep(min(away, asleep))
	if away < asleep {
		f.start(t, killed)
		time.Sleep(asleep - away)
	}
	must(t, f.up[stopped].Process.Signal(syscall.SIGCONT))
	if away >= asleep {
		time.Sleep(away - asleep)
		f.start(t, killed)
	}
}

func (f *fleet) stop(t *testing.T) {
	t.Helper()
	for _, s := range f.up {
		s.Stop(t)
	}
}

// settle runs the servers without any schedule until nothing is pending, and no copy is
// about to be made again.
func (f *fleet) settle(t *testing.T, jobs int, meta *store.Store) {
	t.Helper()
	f.configure(t, jobs, false)
	for n := range f.up {
		f.start(t, n)
	}
	program.Eventually(t, patience, func(ctx context.Context) error { return nothingPending(ctx, meta) })
	f.stop(t)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
