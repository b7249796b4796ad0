package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/runs"
)

const (
	// leaseTime is how long a runner that is not heard of keeps its backups.
	leaseTime = 8 * time.Second
	// beatStep is how often a runner renews what it holds.
	beatStep = time.Second
	// runnerTime is how long a runner is remembered that is not heard of.
	runnerTime = 30 * 24 * time.Hour
	// waitStep is how often a waiting caller looks again.
	waitStep = 200 * time.Millisecond
)

// errLeaseLost ends a run whose backup somebody else has taken over or settled.
var errLeaseLost = errors.New("another process has taken this backup over")

// runner is this process in the metadata database. It holds a lock on a file of
// the data folder for as long as it lives, so that processes that share the
// folder know at once, and for sure, whether it is alive.
type runner struct {
	row  models.Runner
	lock *disk.Lock
}

func newRunner(dataDir string, serves bool) (*runner, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("ask for this machine's name: %w", err)
	}
	node, err := nodeOf(dataDir)
	if err != nil {
		return nil, err
	}
	r := &runner{row: models.Runner{ID: models.NewID(), Host: host, PID: os.Getpid(), Node: node, Serves: serves, StartedAt: models.Now()}}
	path := lockPath(dataDir, r.row.ID)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for lock files: %w", err)
	}
	if r.lock, err = disk.Hold(path); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *runner) id() string { return r.row.ID }

func (r *runner) close() error { return r.lock.Release() }

func lockPath(dataDir, id string) string { return filepath.Join(dataDir, "runners", id+".lock") }

// ownerIsGone reports whether the runner that holds a backup will not come back.
func (s *Service) ownerIsGone(b models.HeldBackup) (bool, error) {
	if b.LeaseOwner == s.runner.id() {
		s.claiming.Lock() // what is being claimed is noted as active then
		defer s.claiming.Unlock()
		return !s.isActive(b.ID), nil
	}
	state, err := disk.LookAt(lockPath(s.options.DataDir, b.LeaseOwner))
	if err != nil {
		return false, err
	}
	switch state {
	case disk.HolderAlive:
		return false, nil
	case disk.HolderDead:
		return true, nil
	}
	if b.DumpedAt != nil && s.liesElsewhere(b.Backup) {
		return b.Over >= nodePatience, nil // who starts again there has the spool
	}
	return b.Over >= 0, nil
}

// hold renews the lease of a run until the returned function is called, also while the
// run winds up after its context has ended. The context it returns ends when the lease
// is lost, and when somebody cancels the backup: that one is held until it is settled.
func (s *Service) hold(ctx context.Context, r *run) (context.Context, func()) {
	held, lose := context.WithCancelCause(ctx)
	beating, stop := runs.Every(context.WithoutCancel(ctx), beatStep, func(ctx context.Context) error {
		cancelled, err := s.renew(ctx, r)
		if errors.Is(err, models.ErrConflict) {
			return errLeaseLost
		}
		if err != nil && ctx.Err() == nil {
			// A lease outlives some missed beats; the run itself finds out when
			// the metadata database stays away.
			s.log.Warn("heartbeat failed", "backup_id", r.backup.ID, "error", err)
		}
		if cancelled {
			lose(errCancelled)
		}
		return nil
	})
	context.AfterFunc(beating, func() { lose(context.Cause(beating)) })
	return held, func() { stop(); lose(nil) }
}

// renew is a sign of life of a run, with how far it is. It reports whether somebody wants the
// run to end, also where the log could not be written.
func (s *Service) renew(ctx context.Context, r *run) (cancelAsked bool, err error) {
	cancelAsked, err = s.store.Renew(ctx, r.backup.ID, s.runner.id(), leaseTime, r.progress())
	if err != nil {
		return false, err
	}
	r.saveCopies(ctx)
	return cancelAsked, r.saveLog(ctx)
}
