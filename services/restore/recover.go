package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// silence is how long a runner that can't be asked otherwise may give no sign of life.
const silence = 30 * time.Second

// Recover settles the restores and drills of processes that died, and removes what they
// left: scratch servers, scratch databases, folders and files. It is called at the start
// of a process and every minute.
func (s *Service) Recover(ctx context.Context) error {
	if !s.recovering.TryLock() {
		return nil // another one is at it
	}
	defer s.recovering.Unlock()
	return errors.Join(s.settleDrills(ctx), s.settleRestores(ctx), s.sweepScratch(), s.sweepWork(ctx), s.sweepUploads())
}

// isDead reports whether a run will not come back: the process that holds its lock in
// this data folder has died, or nobody here knows it and it is silent for long.
func (s *Service) isDead(id string, silent bool) (bool, error) {
	if s.runsHere(id) {
		return false, nil
	}
	state, err := disk.LookAt(s.path(workName, id+lockSuffix))
	if err != nil || state != disk.HolderUnknown {
		return err == nil && state == disk.HolderDead, err
	}
	return silent, nil
}

// silentFor lists the runs that have not ended, and which of them are silent for so long
// that nobody may wait for them, by the clock of the metadata database.
func silentFor[T any](ctx context.Context, list func(context.Context, time.Duration) ([]T, error), id func(T) string) ([]T, map[string]bool, error) {
	all, err := list(ctx, 0)
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	gone, err := list(ctx, silence)
	silent := make(map[string]bool, len(gone))
	for _, r := range gone {
		silent[id(r)] = true
	}
	return all, silent, err
}

func (s *Service) settleDrills(ctx context.Context) error {
	running, silent, err := silentFor(ctx, s.Store.SilentDrills, func(d models.Drill) string { return d.ID })
	if err != nil {
		return err
	}
	var failures []error
	for _, d := range running {
		failures = append(failures, s.settleDead(d.ID, silent[d.ID], func() error { return s.buryDrill(ctx, d) }))
	}
	return errors.Join(failures...)
}

func (s *Service) settleRestores(ctx context.Context) error {
	running, silent, err := silentFor(ctx, s.Store.SilentRestores, func(r models.Restore) string { return r.ID })
	if err != nil {
		return err
	}
	var failures []error
	for _, r := range running {
		failures = append(failures, s.settleDead(r.ID, silent[r.ID], func() error { return s.buryRestore(ctx, r) }))
	}
	return errors.Join(failures...)
}

// settleDead settles a run if it is dead. That somebody else was faster is no error.
func (s *Service) settleDead(id string, silent bool, settle func() error) error {
	dead, err := s.isDead(id, silent)
	if err != nil || !dead {
		return err
	}
	if err := settle(); !errors.Is(err, models.ErrConflict) {
		return err
	}
	return nil
}

// buryDrill settles the drill of a dead process. Its scratch database is noted first, so
// that it is dropped even when the server does not answer now.
func (s *Service) buryDrill(ctx context.Context, d models.Drill) error {
	if d.Scratch != models.ScratchTemporary {
		if err := s.owe(ctx, d); err != nil {
			return err
		}
	}
	now := s.Now()
	d.SettledAt, d.Duration = &now, now.Sub(d.CreatedAt)
	d.Outcome = models.DrillUnverified
	d.Reason = fmt.Sprintf("the process that made this drill ended while %s (killed, crashed or without power): drill the backup again", d.Phase)
	s.Log.Info("settling the drill of a process that died", "drill_id", d.ID, "backup_id", d.BackupID)
	return s.Store.SettleDrill(ctx, d)
}

// owed ends the name of a folder that has only the ledger of somebody else's drill.
const owed = "-owed"

// owe writes down the scratch database of a drill that another machine may have made.
func (s *Service) owe(ctx context.Context, d models.Drill) error {
	row, err := s.Store.SourceByLabel(ctx, d.Scratch)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	parent, err := s.workFolder()
	if err != nil {
		return err
	}
	f, err := makeFolder(parent, d.ID+owed, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil // noted before, and the server has not answered since
	}
	if err != nil {
		return err
	}
	l := ledger{SourceID: row.ID, Database: s.scratchDatabase(d.ID)}
	return errors.Join(l.write(f.path), f.lock.Release())
}

func (s *Service) buryRestore(ctx context.Context, r models.Restore) error {
	text := fmt.Sprintf("the process that made this restore ended while %s (killed, crashed or without power); %s", r.Phase, leftByDead(r))
	s.Log.Info("settling the restore of a process that died", "restore_id", r.ID, "target", r.TargetName)
	return s.Store.SettleRestore(ctx, r.ID, models.StatusFailed, text, r.Warnings, 0, s.Now())
}

// leftByDead says what the target of a restore may hold whose process died.
func leftByDead(r models.Restore) string {
	switch {
	case r.Phase != models.RestoreRestoring:
		return untouched
	case r.TargetKind == models.TargetFile:
		return fmt.Sprintf("there is no file %s: only a whole one gets its name", r.TargetName)
	case r.SafetyBackupID != "":
		return fmt.Sprintf("%s may hold a part of the backup: restore it again, or restore what was there before from the safety backup %s", r.TargetName, r.SafetyBackupID)
	case r.TargetKind == models.TargetNew:
		return fmt.Sprintf("%s may hold a part of the backup: drop it before you restore again under that name", r.TargetName)
	default:
		return fmt.Sprintf("%s may hold a part of the backup: restore it again", r.TargetName)
	}
}

// sweepWork removes the folders of runs whose process died, and what their ledgers say.
func (s *Service) sweepWork(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, clearTime)
	defer cancel()
	ours := func(name string) bool { return models.CheckID(strings.TrimSuffix(name, owed)) == nil }
	return sweepFolders(s.path(workName), ours, func(path string) error { return s.clear(ctx, path) })
}
