package backup

import (
	"context"
	"errors"
	"os"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/runs"
)

// Ended is what became of a backup that was under way when its server was asked to end.
type Ended struct {
	BackupID string
	// Label is the job's.
	Label string
	// Sentence says what became of it.
	Sentence string
}

// Endings returns what became of what ran when the server was asked to end, so far.
func (s *Service) Endings() []Ended {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Ended(nil), s.endings...)
}

// tellEnding notes what became of a backup.
func (s *Service) tellEnding(b models.Backup, sentence string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endings = append(s.endings, Ended{BackupID: b.ID, Label: b.Label, Sentence: sentence})
}

// Ending reports whether the server was asked to end.
func (s *Service) Ending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

// handsOver reports whether a run ended because its server does: then others go on with
// it. A command settles what it began, so that its exit status is the backup's.
func (s *Service) handsOver(ctx context.Context) bool {
	return s.options.Serves && ctx.Err() != nil && !errors.Is(context.Cause(ctx), errLeaseLost)
}

// isDone reports whether nothing of the run is left for others to do.
func (r *run) isDone(dumpErr error) bool {
	for _, f := range r.files() {
		if f.Status == models.StatusPending {
			return false
		}
	}
	return dumpErr == nil
}

// handOver gives the backup back, for the next start or for another server, while it is
// still held: a proven dump with its spool, any other one as if it had not been begun.
func (r *run) handOver(runCtx context.Context) (models.Backup, error) {
	s := r.service
	ctx, cancel := context.WithTimeout(context.WithoutCancel(runCtx), s.options.SettleTime)
	defer cancel()
	give, told := r.putBack, "put back into the queue, because its dump was not done: it is dumped again"
	if r.backup.DumpedAt != nil {
		give, told = r.keepForOthers, "handed over: its dump is good and is kept, and the missing copies are made from it"
	}
	r.log.Say("the server ends: %s", told)
	if err := r.saveLog(ctx); err != nil {
		s.log.Warn("log not saved", "backup_id", r.backup.ID, "error", err)
	}
	if err := give(ctx); err != nil {
		told = "could not be handed over (" + sentence(err) + "): whoever starts next settles it"
		if isLost(err) {
			told = "was taken over by another server"
		}
		s.log.Warn("backup not handed over", "backup_id", r.backup.ID, "error", err)
	} else {
		s.log.Info("backup handed over", "backup_id", r.backup.ID, "job", r.backup.Label, "dumped", r.backup.DumpedAt != nil)
	}
	s.tellEnding(r.backup, told)
	return s.store.Backup(ctx, r.backup.ID)
}

func (r *run) keepForOthers(ctx context.Context) error {
	if err := os.RemoveAll(r.tempDir()); err != nil {
		r.service.log.Warn("temporary folder not removed", "backup_id", r.backup.ID, "error", err)
	}
	return runs.Insist(ctx, func() error {
		return r.service.store.HandOver(ctx, r.backup.ID, r.service.runner.id(), nodePatience)
	})
}

// putBack sweeps what the attempt has left before anybody may begin another.
func (r *run) putBack(ctx context.Context) error {
	s := r.service
	if err := r.confirm(ctx); err != nil {
		return err
	}
	s.sweepDrives(ctx, r.backup)
	if err := r.confirm(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(s.folder(r.backup.ID)); err != nil {
		s.log.Warn("spool not removed", "backup_id", r.backup.ID, "error", err)
	}
	return runs.Insist(ctx, func() error { return s.store.PutBack(ctx, r.backup.ID, s.runner.id()) })
}
