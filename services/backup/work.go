package backup

import (
	"context"
	"errors"
	"sync"
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
func (s *Service) takeQueued(ctx context.Context, dumping chan struct{}) {
	s.takeWhile(ctx, dumping, s.store.NextToDump)
	s.takeWhile(ctx, s.copying, s.store.NextToCopy)
}

func (s *Service) takeWhile(ctx context.Context, places chan struct{}, next func(context.Context) (models.Backup, error)) {
	for ctx.Err() == nil && take(places) {
		if !s.takeOne(ctx, places, next) {
			<-places
			return
		}
	}
}

// take reports whether there was a place.
func take(places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
		return false
	}
}

// takeOne reports whether it started a backup.
func (s *Service) takeOne(ctx context.Context, places chan struct{}, next func(context.Context) (models.Backup, error)) bool {
	b, err := next(ctx)
	if err == nil {
		err = s.claim(ctx, b.ID, "")
	}
	switch {
	case err == nil:
		s.carryOutBeside(ctx, b.ID, places)
		return true
	case errors.Is(err, models.ErrNotFound), errors.Is(err, models.ErrConflict), ctx.Err() != nil:
		return false
	default:
		s.log.Error("queue not read", "error", err)
		return false
	}
}

// carryOutBeside runs a claimed backup in the background, and gives its place back once
// it has dumped, or at the end: uploads to slow drives must not hold up the next dump.
func (s *Service) carryOutBeside(ctx context.Context, id string, places chan struct{}) {
	s.running.Go(func() {
		leave := sync.OnceFunc(func() { <-places; s.wake() })
		defer leave()
		if _, err := s.carryOut(ctx, id, leave); err != nil {
			s.log.Error("backup not settled", "backup_id", id, "error", err)
		}
	})
}
