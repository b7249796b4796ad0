package restore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/backupman/backupman/models"
)

// drillRun is one drill in this process.
type drillRun struct {
	*run
	row models.Drill
	end func()
	// turn is its place in the line.
	turn *turn
}

// StartDrill begins a drill and returns once it is written down. It returns
// models.ErrConflict when the backup is being drilled already, or can't be.
func (s *Service) StartDrill(ctx context.Context, req models.DrillRequest) (models.Drill, error) {
	d, err := s.beginDrill(ctx, context.WithoutCancel(ctx), req)
	if err != nil {
		return models.Drill{}, err
	}
	begun := d.row
	go func() {
		if _, err := d.carryOut(); err != nil {
			s.Log.Error("a drill is not written down", "drill_id", d.id, "error", err)
		}
	}()
	return begun, nil
}

// Drill makes a drill and returns it. The error is for one that could not begin or be
// written down; what it found is in the drill.
func (s *Service) Drill(ctx context.Context, req models.DrillRequest) (models.Drill, error) {
	d, err := s.beginDrill(ctx, ctx, req)
	if err != nil {
		return models.Drill{}, err
	}
	return d.carryOut()
}

// DrillSlot begins the drill of a job's newest finished backup that a schedule owes for
// a moment. It returns models.ErrNotFound when the job has no finished backup.
func (s *Service) DrillSlot(ctx context.Context, jobID string, slot time.Time) error {
	b, err := s.Store.LastFinished(ctx, jobID)
	if err != nil {
		return err
	}
	d, err := s.StartDrill(ctx, models.DrillRequest{BackupID: b.ID, Trigger: models.TriggerSchedule})
	if err != nil {
		return err
	}
	s.Log.Info("scheduled drill begun", "drill_id", d.ID, "backup_id", b.ID, "slot", slot)
	return nil
}

// CancelDrill asks for the end of a drill. It returns models.ErrConflict when it has ended.
func (s *Service) CancelDrill(ctx context.Context, id string) error {
	if err := s.Store.AskDrillCancel(ctx, id); err != nil {
		return err
	}
	s.stop(id, errCancelled)
	return nil
}

func (s *Service) beginDrill(ctx, runCtx context.Context, req models.DrillRequest) (*drillRun, error) {
	sub, err := s.subject(ctx, req.BackupID, "", req.Unlock)
	if err != nil {
		return nil, err
	}
	copies, err := s.copies(ctx, sub.backup)
	if err != nil {
		return nil, err
	}
	if _, err := chosen(sub.backup, copies, req.DriveFileID); err != nil {
		return nil, err
	}
	s.keepInventory(ctx, sub)
	now := s.Now()
	d := &drillRun{row: models.Drill{ID: models.NewID(), BackupID: sub.backup.ID, JobID: sub.backup.JobID, Trigger: req.Trigger,
		Scratch: s.scratchFor(ctx, sub.backup, req), Phase: models.RestoreQueued, RunnerID: s.RunnerID, SeenAt: &now, CreatedAt: now}}
	if d.run, err = s.newRun(d.row.ID, "drill", sub, req.DriveFileID, s.Store.SaveDrillProgress); err != nil {
		return nil, err
	}
	if d.whole, d.end, err = s.begin(runCtx, d.id); err != nil {
		return nil, errors.Join(err, d.folder.remove())
	}
	if err := s.Store.InsertDrill(ctx, d.row); err != nil {
		d.end()
		return nil, errors.Join(err, d.folder.remove())
	}
	d.turn = s.drilling.join()
	return d, nil
}

// scratchFor is where a drill restores to: what was asked for, or what the job says.
func (s *Service) scratchFor(ctx context.Context, b models.Backup, req models.DrillRequest) string {
	if req.Scratch != "" {
		return req.Scratch
	}
	if job, err := s.Catalog.Job(ctx, b.JobID); err == nil && job.DrillScratch != "" {
		return job.DrillScratch
	}
	return models.ScratchTemporary
}

// carryOut waits for its turn and makes the drill, up to where it is written down.
func (d *drillRun) carryOut() (models.Drill, error) {
	defer d.end()
	defer d.letGo()
	defer d.beside.Wait()
	ctx, stop := d.live(d.whole)
	why := d.guarded(func() error { return d.inTurn(ctx) })
	why = because(ctx, why)
	d.leave(d.whole) // which may take longer than others wait for a sign of life
	stop()
	d.conclude(why)
	if errors.Is(why, errTakenOver) {
		return d.row, why
	}
	err := d.finish(d.whole, func(ctx context.Context) error { return d.service.Store.SettleDrill(ctx, d.row) })
	return d.row, err
}

func (d *drillRun) inTurn(ctx context.Context) error {
	defer d.turn.leave()
	if err := d.turn.wait(ctx); err != nil {
		return err
	}
	s := d.service
	ctx, cancel := context.WithTimeoutCause(ctx, s.DrillTime, models.Conflictf("it took longer than %s, which is the most that a drill may take", s.DrillTime))
	defer cancel()
	ctx, unwatch := s.watchSpace(ctx, s.Dir)
	defer unwatch()
	return because(ctx, d.try(ctx))
}

// conclude fills in what the drill found.
func (d *drillRun) conclude(why error) {
	now, p := d.service.Now(), d.state()
	d.row.DriveFileID, d.row.Server, d.row.Phase = p.DriveFileID, p.Server, p.Phase
	d.row.SettledAt, d.row.Duration = &now, now.Sub(d.row.CreatedAt)
	var wrong *disproof
	switch {
	case why == nil:
		d.row.Outcome, d.row.Level = models.DrillProven, models.LevelEquals
	case errors.As(why, &wrong):
		d.row.Outcome, d.row.Reason = models.DrillDisproven, sentence(wrong)
	default:
		d.row.Outcome, d.row.Reason = models.DrillUnverified, sentence(why)
	}
	d.log.Say("%s: %s", d.row.Outcome, d.row.Reason)
	d.service.Log.Info("drill done", "drill_id", d.id, "backup_id", d.row.BackupID, "job", d.subject.label,
		"outcome", string(d.row.Outcome), "level", string(d.row.Level), "reason", d.row.Reason)
}

// try makes the drill. An error that is no disproof says that it could not be made.
func (d *drillRun) try(ctx context.Context) error {
	if err := d.subject.lock(); err != nil {
		return err // a whole copy is not fetched for nothing
	}
	file, err := d.fetch(ctx)
	if err != nil {
		return err
	}
	d.row.Level = models.LevelStored
	if file, err = d.unlockFile(file); err != nil {
		return err
	}
	if file, err = d.check(ctx, file); err != nil {
		return err
	}
	d.row.Level = models.LevelDecodes
	db, err := d.openScratch(ctx, file.inventory)
	if err != nil {
		return fmt.Errorf("no scratch database: %w", err)
	}
	defer db.close()
	if db.folder != "" {
		var unwatch func()
		ctx, unwatch = d.service.watchSpace(ctx, db.folder)
		defer unwatch()
	}
	if err := because(ctx, d.fill(ctx, db, file)); err != nil {
		return err
	}
	d.row.Level = models.LevelRestores
	return because(ctx, d.prove(ctx, db))
}
