package restore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/source"
)

// do makes the restore: everything that can be found wrong before the target is touched
// is looked at before.
func (r *restoreRun) do(ctx context.Context) error {
	file, err := r.fetch(ctx)
	if err != nil {
		return err
	}
	if file, err = r.unlockFile(file); err != nil {
		return wrongManifest(err)
	}
	if file, err = r.check(ctx, file); err != nil {
		return wrongManifest(err)
	}
	if r.req.Tables, err = tablesOf(file.inventory, r.req.Tables); err != nil {
		return err
	}
	if r.to.database == nil {
		return r.unpack(ctx, file)
	}
	state, err := r.lookAgain(ctx)
	if err != nil {
		return err
	}
	return r.write(ctx, file, state)
}

// wrongManifest tells the way out when a dump is not what its manifest says.
func wrongManifest(err error) error {
	var wrong *disproof
	if !errors.As(err, &wrong) {
		return err
	}
	return models.Conflictf("%s; restore another backup, or download this one and restore it as an uploaded file", sentence(err))
}

// lookAgain sees to it that what the plan said still holds, for the restore may have
// waited, and makes the safety backup.
func (r *restoreRun) lookAgain(ctx context.Context) (models.TargetState, error) {
	p := models.RestorePlan{Request: r.req, TargetName: r.to.name, Confirm: r.req.Confirm}
	var err error
	if p.Target, err = r.to.look(ctx); err != nil {
		return p.Target, err
	}
	if err := r.service.planSafety(ctx, r.subject, r.to, &p); err != nil {
		return p.Target, err
	}
	overwrites(&p)
	p.Problems = p.Target.Problems
	if err := refusal(p); err != nil {
		return p.Target, err
	}
	if !needsSafety(r.req, p) {
		return p.Target, nil
	}
	return p.Target, r.makeSafe(ctx)
}

// write restores into the database. One that it made itself is dropped when that fails.
func (r *restoreRun) write(ctx context.Context, file dump, state models.TargetState) error {
	temp, remove, err := r.folder.temp()
	if err != nil {
		return err
	}
	defer remove()
	r.enter(models.RestoreRestoring, file.facts.RawSize)
	if why := r.mark(ctx); why != nil {
		return why
	}
	if !state.Exists {
		if err := r.to.database.Create(ctx, file.inventory.Options); err != nil {
			return err
		}
		r.log.Say("made the database %s", r.to.name)
	}
	r.log.Say("restoring into %s", r.to.name)
	begun := time.Now()
	r.left = fmt.Sprintf("%s may hold a part of the backup: restore it again", r.to.name) // unless more is known
	err = r.to.database.Restore(ctx, r.request(file, temp, func(req *source.RestoreRequest) {
		req.Replace, req.Tables, req.Warn = r.req.Replace, r.req.Tables, r.warn
	}))
	if err != nil {
		r.left = r.leftBehind(ctx, err, state)
		return err
	}
	r.row.RestoreTook = time.Since(begun)
	r.tryViews(ctx)
	return nil
}

// leftBehind says what the target holds after a restore failed in the middle.
func (r *restoreRun) leftBehind(ctx context.Context, failed error, before models.TargetState) string {
	var left *source.TargetLeft
	switch {
	case !before.Exists:
		return r.undo(ctx)
	case errors.As(failed, &left) && left.Untouched:
		return "the target is as it was before"
	case r.row.SafetyBackupID != "":
		return fmt.Sprintf("%s may hold a part of the backup: restore it again, or restore what was there before from the safety backup %s", r.to.name, r.row.SafetyBackupID)
	case len(r.req.Tables) > 0:
		return fmt.Sprintf("the tables that were asked for may be missing or incomplete in %s: restore them again", r.to.name)
	default:
		return fmt.Sprintf("%s may hold a part of the backup: restore it again, and let what is there be replaced", r.to.name)
	}
}

// undo drops the database that the restore has made.
func (r *restoreRun) undo(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if err := r.to.database.Drop(ctx); err != nil {
		return fmt.Sprintf("the new database %s holds a part of the backup and could not be dropped (%s): drop it by hand", r.to.name, sentence(err))
	}
	return fmt.Sprintf("the new database %s was dropped again", r.to.name)
}

// tryViews warns of views that can't be read.
func (r *restoreRun) tryViews(ctx context.Context) {
	views, err := r.to.database.TryViews(ctx)
	if err != nil {
		views = append(views, fmt.Sprintf("not all views could be tried: %s", sentence(err)))
	}
	for _, view := range views {
		r.warn(view)
	}
}
