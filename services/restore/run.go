package restore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/runs"
)

const (
	// beatStep is how often a run says that it lives.
	beatStep = time.Second
	// clearTime bounds how long the end of a run, or a sweep, waits for servers to drop
	// scratch databases; what takes longer is tried again. It is shorter than silence,
	// because a run that was stopped gives no sign of life meanwhile.
	clearTime = silence - 5*time.Second
	// patience is how long a run goes on whose signs of life are not written down. It
	// stops well before others may take it for dead.
	patience = silence * 2 / 3
	// undoTime bounds how long a restore that failed waits for its new database to be
	// dropped again.
	undoTime = time.Minute
)

// saveProgress records a heartbeat, as Store.SaveDrillProgress does.
type saveProgress func(ctx context.Context, id, runnerID string, p models.RunProgress) (cancelAsked bool, err error)

// run is what a restore and a drill have in common while this process makes them.
type run struct {
	service *Service
	id      string
	// noun is the word for it: restore or drill.
	noun    string
	subject subject
	// wanted is the copy that was asked for; empty is any.
	wanted string
	folder *folder
	log    *runs.Log
	save   saveProgress
	done   atomic.Int64
	// whole is the context of all that this process does for the run, up to where it is
	// written down; it ends when the run is stopped.
	whole context.Context
	// alive tells whether others still take the run for alive.
	alive *runs.Pulse
	// beside is work that must not hold up the run, and that it waits for at its end.
	beside sync.WaitGroup

	mu       sync.Mutex
	progress models.RunProgress
}

// newRun makes the private folder of a run.
func (s *Service) newRun(id, noun string, sub subject, wanted string, save saveProgress) (*run, error) {
	parent, err := s.workFolder()
	if err != nil {
		return nil, err
	}
	f, err := makeFolder(parent, id, 0o700)
	if err != nil {
		return nil, err
	}
	return &run{service: s, id: id, noun: noun, subject: sub, wanted: wanted, folder: f, log: runs.NewLog(""), save: save,
		alive: runs.NewPulse(s.Patience), progress: models.RunProgress{Phase: models.RestoreQueued}}, nil
}

// enter moves to a phase of which so many bytes are expected; 0 is unknown.
func (r *run) enter(phase models.RestorePhase, total int64) {
	r.change(func(p *models.RunProgress) { p.Phase, p.Total = phase, total })
	r.done.Store(0)
}

func (r *run) change(change func(p *models.RunProgress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.progress)
}

func (r *run) state() models.RunProgress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.progress
	p.Done = r.done.Load()
	return p
}

// live records progress every second until the returned function is called. The context
// it returns ends when somebody asks for that, when the run was settled by others, and
// when no sign of life could be written for so long that others soon may settle it.
func (r *run) live(ctx context.Context) (context.Context, func()) {
	ctx, unwatch := r.alive.Watch(ctx, errSilent)
	ctx, stop := runs.Every(ctx, beatStep, r.beat)
	return ctx, func() { stop(); unwatch() }
}

// beat records progress and log, and returns why the run must end, if it must.
func (r *run) beat(ctx context.Context) error {
	begun := time.Now()
	asked, err := r.save(ctx, r.id, r.service.RunnerID, r.state())
	switch {
	case errors.Is(err, models.ErrConflict), errors.Is(err, models.ErrNotFound):
		return errTakenOver
	case err == nil && asked:
		return errCancelled
	case err == nil:
		r.alive.Beat(begun)
		err = r.saveLog(ctx)
	}
	if err != nil && ctx.Err() == nil {
		r.service.Log.Warn("heartbeat failed", r.noun+"_id", r.id, "error", err)
	}
	return nil
}

// mark writes the phase down before anything is done in it, so that whoever finds this
// process dead knows. It returns why the run must end, if it must.
func (r *run) mark(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.service.SettleTime)
	defer cancel()
	var asked bool
	err := runs.Insist(ctx, func() (err error) {
		asked, err = r.save(ctx, r.id, r.service.RunnerID, r.state())
		return err
	})
	switch {
	case errors.Is(err, models.ErrConflict), errors.Is(err, models.ErrNotFound):
		return errTakenOver
	case err != nil:
		return models.Conflictf("it could not be written down that the target is written to: %s", sentence(err))
	case asked:
		return errCancelled
	}
	return nil
}

func (r *run) saveLog(ctx context.Context) error {
	text, changed := r.log.Text()
	if !changed {
		return nil
	}
	return r.service.Store.SaveLog(ctx, r.id, text)
}

// guarded makes an error of a panic: a run must neither end the server nor stay open.
func (r *run) guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.service.Log.Error("a "+r.noun+" met a mistake of this program", r.noun+"_id", r.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errMistake
		}
	}()
	return do()
}

// finish writes the last progress, the log and, by settle, the end down, trying for a
// while when the metadata database does not answer.
func (r *run) finish(ctx context.Context, settle func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.service.SettleTime)
	defer cancel()
	err := runs.Insist(ctx, func() error {
		_, err := r.save(ctx, r.id, r.service.RunnerID, r.state())
		return errors.Join(err, r.saveLog(ctx))
	})
	if err == nil {
		err = runs.Insist(ctx, func() error { return settle(ctx) })
	}
	if err != nil {
		return fmt.Errorf("write down how the %s %s ended: %w", r.noun, r.id, err)
	}
	return nil
}

// leave removes what the run has made and let lie anywhere.
func (r *run) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearTime)
	defer cancel()
	if err := r.service.leaveFolder(ctx, r.folder); err != nil {
		r.service.Log.Warn("left-overs remain and are looked for again", r.noun+"_id", r.id, "error", err)
	}
}

// letGo gives the lock of the run back, once its end is written down: until then others
// tell by it at once whether this process died.
func (r *run) letGo() {
	if err := r.folder.lock.Release(); err != nil {
		r.service.Log.Warn("the lock of a run that has ended remains", r.noun+"_id", r.id, "error", err)
	}
}
