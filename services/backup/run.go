package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/runs"
	"github.com/backupman/backupman/services/source"
)

// run is one attempt at one backup in this process.
type run struct {
	service *Service
	backup  models.Backup
	job     models.Job
	log     *runs.Log
	copies  []*copyRun
	// passphrase is that of the dump, where it is encrypted with one.
	passphrase models.Secret
	// carriedOn says that a process died in the middle of this very attempt.
	carriedOn bool

	// dumped, when set, is called once a dump that this run made has ended well.
	dumped func()
	// lost says that the metadata database named another owner.
	lost atomic.Bool
	// cancelled says that somebody asked for the end of the run, and that it did end for that.
	cancelled bool
	// uploading counts the copies that are not yet wholly on their drive.
	uploading atomic.Int32
	// tables counts those that the dump has gone through.
	tables source.TableCount

	mu     sync.Mutex
	phase  models.Phase
	writer *archive.Writer
}

// Run claims a queued backup and carries it out in this process. The error is
// for a backup that could not be claimed or settled; a backup that failed is
// returned as such.
func (s *Service) Run(ctx context.Context, id string) (models.Backup, error) {
	if err := s.claim(ctx, id, ""); err != nil {
		return models.Backup{}, err
	}
	return s.carryOut(ctx, id, nil)
}

// carryOut runs a claimed backup to its settlement. dumped, which may be nil, is called
// when a dump has ended well and only uploads go on.
func (s *Service) carryOut(ctx context.Context, id string, dumped func()) (models.Backup, error) {
	defer s.deactivate(id)
	r, err := s.newRun(context.WithoutCancel(ctx), id) // it is held, so it must come to an end
	if err != nil {
		return models.Backup{}, fmt.Errorf("run backup %s: %w", id, err)
	}
	r.dumped = dumped
	held, release := s.hold(ctx, r)
	dumpErr := r.guarded("run", func() error { return r.do(held) })
	if cause := context.Cause(held); cause != nil && dumpErr != nil {
		dumpErr = cause
	}
	defer release()
	if r.lost.Load() || errors.Is(context.Cause(held), errLeaseLost) {
		return s.store.Backup(context.WithoutCancel(ctx), id)
	}
	if isCancel(held, dumpErr) && (dumpErr != nil || r.lacksCopy()) {
		dumpErr = r.cancel(ctx)
	} else if s.handsOver(ctx) && !r.isDone(dumpErr) {
		return r.handOver(ctx)
	}
	release()
	return r.settle(ctx, dumpErr)
}

func (s *Service) newRun(ctx context.Context, id string) (*run, error) {
	b, err := s.store.Backup(ctx, id)
	if err != nil {
		return nil, err
	}
	earlier, err := s.store.LogText(ctx, id)
	if err != nil {
		return nil, err
	}
	r := &run{service: s, backup: b, log: runs.NewLog(earlier), phase: models.PhaseDumping,
		carriedOn: b.Phase != models.PhaseQueued}
	for _, f := range b.DriveFiles {
		r.copies = append(r.copies, &copyRun{run: r, file: f})
	}
	return r, nil
}

// do makes the dump, unless an earlier attempt left a proven one, and the
// copies. The error is about the dump; copies keep their own.
func (r *run) do(ctx context.Context) error {
	s := r.service
	if r.backup.CancelAskedAt != nil {
		if !isWhole(r.backup) {
			return errCancelled
		}
		r.findLocal(ctx)
		return nil
	}
	if err := s.store.Begin(ctx, r.backup.ID, s.runner.id(), models.Now()); err != nil {
		return err
	}
	job, err := s.catalog.Job(ctx, r.backup.JobID)
	if err != nil {
		return err
	}
	r.job = job
	r.log.Say("attempt %d of backup %s of job %q starts", r.backup.Attempt, r.backup.ID, r.backup.Label)
	if err := os.MkdirAll(s.folder(r.backup.ID), 0o700); err != nil {
		return fmt.Errorf("make the spool folder: %w", err)
	}
	if _, err := s.store.Renew(ctx, r.backup.ID, s.runner.id(), leaseTime, r.progress()); err != nil {
		return err
	}
	ctx, cancel := r.inTime(ctx)
	defer cancel()
	if r.backup.DumpedAt != nil {
		return because(ctx, r.copyAgain(ctx))
	}
	return because(ctx, r.dumpAndCopy(ctx))
}

// enter moves to a phase.
func (r *run) enter(p models.Phase) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.phase = p
}

// enterAfter moves from one phase to the next, and from no other.
func (r *run) enterAfter(from, to models.Phase) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase == from {
		r.phase = to
	}
}

func (r *run) watch(w *archive.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writer = w
}

// stopWatching keeps how far a dump got that failed.
func (r *run) stopWatching(w *archive.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writer = nil
	r.backup.RawSize, r.backup.Size = w.RawSize(), w.Size()
}

func (r *run) progress() models.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := models.Progress{Phase: r.phase, RawSize: r.backup.RawSize, Size: r.backup.Size}
	if r.writer != nil {
		p.RawSize, p.Size = r.writer.RawSize(), r.writer.Size()
	}
	p.TablesDone, p.TablesTotal = r.tables.Now()
	return p
}

// facts remembers what a proven dump is.
func (r *run) facts(f models.DumpFacts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writer = nil
	r.backup.RawSize, r.backup.Size, r.backup.SHA256, r.backup.CRC64, r.backup.DumpedAt = f.RawSize, f.Size, f.SHA256, f.CRC64, &f.DumpedAt
	r.backup.SpoolNode = f.SpoolNode
}

func (r *run) saveLog(ctx context.Context) error {
	text, changed := r.log.Text()
	if !changed {
		return nil
	}
	return r.service.store.SaveLog(ctx, r.backup.ID, text)
}

// saveCopies writes down how far each upload is, for people who watch.
func (r *run) saveCopies(ctx context.Context) {
	for _, c := range r.copies {
		c.saveProgress(ctx)
	}
}

// settle writes down how the backup ended, trying for a while when the metadata
// database does not answer, and then tidies the spool.
func (r *run) settle(runCtx context.Context, dumpErr error) (models.Backup, error) {
	s := r.service
	ctx, cancel := context.WithTimeout(context.WithoutCancel(runCtx), s.options.SettleTime)
	defer cancel()
	if dumpErr != nil {
		r.giveUpCopies(ctx, dumpErr)
	}
	status, text := outcome(dumpErr, r.files(), r.driveLabel(ctx))
	if status == models.StatusFailed {
		r.log.Say("failed: %s", text)
	} else {
		r.log.Say("finished: %d bytes, SHA-256 %s", r.backup.Size, r.backup.SHA256)
	}
	err := runs.Insist(ctx, func() error {
		if _, err := s.renew(ctx, r); err != nil {
			return err
		}
		return s.store.Settle(ctx, r.backup.ID, s.runner.id(), models.Settlement{Status: status, Error: text, DumpPath: r.dumpPath(status),
			SpoolNode: r.spoolNode(status), At: models.Now()})
	})
	if err != nil {
		return r.backup, fmt.Errorf("write down how backup %s ended (%s): %w", r.backup.ID, orFinished(text), err)
	}
	b, err := s.store.Backup(ctx, r.backup.ID)
	if err != nil {
		return b, err
	}
	if b.Status == status && b.Attempt == r.backup.Attempt { // nobody has begun to try again
		r.tidy(status)
	}
	s.announce(runCtx, b)
	return b, nil
}

// giveUpCopies ends the copies that never began.
func (r *run) giveUpCopies(ctx context.Context, dumpErr error) {
	why := models.DriveFileChange{Status: models.StatusFailed, Error: nothingStored}
	for _, c := range r.copies {
		f := c.state()
		if f.Status != models.StatusPending {
			continue
		}
		if r.backup.DumpedAt != nil {
			why.Error = "nothing was stored, although the dump was good: " + sentence(dumpErr)
			why.Heals, why.HealAt = f.Heals+1, nextHeal(f.Heals)
			if errors.Is(dumpErr, context.Canceled) || errors.Is(dumpErr, errSpoolElsewhere) { // no drive is at fault
				now := models.Now()
				why.Heals, why.HealAt = f.Heals, &now
			}
		}
		if r.cancelled {
			why = models.DriveFileChange{Status: models.StatusFailed, Error: copyCancelled, Heals: f.Heals}
		}
		c.save(ctx, why, "")
	}
}

func orFinished(text string) string {
	if text == "" {
		return "finished"
	}
	return text
}

func (s *Service) announce(ctx context.Context, b models.Backup) {
	if s.Ending() {
		s.tellEnding(b, endedAs(b))
	}
	s.log.Info("backup settled", "backup_id", b.ID, "job", b.Label, "status", string(b.Status), "error", b.Error)
	if b.Status == models.StatusFinished && s.options.AfterFinish != nil {
		s.options.AfterFinish(ctx, b)
	}
}

func endedAs(b models.Backup) string {
	if b.Status == models.StatusFailed {
		return "failed: " + b.Error
	}
	return string(b.Status)
}

func (r *run) files() []models.DriveFile {
	files := make([]models.DriveFile, 0, len(r.copies))
	for _, c := range r.copies {
		files = append(files, c.state())
	}
	return files
}

// driveLabel names drives the way people named them.
func (r *run) driveLabel(ctx context.Context) func(string) string {
	return func(id string) string {
		if _, d, _ := r.service.catalog.OpenDrive(ctx, id); d.Label != "" {
			return d.Label
		}
		return "a drive that is gone"
	}
}
