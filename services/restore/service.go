// Package restore brings backups back, and proves that they can be.
//
// A restore reads a copy into a private file, compares it with its digest, unpacks it to
// its end and compares what the dump holds with the manifest. Only then it touches the
// target. A drill does the same with a scratch database for a target, dumps that again
// and compares table by table: only that makes a backup proven.
package restore

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/source"
)

// Options are what a Service is made of.
type Options struct {
	Store   Store
	Copies  Copies
	Catalog Catalog
	Backups Backups
	// Kind finds a kind of source by its provider, as source.Lookup does.
	Kind func(provider string) (source.Kind, error)
	// Dir is the data folder.
	Dir string
	// ScratchFolder is where scratch databases are made; empty chooses a place that a
	// private server can use.
	ScratchFolder string
	// Installation is the id of this installation, which names what it makes elsewhere.
	Installation string
	// RunnerID is this process among others; empty makes one up.
	RunnerID string
	// Restores and Drills bound how many run at once in this process; 0 means 2.
	Restores int
	Drills   int
	// DrillTime is how long a drill may take once it has its turn; 0 means 12 hours.
	DrillTime time.Duration
	// Patience is how long a run goes on whose signs of life are not written down, before
	// others may take it for dead; 0 means 20 seconds.
	Patience time.Duration
	// SettleTime is how long it is tried to write down how a run ended while the
	// metadata database does not take it; 0 means 30 seconds.
	SettleTime time.Duration
	// Space tells how much room the file system of a path has; nil is disk.Of.
	Space func(path string) (disk.Space, error)
	Log   *slog.Logger
	// Now is the time; nil is the machine's clock.
	Now func() time.Time
}

// Service makes restores and drills. It is safe for concurrent use.
type Service struct {
	Options
	// shared is a folder that every account can enter and that outlives a restart of the
	// machine; the place for scratch databases is made in it when the data folder won't do.
	shared string
	// restoring and drilling give turns.
	restoring *turns
	drilling  *turns

	mu sync.Mutex
	// running are the runs of this process, by id, and how each is stopped.
	running map[string]context.CancelCauseFunc
	// uploadKeys open encrypted files that were uploaded here, by their ids.
	uploadKeys map[string]age.Identity
	ending     bool
	active     sync.WaitGroup
	// recovering keeps one recovery from starting beside another.
	recovering sync.Mutex
}

// New returns a Service.
func New(o Options) *Service {
	if o.RunnerID == "" {
		o.RunnerID = models.NewID()
	}
	if o.Space == nil {
		o.Space = disk.Of
	}
	if o.Now == nil {
		o.Now = models.Now
	}
	o.Restores, o.Drills = orDefault(o.Restores, 2), orDefault(o.Drills, 2)
	o.DrillTime, o.SettleTime = orDefault(o.DrillTime, 12*time.Hour), orDefault(o.SettleTime, 30*time.Second)
	o.Patience = orDefault(o.Patience, patience)
	return &Service{Options: o, shared: "/var/tmp", restoring: newTurns(o.Restores), drilling: newTurns(o.Drills),
		running: map[string]context.CancelCauseFunc{}, uploadKeys: map[string]age.Identity{}}
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Drain starts nothing more, and waits for what runs until the context ends.
func (s *Service) Drain(ctx context.Context) {
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.active.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Running returns how many restores and drills this process makes now.
func (s *Service) Running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.running)
}

// Close stops what runs, waits for it to be written down, and starts nothing more.
func (s *Service) Close() error {
	s.mu.Lock()
	s.ending = true
	for _, stop := range s.running {
		stop(errEnding)
	}
	s.mu.Unlock()
	s.active.Wait()
	return nil
}

// begin notes that this process works on a run, until the returned function is called.
func (s *Service) begin(ctx context.Context, id string) (context.Context, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return nil, nil, models.Conflictf("this process is ending and starts nothing more: try again when it runs again")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	s.running[id] = cancel
	s.active.Add(1)
	return ctx, func() { s.forget(id); cancel(nil); s.active.Done() }, nil
}

func (s *Service) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, id)
}

// stop ends a run of this process at once; others see that somebody asked.
func (s *Service) stop(id string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, ok := s.running[id]; ok {
		cancel(why)
	}
}

func (s *Service) runsHere(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.running[id]
	return ok
}

// path is a place in the data folder.
func (s *Service) path(names ...string) string {
	return filepath.Join(append([]string{s.Dir}, names...)...)
}

// lookup finds a kind that can be restored.
func (s *Service) lookup(provider string) (source.Kind, error) {
	kind, err := s.Kind(provider)
	if err != nil {
		return kind, err
	}
	if kind.Read == nil || kind.OpenTarget == nil {
		return kind, models.Conflictf("this version cannot restore %s", kind.Name)
	}
	return kind, nil
}

// openTarget opens a database with the settings of a source, under another name.
func openTarget(kind source.Kind, label string, settings models.Settings, database string) (source.Target, models.Settings, error) {
	changed := models.Settings{}
	for name, value := range settings {
		changed[name] = value
	}
	if database != "" {
		changed[kind.Database] = database
	}
	target, err := kind.OpenTarget(label, changed)
	if err != nil {
		return nil, nil, fmt.Errorf("open %s as a target: %w", label, err)
	}
	return target, changed, nil
}
