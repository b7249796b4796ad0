package backup

import (
	"context"
	"errors"
	"time"

	"github.com/backupman/backupman/models"
)

// recoverStep is how often a server looks for what dead runners left.
const recoverStep = 2 * time.Second

// Work takes backups from the queue until the context ends, and then waits for
// those it runs. It also keeps this runner's heartbeat and settles what other
// runners left when they died.
func (s *Service) Work(ctx context.Context) error {
	places := make(chan struct{}, s.options.Concurrency)
	beat, recovery, heal := time.NewTicker(beatStep), time.NewTicker(recoverStep), time.NewTicker(healStep)
	defer heal.Stop()
	defer beat.Stop()
	defer recovery.Stop()
	s.background(ctx, "recover", s.recoverBeside)
	for {
		s.takeQueued(ctx, places)
		select {
		case <-ctx.Done():
			s.running.Wait()
			return nil
		case <-s.nudge:
		case <-beat.C:
			s.beat(ctx)
		case <-recovery.C:
			s.background(ctx, "recover", s.recoverBeside)
		case <-heal.C:
			s.background(ctx, "heal", s.healDue)
		}
	}
}

// recoverBeside carries on with long uploads beside everything else.
func (s *Service) recoverBeside(ctx context.Context) error {
	return s.recover(ctx, func(id string) { s.running.Go(func() { s.resume(ctx, id) }) })
}

// background runs work that must not hold up the queue; one of a kind at a time
// is enough, because each claims what it works on.
func (s *Service) background(ctx context.Context, what string, do func(context.Context) error) {
	s.running.Go(func() {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("background work failed", "work", what, "error", err)
		}
	})
}

func (s *Service) beat(ctx context.Context) {
	row := s.runner.row
	row.SeenAt = models.Now()
	if err := s.store.Beat(ctx, row); err != nil && ctx.Err() == nil {
		s.log.Warn("heartbeat failed", "runner_id", row.ID, "error", err)
	}
}

// takeQueued starts queued backups while there are places.
func (s *Service) takeQueued(ctx context.Context, places chan struct{}) {
	for ctx.Err() == nil {
		select {
		case places <- struct{}{}:
		default:
			return
		}
		if !s.takeOne(ctx, func() { <-places; s.wake() }) {
			<-places
			return
		}
	}
}

// takeOne reports whether it started a backup; done is called when that has settled.
func (s *Service) takeOne(ctx context.Context, done func()) bool {
	b, err := s.store.NextQueued(ctx)
	if err == nil {
		err = s.claim(ctx, b.ID, "")
	}
	switch {
	case err == nil:
	case errors.Is(err, models.ErrNotFound), errors.Is(err, models.ErrConflict), ctx.Err() != nil:
		return false
	default:
		s.log.Error("queue not read", "error", err)
		return false
	}
	s.running.Go(func() {
		defer done()
		if _, err := s.carryOut(ctx, b.ID); err != nil {
			s.log.Error("backup not settled", "backup_id", b.ID, "error", err)
		}
	})
	return true
}
