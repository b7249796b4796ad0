package restore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
)

// untouched is what is said of a target that nothing was written to.
const untouched = "nothing was written: the target is as it was before"

// restoreRun is one restore in this process.
type restoreRun struct {
	*run
	row  models.Restore
	req  models.RestoreRequest
	to   target
	end  func()
	turn *turn
	// left says what the target holds when the restore fails now.
	left string

	warning  sync.Mutex
	warnings []string
}

// Start begins a restore and returns once it is written down. It returns
// models.ErrInvalid for a request that makes no sense or is not confirmed, and
// models.ErrConflict when the restore can't be made, or another into the same target runs.
func (s *Service) Start(ctx context.Context, req models.RestoreRequest) (models.Restore, error) {
	r, err := s.beginRestore(ctx, context.WithoutCancel(ctx), req)
	if err != nil {
		return models.Restore{}, err
	}
	begun := r.row
	go func() {
		if _, err := r.carryOut(); err != nil {
			s.Log.Error("a restore is not written down", "restore_id", r.id, "error", err)
		}
	}()
	return begun, nil
}

// Run makes a restore and returns it, whatever became of it. The error is for one that
// could not begin, as with Start, or be written down.
func (s *Service) Run(ctx context.Context, req models.RestoreRequest) (models.Restore, error) {
	r, err := s.beginRestore(ctx, ctx, req)
	if err != nil {
		return models.Restore{}, err
	}
	return r.carryOut()
}

// Cancel asks for the end of a restore. It returns models.ErrConflict when it has ended.
func (s *Service) Cancel(ctx context.Context, id string) error {
	if err := s.Store.AskRestoreCancel(ctx, id); err != nil {
		return err
	}
	s.stop(id, errCancelled)
	return nil
}

func (s *Service) beginRestore(ctx, runCtx context.Context, req models.RestoreRequest) (*restoreRun, error) {
	p, sub, to, err := s.plan(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := refusal(p); err != nil {
		return nil, err
	}
	s.keepInventory(ctx, sub)
	now := s.Now()
	r := &restoreRun{req: p.Request, to: to, left: untouched, row: models.Restore{ID: models.NewID(), BackupID: sub.backup.ID, DriveFileID: req.DriveFileID,
		FileName: sub.manifest.File.Name, Label: sub.label, Provider: sub.kind.Provider, TargetKind: to.kind, TargetSourceID: to.row.ID,
		TargetLabel: to.row.Label, TargetName: to.name, Tables: p.Request.Tables, Replace: req.Replace, Trigger: req.Trigger,
		Status: models.StatusPending, Phase: models.RestoreQueued, RunnerID: s.RunnerID, SeenAt: &now, CreatedAt: now}}
	if r.run, err = s.newRun(r.row.ID, "restore", sub, req.DriveFileID, s.Store.SaveRestoreProgress); err != nil {
		return nil, err
	}
	if r.whole, r.end, err = s.begin(runCtx, r.id); err != nil {
		return nil, errors.Join(err, r.folder.remove())
	}
	if err := s.Store.InsertRestore(ctx, r.row); err != nil {
		r.end()
		return nil, errors.Join(err, r.folder.remove())
	}
	r.turn = s.restoring.join()
	return r, nil
}

// carryOut waits for its turn and makes the restore, up to where it is written down.
func (r *restoreRun) carryOut() (models.Restore, error) {
	defer r.end()
	defer r.letGo()
	defer r.beside.Wait()
	ctx, stop := r.live(r.whole)
	why := r.guarded(func() error { return r.inTurn(ctx) })
	why = because(ctx, why)
	r.leave(r.whole) // which may take longer than others wait for a sign of life
	stop()
	r.conclude(why)
	if errors.Is(why, errTakenOver) {
		return r.row, why
	}
	err := r.finish(r.whole, func(ctx context.Context) error {
		return r.service.Store.SettleRestore(ctx, r.id, r.row.Status, r.row.Error, r.row.Warnings, r.row.RestoreTook, *r.row.SettledAt)
	})
	return r.row, err
}

func (r *restoreRun) inTurn(ctx context.Context) error {
	defer r.turn.leave()
	if err := r.turn.wait(ctx); err != nil {
		return err
	}
	ctx, unwatch := r.service.watchSpace(ctx, r.service.Dir)
	defer unwatch()
	return because(ctx, r.do(ctx))
}

// conclude fills in how the restore ended.
func (r *restoreRun) conclude(why error) {
	now, p := r.service.Now(), r.state()
	r.row.SettledAt, r.row.Phase, r.row.Done, r.row.Total = &now, p.Phase, p.Done, p.Total
	if p.DriveFileID != "" {
		r.row.DriveFileID = p.DriveFileID
	}
	r.row.Warnings = strings.Join(slices.Compact(r.warnings), "\n")
	if why == nil {
		r.row.Status = models.StatusFinished
		r.log.Say("finished: restored in %s", r.row.RestoreTook.Round(time.Millisecond))
	} else {
		r.row.Status, r.row.Error, r.row.RestoreTook = models.StatusFailed, sentence(why)+"; "+r.left, 0
		r.log.Say("failed: %s", r.row.Error)
	}
	r.service.Log.Info("restore settled", "restore_id", r.id, "backup_id", r.row.BackupID, "target", r.row.TargetLabel,
		"status", string(r.row.Status), "error", r.row.Error)
}

// warn keeps a sentence about what did not come back as it was.
func (r *restoreRun) warn(text string) {
	r.log.Say("warning: %s", text)
	r.warning.Lock()
	defer r.warning.Unlock()
	r.warnings = append(r.warnings, text)
}
