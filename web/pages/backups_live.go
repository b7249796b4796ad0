package pages

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
)

// BackupLive answers GET /backups/:id/live with what changes while a backup is pending, and
// with the whole page below its head once it is settled. Many pages ask every few seconds, so
// that it reads no more than it shows, and says nothing where nothing was read since.
func (h *Handlers) BackupLive(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	f := backups.RunFacts{Earlier: backups.ParseLook(c.Request.URL.Query())}
	from := max(0, f.Earlier.Log-recentLog)
	run, err := h.watchedRun(ctx, id, from)
	if err != nil {
		return err
	}
	if run.backup.Status.Settled() {
		return h.settledLive(c)
	}
	if h.Shared > 0 && f.Earlier.At.UnixMilli() == run.at.UnixMilli() {
		c.Status(http.StatusNoContent)
		return nil
	}
	f.Backup, f.ReadAt = run.backup, run.at
	if f.Known, err = h.lately.known(ctx, f.Backup, h.Now(), h.known); err != nil {
		return err
	}
	if f.Recent, f.LogLength, err = h.logSince(ctx, run, f.Earlier.Log); err != nil {
		return err
	}
	f.Log = f.Recent
	if f.LogLength >= f.Earlier.Log {
		f.Log = f.Recent[min(f.Earlier.Log-from, len(f.Recent)):]
	}
	return Render(c, http.StatusOK, backups.RunFragment(backups.NewRun(f, h.Now())))
}

// logSince returns the end of a log, from recentLog bytes before what a page has of it, or all
// of it when it is shorter than that by now, and how long it is.
func (h *Handlers) logSince(ctx context.Context, run watchedRun, shown int) (string, int, error) {
	from := max(0, shown-recentLog)
	if run.from != noLog && run.from <= from && (shown <= run.length || run.from == 0) {
		if shown > run.length {
			from = 0
		}
		return run.log[min(from-run.from, len(run.log)):], run.length, nil
	}
	text, length, err := h.History.LogFrom(ctx, run.backup.ID, from)
	if err != nil {
		return "", 0, fmt.Errorf("read log of backup %s: %w", run.backup.ID, err)
	}
	return text, length, nil
}

// settledLive takes the place of the whole page below its head.
func (h *Handlers) settledLive(c *gin.Context) error {
	view, err := h.detail(c)
	if err != nil {
		return err
	}
	view.Rest.Swapped = true
	c.Header("HX-Retarget", "#backup-body")
	return Render(c, http.StatusOK, backups.SettledFragment(view))
}

// recentLog is how many bytes of the log, before what the page lacks, tell what drives wait for.
const recentLog = 4 << 10

// latelyTime is how long what is known beside a running backup is not asked for again.
const latelyTime = 10 * time.Second

// latelyMost bounds for how many jobs it is remembered.
const latelyMost = 1000

// lately remembers for a moment what is known beside backups that many people watch: the
// labels of drives, and how the last run of the job went.
type lately struct {
	mu sync.Mutex
	of map[string]latelyKnown // by the job's id
}

type latelyKnown struct {
	known backups.Known
	at    time.Time
}

func (l *lately) known(ctx context.Context, b models.Backup, now time.Time, ask func(context.Context, models.Backup) (backups.Known, error)) (backups.Known, error) {
	l.mu.Lock()
	k, there := l.of[b.JobID]
	l.mu.Unlock()
	if there && now.Sub(k.at) < latelyTime {
		return k.known, nil
	}
	known, err := ask(ctx, b)
	if err != nil {
		return known, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil || len(l.of) >= latelyMost {
		l.of = map[string]latelyKnown{}
	}
	l.of[b.JobID] = latelyKnown{known: known, at: now}
	return known, nil
}

// watchedRun is a pending backup as it was read for all who watch it.
type watchedRun struct {
	backup models.Backup
	// log is what the log has from a byte on, or from noLog when it was not read, and length how
	// many bytes all of it has.
	log          string
	from, length int
	at           time.Time
}

// noLog asks for no more of a log than others want.
const noLog = -1

// watchedRun returns a run as it was read lately, and its log from a byte on where it is read
// for this.
func (h *Handlers) watchedRun(ctx context.Context, id string, from int) (watchedRun, error) {
	one := h.watched.one(id)
	if from >= 0 {
		one.from.Store(int64(from))
	}
	return one.get(ctx, h.Shared, func(ctx context.Context) (r watchedRun, err error) {
		r.at, r.from = h.Now(), int(one.from.Load())
		if r.backup, err = h.History.Backup(ctx, id); err != nil || r.backup.Status.Settled() || r.from == noLog {
			return r, err
		}
		if r.log, r.length, err = h.History.LogFrom(ctx, id, r.from); err != nil {
			return r, fmt.Errorf("read log of backup %s: %w", id, err)
		}
		if r.length < r.from {
			r.from = 0
		}
		return r, nil
	})
}

// watched are backups that several people watch at once, each of which is read for all of
// them. The zero value is ready.
type watched struct {
	mu sync.Mutex
	of map[string]*watchedOne
}

// watchedOne is one of them.
type watchedOne struct {
	shared[watchedRun]
	// from is the byte from which on the log was wanted last; noLog when nobody wants it.
	from atomic.Int64
}

func (w *watched) one(id string) *watchedOne {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil || len(w.of) >= latelyMost {
		w.of = map[string]*watchedOne{}
	}
	one, there := w.of[id]
	if !there {
		one = &watchedOne{}
		one.from.Store(noLog)
		w.of[id] = one
	}
	return one
}

// changed says that what was read until now is no longer so.
func (w *watched) changed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of = nil
}
