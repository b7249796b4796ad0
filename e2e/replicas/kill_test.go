package replicas

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/store"
)

// killPoints is how often a server is killed; BACKUPMAN_KILL_POINTS asks for more.
const killPoints = 16

// settleWithin is how soon after a start everything that a killed server left is settled,
// also on a busy machine: by the start itself, and not by the look that comes a minute later.
const settleWithin = 45 * time.Second

// sweptWithin is how soon what a drive took in after a sweep is gone: what was under way is
// swept once more, half a minute later.
const sweptWithin = 2 * time.Minute

// victim is a server that is killed again and again while it backs a MariaDB database
// up, onto a folder and into a bucket, and drills each backup on a private server.
type victim struct {
	fleet
	maria    *servers.MySQL
	database string
	// checksum is what MariaDB says of the table's content.
	checksum string
	scratch  string
	// restored are the backups that were restored already, read the copies that were read
	// back, both by id.
	restored, read map[string]bool
	// slowest is the longest that settling took.
	slowest time.Duration
}

// TestKilledAtAnyPoint kills a server with SIGKILL at random moments of its runs. Soon after
// the next start every record has settled; every finished copy reads back identical and
// restores; no file, object, upload, database or process is left over.
func TestKilledAtAnyPoint(t *testing.T) {
	t.Parallel()
	points := killPoints
	if text := os.Getenv("BACKUPMAN_KILL_POINTS"); text != "" {
		var err error
		points, err = strconv.Atoi(text)
		must(t, err)
	}
	v := newVictim(t)
	server := v.serve(t)
	made, whole := v.takes(t, server)
	tally := map[string]int{}
	for n := range points {
		id := v.ask(t, server)
		// Half of them while the backup is made, which is shorter than its drill. The first is
		// killed while it dumps and the second at its end, however busy the machine is by now.
		at := rand.N([]time.Duration{made, whole}[n%2])
		switch n {
		case 0:
			at = 0
			v.dumps(t, id)
		case 1:
			v.settled(t, time.Now(), patience)
		}
		time.Sleep(at)
		server.Kill()
		if rand.N(4) == 0 { // and once more while the next start settles it
			server = v.serve(t)
			time.Sleep(rand.N(time.Second))
			server.Kill()
		}
		start := time.Now()
		server = v.serve(t)
		if !t.Run(fmt.Sprintf("%d after %s", n, at.Round(time.Millisecond)), func(t *testing.T) {
			v.slowest = max(v.slowest, v.settled(t, start, settleWithin))
			v.inOrder(t)
			tally[v.outcome(t, id)]++
		}) {
			t.Logf("the server said: %s", server.Log())
		}
	}
	t.Logf("of %d killed runs: %v; everything had settled %s after the next start at the latest", points, tally, v.slowest.Round(time.Millisecond))
	clear(v.read) // nothing that was finished is lost later
	v.inOrder(t)
	if len(tally) < 2 {
		t.Errorf("all killed runs ended alike, so they were not killed at different points: %v", tally)
	}
}

// dumps waits until a backup is being dumped.
func (v *victim) dumps(t *testing.T, id string) {
	t.Helper()
	meta := v.open(t)
	defer meta.Close()
	for phase := models.PhaseQueued; phase == models.PhaseQueued; {
		b, err := meta.Backup(t.Context(), id)
		must(t, err)
		phase = b.Phase
	}
}

// takes tells how long a backup takes, and how long with its drill.
func (v *victim) takes(t *testing.T, server *program.Server) (made, whole time.Duration) {
	t.Helper()
	meta := v.open(t)
	defer meta.Close()
	began := time.Now()
	v.ask(t, server)
	program.Eventually(t, patience, func(ctx context.Context) error { return nothingPending(ctx, meta) })
	made = time.Since(began)
	v.settled(t, began, patience)
	whole = time.Since(began)
	t.Logf("a backup takes %s, with its drill %s", made.Round(time.Millisecond), whole.Round(time.Millisecond))
	return made, whole
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	maria := servers.MariaDB(t)
	v := &victim{maria: maria, database: maria.Database(t), restored: map[string]bool{}, read: map[string]bool{}}
	v.dir, v.s3 = t.TempDir(), servers.S3(t)
	v.disk, v.scratch = filepath.Join(v.dir, "disk"), scratchFolder(t)
	v.meta = store.Config{Path: filepath.Join(v.dir, "data", "backupman.db")}
	// More than one part of an upload, of noise.
	maria.Exec(t, v.database, "CREATE TABLE photos (id INT PRIMARY KEY, image MEDIUMBLOB NOT NULL)",
		"INSERT INTO photos SELECT seq, RANDOM_BYTES(1024) FROM seq_1_to_18000")
	v.checksum = v.sum(t, v.database)
	v.config = program.WriteConfig(t, v.dir, fmt.Sprintf(`scratch_folder: %q
data_sources:
  - {provider: mysql, label: shop, host: %q, port: %d, db_name: %q, user: %q, password: %q}
drives:
  - {provider: local, label: disk, folder: %q}
  - {provider: s3, label: s3, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true}
jobs:
  - {label: shop, data_source: shop, drill: {after_backup: true}}
`, v.scratch, maria.Host, maria.Port, v.database, maria.User, maria.Password, v.disk,
		v.s3.Bucket, v.s3.Region, v.s3.URL, v.s3.AccessKey, v.s3.SecretKey))
	return v
}

// scratchFolder is one that the account of a private server can reach.
func scratchFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "backupman-victim-")
	must(t, err)
	must(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (v *victim) sum(t *testing.T, database string) string {
	t.Helper()
	out := v.maria.Client(t, database, strings.NewReader("SELECT COUNT(*), SHA2(GROUP_CONCAT(SHA2(image, 256) ORDER BY id), 256) FROM photos"),
		"--skip-column-names", "--init-command=SET SESSION group_concat_max_len=100000000")
	return strings.TrimSpace(out)
}

func (v *victim) serve(t *testing.T) *program.Server {
	t.Helper()
	return program.Serve(t, "-c", v.config, "--data", filepath.Join(v.dir, "data"), "serve", "--listen", "127.0.0.1:0")
}

// ask asks the server for a backup and returns its id.
func (v *victim) ask(t *testing.T, server *program.Server) string {
	t.Helper()
	answer, err := http.Post(server.URL+"/api/backups", "application/json", strings.NewReader(`{"Job": "shop"}`))
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	var queued struct {
		Results []struct {
			ID string `json:"Id"`
		}
	}
	if err := json.Unmarshal(body, &queued); err != nil || answer.StatusCode != http.StatusAccepted || len(queued.Results) != 1 {
		t.Fatalf("asked for a backup: %d %s (%v)", answer.StatusCode, body, err)
	}
	return queued.Results[0].ID
}

// settled waits until nothing is pending, and no drill runs that began before the
// server was started, and returns how long after the start that was; then for the drills
// that began since.
func (v *victim) settled(t *testing.T, start time.Time, within time.Duration) time.Duration {
	t.Helper()
	meta := v.open(t)
	defer meta.Close()
	program.Eventually(t, within, func(ctx context.Context) error {
		return errors.Join(nothingPending(ctx, meta), drillsEnded(ctx, meta, start))
	})
	took := time.Since(start)
	program.Eventually(t, patience, func(ctx context.Context) error { return drillsEnded(ctx, meta, time.Now()) })
	return took
}

func drillsEnded(ctx context.Context, meta *store.Store, before time.Time) error {
	running, err := meta.RunningDrills(ctx)
	for _, d := range running {
		if d.CreatedAt.Before(before) {
			return fmt.Errorf("the drill %s still runs", d.ID)
		}
	}
	return err
}

func (v *victim) open(t *testing.T) *store.Store {
	t.Helper()
	meta, err := store.Open(t.Context(), v.meta, slog.New(slog.DiscardHandler))
	must(t, err)
	return meta
}

func (v *victim) outcome(t *testing.T, id string) string {
	t.Helper()
	meta := v.open(t)
	defer meta.Close()
	b, err := meta.Backup(t.Context(), id)
	must(t, err)
	if b.Status == models.StatusFailed {
		return "killed while " + string(b.Phase)
	}
	return fmt.Sprintf("%s, proof %q", b.Status, b.ProofLevel)
}

// inOrder looks at everything that runs leave behind.
func (v *victim) inOrder(t *testing.T) {
	t.Helper()
	meta := v.open(t)
	defer meta.Close()
	all := eachBackup(t, meta)
	v.copiesWhole(t, all, v.read)
	for _, b := range all {
		if b.Status == models.StatusFinished && !v.restored[b.ID] {
			v.restored[b.ID] = true
			v.restores(t, b)
		}
	}
	spools, err := os.ReadDir(filepath.Join(v.dir, "data", "spool"))
	must(t, err)
	for _, s := range spools {
		t.Errorf("left in the spool: %s", s.Name())
	}
	program.Eventually(t, patience, func(context.Context) error { return v.nothingPrivate() })
}

// restores brings a copy back with the tools that a person has, from one drive or the other.
func (v *victim) restores(t *testing.T, b models.Backup) {
	t.Helper()
	c := b.DriveFiles[rand.IntN(len(b.DriveFiles))]
	var from io.ReadCloser
	var err error
	if c.Provider == "local" {
		from, err = os.Open(filepath.Join(v.disk, filepath.FromSlash(c.Key)))
	} else {
		from, err = v.s3.Client(t).GetObject(t.Context(), v.s3.Bucket, c.Key, minio.GetObjectOptions{})
	}
	must(t, err)
	defer from.Close()
	plain, err := zstd.NewReader(from)
	must(t, err)
	defer plain.Close()
	name := v.maria.Database(t)
	v.maria.Client(t, name, plain)
	if got := v.sum(t, name); got != v.checksum {
		t.Errorf("%s restored from %s holds %s, want %s", b.ID, c.Provider, got, v.checksum)
	}
}

// nothingPrivate returns what is left of the private servers of drills.
func (v *victim) nothingPrivate() error {
	for _, folder := range []string{v.scratch, filepath.Join(v.dir, "data", "scratch"), filepath.Join(v.dir, "data", "restoring")} {
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			return fmt.Errorf("left in %s: %v", folder, left)
		}
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cwd")
	for _, p := range processes {
		if where, err := os.Readlink(p); err == nil && strings.HasPrefix(where, v.scratch) {
			return fmt.Errorf("process %s still works in %s", p, where)
		}
	}
	return err
}
