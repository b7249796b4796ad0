package pages

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
)

// BackupLive answers GET /backups/:id/live with what changes while a backup is pending, and
// with the whole page below its head once it is settled. Many pages ask every two seconds, so
// that it reads no more than it shows.
func (h *Handlers) BackupLive(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	f := backups.RunFacts{Earlier: backups.ParseLook(c.Request.URL.Query())}
	if f.Backup, err = h.watched.backup(ctx, id, h.Shared/2, h.History.Backup); err != nil {
		return err
	}
	if f.Backup.Status.Settled() {
		return h.settledLive(c)
	}
	if f.Known, err = h.lately.known(ctx, f.Backup, h.Now(), h.known); err != nil {
		return err
	}
	from := max(0, f.Earlier.Log-recentLog)
	if f.Recent, f.LogLength, err = h.History.LogFrom(ctx, id, from); err != nil {
		return fmt.Errorf("read log of backup %s: %w", id, err)
	}
	f.Log = f.Recent
	if f.LogLength >= f.Earlier.Log {
		f.Log = f.Recent[min(f.Earlier.Log-from, len(f.Recent)):]
	}
	return Render(c, http.StatusOK, backups.RunFragment(backups.NewRun(f, h.Now())))
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

// watched are backups that several people watch at once, each of which is read for all of
// them. The zero value is ready.
type watched struct {
	mu sync.Mutex
	of map[string]*shared[models.Backup]
}

// backup returns what read has returned of a backup at most so long ago.
func (w *watched) backup(ctx context.Context, id string, oldest time.Duration, read func(context.Context, string) (models.Backup, error)) (models.Backup, error) {
	w.mu.Lock()
	if w.of == nil || len(w.of) >= latelyMost {
		w.of = map[string]*shared[models.Backup]{}
	}
	one, there := w.of[id]
	if !there {
		one = &shared[models.Backup]{}
		w.of[id] = one
	}
	w.mu.Unlock()
	return one.get(ctx, oldest, func(ctx context.Context) (models.Backup, error) { return read(ctx, id) })
}

// changed says that what was read until now is no longer so.
func (w *watched) changed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of = nil
}
