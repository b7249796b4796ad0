package backup_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// crowd counts what is dumped at once, by all servers together.
type crowd struct {
	*world
	limits models.Limits
	hosts  map[string]string // by id of the source

	mu         sync.Mutex
	all, most  int
	on, mostOn map[string]int
	full       chan struct{} // closed when as much is dumped as may be
}

func (c *crowd) OpenSource(_ context.Context, id string) (source.Source, source.Kind, models.Source, error) {
	host := c.hosts[id]
	_, kind, row, err := c.world.OpenSource(c.t.Context(), id)
	row.Settings = map[string]string{"host": host}
	s := &fakeSource{content: []byte("the dump of a database"), during: func(ctx context.Context) error { return c.dump(ctx, host) }}
	return s, kind, row, err
}

// dump goes on once as much was dumped at once as may be, so that nobody waits in vain
// for a place that is free.
func (c *crowd) dump(ctx context.Context, host string) error {
	c.enter(host)
	defer c.leave(host)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.full:
	}
	time.Sleep(100 * time.Millisecond) // time to pass a limit
	return nil
}

func (c *crowd) enter(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all++
	c.on[host]++
	c.most, c.mostOn[host] = max(c.most, c.all), max(c.mostOn[host], c.on[host])
	if c.all == c.limits.Overall {
		select {
		case <-c.full:
		default:
			close(c.full)
		}
	}
}

func (c *crowd) leave(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	c.on[host]--
}

// onMariaDB moves the world to a store that servers of several machines share, with a
// job for each of the hosts.
func (c *crowd) onMariaDB(hosts ...string) (jobs []models.Job) {
	c.t.Helper()
	maria := servers.MariaDB(c.t)
	s, err := store.Open(c.t.Context(), store.Config{Provider: store.ProviderMySQL, Host: maria.Host, Port: maria.Port,
		DBName: maria.Database(c.t), User: maria.User, Password: maria.Password}, quiet())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = s.Close() })
	c.store = s
	plan := models.Plan{Drives: []models.Drive{{Label: "nas", Provider: "local"}}}
	for n := range hosts {
		label := fmt.Sprintf("db%d", n)
		plan.Sources = append(plan.Sources, models.Source{Label: label, Provider: "fake"})
		plan.Jobs = append(plan.Jobs, models.PlannedJob{Job: models.Job{Label: label, Compression: models.CompressionZstd}, Source: label, Drives: []string{"nas"}})
	}
	if err := s.ApplyPlan(c.t.Context(), plan); err != nil {
		c.t.Fatal(err)
	}
	for n, host := range hosts {
		job, err := s.JobByLabel(c.t.Context(), fmt.Sprintf("db%d", n))
		if err != nil {
			c.t.Fatal(err)
		}
		c.hosts[job.SourceID] = host
		jobs = append(jobs, job)
	}
	return jobs
}

func (c *crowd) work(dir string) *backup.Service {
	c.t.Helper()
	s, err := backup.New(c.t.Context(), backup.Options{Store: c.store, Catalog: c, Log: quiet(), Serves: true, Concurrency: 2, Limits: c.limits,
		DataDir: filepath.Join(c.dir, dir)})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(c.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Work(ctx, ctx) }()
	c.t.Cleanup(func() {
		stop()
		<-ended
		if err := s.Close(); err != nil {
			c.t.Error(err)
		}
	})
	return s
}

// Two servers with a place for two dumps each make three at once, and two on one host.
func TestServersKeepLimitsTogether(t *testing.T) {
	c := &crowd{world: newWorld(t, "nas"), limits: models.Limits{Overall: 3, PerHost: 2}, hosts: map[string]string{},
		on: map[string]int{}, mostOn: map[string]int{}, full: make(chan struct{})}
	jobs := c.onMariaDB("a", "a", "a", "a", "b", "b", "b", "")
	first := c.work("first")
	c.work("second")
	var ids []string
	for _, job := range jobs {
		b, err := first.Start(t.Context(), job.ID, models.TriggerAPI)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, b.ID)
	}
	c.until("all are finished", func() bool {
		for _, id := range ids {
			if b := c.now(id); b.Status == models.StatusFailed {
				t.Fatal(b.Error)
			} else if b.Status != models.StatusFinished {
				return false
			}
		}
		return true
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most != 3 || c.mostOn["a"] > 2 || c.mostOn["b"] > 2 {
		t.Errorf("%d were dumped at once, on hosts %v", c.most, c.mostOn)
	}
}
