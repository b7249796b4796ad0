package restore_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
)

// stuck blocks until its context ends, and tells when it began to.
type stuck struct{ reached chan struct{} }

func newStuck() *stuck { return &stuck{make(chan struct{}, 1)} }

func (s *stuck) until(ctx context.Context) error {
	s.reached <- struct{}{}
	<-ctx.Done()
	return errors.New("killed")
}

// slowBackups never finish.
type slowBackups struct {
	*backup.Service
	at *stuck
}

func (b slowBackups) Finish(ctx context.Context, _ string) (models.Backup, error) {
	return models.Backup{}, b.at.until(ctx)
}

// arrangements hold a run up in each of its phases.
var arrangements = map[models.RestorePhase]func(w *world, at *stuck) restore.Options{
	models.RestoreFetching: func(w *world, at *stuck) restore.Options {
		return restore.Options{Copies: brokenCopies{w.backups, func(ctx context.Context, r io.ReadCloser) (io.ReadCloser, error) { return r, at.until(ctx) }}}
	},
	models.RestoreChecking: func(w *world, at *stuck) restore.Options {
		w.changed(func(k *source.Kind) {
			k.Read = func(ctx context.Context, _ io.Reader, _ string) (models.Inventory, error) {
				return models.Inventory{}, at.until(ctx)
			}
		})
		return restore.Options{}
	},
	models.RestoreSafety: func(w *world, at *stuck) restore.Options {
		return restore.Options{Backups: slowBackups{w.backups, at}}
	},
	models.RestoreRestoring: func(w *world, at *stuck) restore.Options {
		w.targets(func(t *target) {
			t.restore = func(ctx context.Context, _ source.RestoreRequest) error { return at.until(ctx) }
		})
		return restore.Options{}
	},
	models.RestoreComparing: func(w *world, at *stuck) restore.Options {
		w.changed(func(k *source.Kind) {
			open := k.Open
			k.Open = func(label string, s models.Settings) (source.Source, error) {
				real, err := open(label, s)
				if label == "scratch" {
					real = stuckSource{real, at}
				}
				return real, err
			}
		})
		return restore.Options{}
	},
}

type stuckSource struct {
	source.Source
	at *stuck
}

func (s stuckSource) Dump(ctx context.Context, _ source.DumpRequest) (models.Inventory, error) {
	return models.Inventory{}, s.at.until(ctx)
}

// ways are the ways to stop a run, and what is said then.
var ways = map[string]struct {
	stop func(w *world, s *restore.Service, cancel func() error) error
	says string
}{
	"cancelled":     {func(_ *world, _ *restore.Service, cancel func() error) error { return cancel() }, "it was cancelled"},
	"the end comes": {func(_ *world, s *restore.Service, _ func() error) error { return s.Close() }, "the program was ended"},
}

func TestStoppedRestores(t *testing.T) {
	left := map[models.RestorePhase]string{models.RestoreRestoring: "may hold a part of the backup"}
	for phase, arrange := range arrangements {
		if phase == models.RestoreComparing {
			continue // restores compare nothing
		}
		for name, way := range ways {
			t.Run(string(phase)+" "+name, func(t *testing.T) {
				w, at := newWorld(t, "nas"), newStuck()
				b := w.backUp()
				req := w.into(b, models.RestoreTarget{Kind: models.TargetSource})
				req.Replace, req.WithoutSafety = true, phase != models.RestoreSafety
				s := w.service(arrange(w, at))
				r, err := s.Start(t.Context(), req)
				w.must(err)
				<-at.reached
				w.must(way.stop(w, s, func() error { return s.Cancel(t.Context(), r.ID) }))
				stored := w.settledRestore(r.ID)
				says := left[phase]
				if says == "" {
					says = "nothing was written"
				}
				w.wantFailed(stored, way.says, says)
				if stored.Phase != phase {
					t.Errorf("it stopped while %s", stored.Phase)
				}
				w.must(s.Close())
				w.wantNothingLeft()
				if n := w.rows(w.shop, "SELECT count(*) FROM orders"); n != 15_000 {
					t.Errorf("the target has %d rows", n)
				}
				if err := s.Cancel(t.Context(), r.ID); !errors.Is(err, models.ErrConflict) {
					t.Errorf("cancelled again: %v", err)
				}
			})
		}
	}
}

func (w *world) settledRestore(id string) models.Restore {
	w.t.Helper()
	for {
		r, err := w.store.Restore(w.t.Context(), id)
		w.must(err)
		if r.Status.Settled() {
			return r
		}
		pause(w.t)
	}
}

func TestStoppedDrills(t *testing.T) {
	for phase, arrange := range arrangements {
		if phase == models.RestoreSafety {
			continue // drills overwrite nothing
		}
		for name, way := range ways {
			t.Run(string(phase)+" "+name, func(t *testing.T) {
				w, at := newWorld(t, "nas"), newStuck()
				b := w.backUp()
				s := w.service(arrange(w, at))
				d, err := s.StartDrill(t.Context(), models.DrillRequest{BackupID: b.ID})
				w.must(err)
				<-at.reached
				w.must(way.stop(w, s, func() error { return s.CancelDrill(t.Context(), d.ID) }))
				stored := w.settled(d.ID)
				if stored.Outcome != models.DrillUnverified || stored.Reason == "" || stored.Phase != phase {
					t.Errorf("%s while %s: %s", stored.Outcome, stored.Phase, stored.Reason)
				}
				w.must(s.Close())
				w.wantNothingLeft()
			})
		}
	}
}

// A person who cancels may talk to another process than the one that runs it.
func TestCancelledThroughAnotherProcess(t *testing.T) {
	w, at := newWorld(t, "nas"), newStuck()
	b := w.backUp()
	s := w.service(arrangements[models.RestoreFetching](w, at))
	d, err := s.StartDrill(t.Context(), models.DrillRequest{BackupID: b.ID})
	w.must(err)
	<-at.reached
	w.must(w.service(restore.Options{}).CancelDrill(t.Context(), d.ID))
	w.wantOutcome(w.settled(d.ID), models.DrillUnverified, models.LevelNone, "it was cancelled")
}

func TestACommandThatIsStoppedSettlesItsRestore(t *testing.T) {
	w, at := newWorld(t, "nas"), newStuck()
	b := w.backUp()
	req := w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"})
	s := w.service(arrangements[models.RestoreRestoring](w, at))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-at.reached; cancel() }()
	r, err := s.Run(ctx, req)
	w.must(err)
	w.wantFailed(r, "stopped", "was dropped again")
	if w.rows(filepath.Join(filepath.Dir(w.shop), "copy.db"), "SELECT 1") != -1 {
		t.Error("the new database is there")
	}
	w.wantNothingLeft()
}

// Of three restores two run, and the third waits and may be cancelled.
func TestRestoresTakeTurns(t *testing.T) {
	w, at := newWorld(t, "nas"), &stuck{make(chan struct{}, 3)}
	b := w.backUp()
	s := w.service(arrangements[models.RestoreFetching](w, at))
	var ids []string
	for _, name := range []string{"a.db", "b.db", "c.db", "d.db"} {
		r, err := s.Start(t.Context(), w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: name}))
		w.must(err)
		ids = append(ids, r.ID)
	}
	<-at.reached
	<-at.reached
	w.must(s.Cancel(t.Context(), ids[2]))
	if r := w.settledRestore(ids[2]); r.Phase != models.RestoreQueued || r.Status != models.StatusFailed {
		t.Errorf("the one that waits: %s while %s: %s", r.Status, r.Phase, r.Error)
	}
	w.must(s.Cancel(t.Context(), ids[0]))
	<-at.reached // the fourth has its turn
	w.must(s.Close())
	for _, id := range ids {
		w.wantFailed(w.settledRestore(id))
	}
	_, err := s.Start(t.Context(), w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "e.db"}))
	if !errors.Is(err, models.ErrConflict) {
		t.Errorf("after the end: %v", err)
	}
	w.wantNothingLeft()
}
