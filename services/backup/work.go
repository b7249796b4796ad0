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

// queueStep is how often a server looks at the queue when nothing wakes it.
const queueStep = time.Second

// Work takes backups from the queue until the context ends. It also keeps this runner's
// heartbeat and settles what other runners left when they died. What runs then goes on
// until the context of runs ends; what has not come to its end by then is handed over to
// other servers, or to the next start. Endings tells what became of each.
func (s *Service) Work(ctx, runs context.Context) error {
	var beside sync.WaitGroup
	beside.Go(func() { s.keepUp(ctx, runs) }) // a queue that others lock must not make this server look dead
	tick := time.NewTicker(queueStep)
	defer tick.Stop()
	for {
		s.takeQueued(ctx, runs)
		select {
		case <-ctx.Done():
			beside.Wait()
			s.end()
			return nil
		case <-s.nudge:
		case <-tick.C:
		}
	}
}

// keepUp gives this runner's signs of life, settles what dead runners left and heals,
// until the context ends.
func (s *Service) keepUp(ctx, runs context.Context) {
	beat, recovery, heal := time.NewTicker(beatStep), time.NewTicker(recoverStep), time.NewTicker(healStep)
	defer heal.Stop()
	defer beat.Stop()
	defer recovery.Stop()
	recoverBeside := func(ctx context.Context) error { return s.recoverBeside(ctx, runs) }
	healDue := func(ctx context.Context) error { return s.healDue(ctx, runs) }
	s.background(ctx, "recover", recoverBeside)
	s.background(ctx, "sweep what failed lately", s.sweepRecent)
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			s.beat(ctx)
		case <-recovery.C:
			s.background(ctx, "recover", recoverBeside)
		case <-heal.C:
			s.background(ctx, "heal", healDue)
		}
	}
}

// end waits for what runs. The server gives no more signs of life: nobody shall leave
// new work to it.
func (s *Service) end() {
	s.mu.Lock()
	s.ending = true
	under := len(s.active)
	s.mu.Unlock()
	if under > 0 {
		s.log.Info("the server ends: what runs may come to its end", "backups", under)
	}
	s.running.Wait()
}

// recoverBeside carries on with long uploads beside everything else.
func (s *Service) recoverBeside(ctx, runs context.Context) error {
	return s.recover(ctx, func(id string) { s.running.Go(func() { s.resume(runs, id) }) })
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
	if err := s.store.Beat(ctx, s.runner.row); err != nil && ctx.Err() == nil {
		s.log.Warn("heartbeat failed", "runner_id", s.runner.id(), "error", err)
	}
}

// takeQueued starts queued backups while there are places, and fails those that somebody
// cancelled, or that should have been started before.
func (s *Service) takeQueued(ctx, runs context.Context) {
	if err := errors.Join(s.endCancelled(ctx), s.failOverdue(ctx)); err != nil && ctx.Err() == nil {
		s.log.Error("queue not read", "error", err)
	}
	s.takeWhile(ctx, runs, s.dumping, s.claimNextDump)
	s.takeWhile(ctx, runs, s.copying, s.claimNextCopy)
}

// takeWhile starts what next claims while there are places.
func (s *Service) takeWhile(ctx, runs context.Context, from *places, next func(context.Context) (string, error)) {
	for ctx.Err() == nil && from.take() {
		id, err := next(ctx)
		if err == nil {
			s.carryOutBeside(runs, id, from)
			continue
		}
		from.leave()
		if !errors.Is(err, models.ErrNotFound) && !errors.Is(err, models.ErrConflict) && ctx.Err() == nil {
			s.log.Error("queue not read", "error", err)
		}
		return
	}
}

// claimNextDump claims the next backup that fits the limits and returns its id.
func (s *Service) claimNextDump(ctx context.Context) (string, error) {
	s.claiming.Lock() // until it is noted as active, it would be taken for dead
	defer s.claiming.Unlock()
	b, err := s.store.ClaimNextDump(ctx, s.runner.id(), leaseTime, s.currentLimits())
	if err != nil {
		return "", err
	}
	if !s.activate(b.ID) {
		return "", models.Conflictf("backup %s is being run by this process already", b.ID)
	}
	return b.ID, nil
}

// claimNextCopy claims the next backup of which only copies are to be made.
func (s *Service) claimNextCopy(ctx context.Context) (string, error) {
	b, err := s.store.NextToCopy(ctx, s.here())
	if err != nil {
		return "", err
	}
	return b.ID, s.claim(ctx, b.ID, "")
}

// carryOutBeside runs a claimed backup in the background, and gives its place back once
// it has dumped, or at the end: uploads to slow drives must not hold up the next dump.
func (s *Service) carryOutBeside(ctx context.Context, id string, from *places) {
	s.running.Go(func() {
		leave := sync.OnceFunc(func() { from.leave(); s.wake() })
		defer leave()
		if _, err := s.carryOut(ctx, id, leave); err != nil {
			s.log.Error("backup not settled", "backup_id", id, "error", err)
		}
	})
}
