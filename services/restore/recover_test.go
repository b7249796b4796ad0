package restore_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// restoreSilence is longer than a runner may be silent.
const restoreSilence = time.Minute

// killed tells a process of this test which run to begin and never to end.
const killed = "BACKUPMAN_TEST_KILLED"

// killedRun is what such a process works on.
type killedRun struct {
	Dir string
	// Shared is where scratch databases go.
	Shared string
	Phase  models.RestorePhase
	// Scratch is where a drill restores to; empty makes a restore.
	Scratch string
	Target  models.RestoreTarget
	Backup  string
	Confirm string
	Plan    models.Plan
}

// TestBeginsAndIsKilled is the process that the tests below kill.
func TestBeginsAndIsKilled(t *testing.T) {
	var k killedRun
	if err := json.Unmarshal([]byte(os.Getenv(killed)), &k); err != nil {
		t.Skip("it is run by other tests")
	}
	w := &world{t: t, dir: k.Dir, shared: k.Shared, kinds: source.Lookup}
	w.openWith(k.Plan)
	at := newStuck()
	s := w.service(arrangements[k.Phase](w, at))
	var err error
	if k.Scratch != "" {
		_, err = s.StartDrill(t.Context(), models.DrillRequest{BackupID: k.Backup, Scratch: k.Scratch})
	} else {
		_, err = s.Start(t.Context(), models.RestoreRequest{BackupID: k.Backup, Target: k.Target, Confirm: k.Confirm, Replace: true, WithoutSafety: k.Phase != models.RestoreSafety})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	select {
	case <-at.reached:
		fmt.Println("reached")
	case <-time.After(time.Minute):
		fmt.Println("nothing happens")
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// kill lets another process begin a run and kills it in a phase.
func (w *world) kill(k killedRun) {
	w.t.Helper()
	k.Dir, k.Shared, k.Plan = w.dir, w.shared, w.plan
	text, err := json.Marshal(k)
	w.must(err)
	self, err := os.Executable()
	w.must(err)
	cmd := exec.CommandContext(w.t.Context(), self, "-test.run=^TestBeginsAndIsKilled$")
	cmd.Env = append(os.Environ(), killed+"="+string(text))
	_, err = cmd.StdinPipe()
	w.must(err)
	out, err := cmd.StdoutPipe()
	w.must(err)
	w.must(cmd.Start())
	line, _ := bufio.NewReader(out).ReadString('\n')
	w.must(cmd.Process.Kill())
	_ = cmd.Wait()
	if line != "reached\n" {
		w.t.Fatalf("the other process says %q", line)
	}
}

func TestADrillWhoseProcessIsKilled(t *testing.T) {
	for phase := range arrangements {
		if phase == models.RestoreSafety {
			continue
		}
		t.Run(string(phase), func(t *testing.T) {
			w := newWorld(t, "nas")
			b := w.backUp()
			w.kill(killedRun{Phase: phase, Scratch: models.ScratchTemporary, Backup: b.ID})
			if len(w.leftOvers()) == 0 {
				t.Error("nothing was there to be swept")
			}
			w.must(w.restore.Recover(t.Context()))
			w.wantNothingLeft()
			drills, err := w.store.Drills(t.Context(), b.ID)
			if err != nil || len(drills) != 1 || drills[0].Outcome != models.DrillUnverified || !strings.Contains(drills[0].Reason, "the process that made this drill ended") {
				t.Errorf("drills: %+v (%v)", drills, err)
			}
			w.wantOutcome(w.drill(b), models.DrillProven, models.LevelEquals, "equal")
		})
	}
}

func TestARestoreWhoseProcessIsKilled(t *testing.T) {
	for phase := range arrangements {
		if phase == models.RestoreComparing {
			continue
		}
		t.Run(string(phase), func(t *testing.T) {
			w := newWorld(t, "nas")
			b := w.backUp()
			w.kill(killedRun{Phase: phase, Backup: b.ID, Target: models.RestoreTarget{Kind: models.TargetSource}, Confirm: "shop.db"})
			w.must(w.restore.Recover(t.Context()))
			w.wantNothingLeft()
			all, err := w.store.Restores(t.Context(), models.RestoreFilter{}, models.Cursor{}, 10)
			if err != nil || len(all) != 1 {
				t.Fatalf("restores: %+v (%v)", all, err)
			}
			says := "nothing was written"
			if phase == models.RestoreRestoring {
				says = "may hold a part of the backup"
			}
			w.wantFailed(all[0], "the process that made this restore ended", says)
		})
	}
}

// A file that was being restored has no name yet, and goes.
func TestAFileWhoseProcessIsKilled(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	folder := filepath.Join(w.data(), "restoring", models.NewID())
	partial := filepath.Join(w.dir, ".copy.db.0123.partial")
	w.must(os.MkdirAll(folder, 0o700))
	for _, path := range []string{partial, filepath.Join(w.dir, "kept")} {
		w.must(os.WriteFile(path, []byte("half"), 0o600))
	}
	w.must(os.WriteFile(filepath.Join(folder, "ledger.json"), fmt.Appendf(nil, `{"Partial": %q}`, partial), 0o600))
	other := filepath.Join(w.data(), "restoring", models.NewID())
	w.must(os.MkdirAll(other, 0o700))
	w.must(os.WriteFile(filepath.Join(other, "ledger.json"), fmt.Appendf(nil, `{"Partial": %q}`, filepath.Join(w.dir, "kept")), 0o600))
	w.must(w.restore.Recover(t.Context()))
	w.wantNothingLeft()
	if _, err := os.Stat(partial); err == nil {
		t.Error("half a file is left")
	}
	if _, err := os.Stat(filepath.Join(w.dir, "kept")); err != nil {
		t.Error("a file that is not ours was removed")
	}
	if _, err := os.Stat(w.copyPath("nas", b)); err != nil {
		t.Error(err)
	}
}

// What another machine runs is settled once it is silent for long, and not before.
func TestRunsOfAnotherMachine(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	now := models.Now()
	w.must(w.store.InsertDrill(t.Context(), models.Drill{ID: models.NewID(), BackupID: b.ID, Scratch: models.ScratchTemporary, Phase: models.RestoreFetching, RunnerID: models.NewID(), SeenAt: &now, CreatedAt: now}))
	w.must(w.store.InsertRestore(t.Context(), models.Restore{ID: models.NewID(), BackupID: b.ID, TargetKind: models.TargetNew, TargetSourceID: w.other, TargetName: "x",
		Status: models.StatusPending, Phase: models.RestoreRestoring, RunnerID: models.NewID(), SeenAt: &now, CreatedAt: now}))
	running := func() int {
		drills, err := w.store.RunningDrills(t.Context())
		w.must(err)
		restores, err := w.store.Restores(t.Context(), models.RestoreFilter{Status: models.StatusPending}, models.Cursor{}, 10)
		w.must(err)
		return len(drills) + len(restores)
	}
	w.must(w.restore.Recover(t.Context()))
	if n := running(); n != 2 {
		t.Errorf("%d run although they were heard of a moment ago", n)
	}
	w.silence()
	w.must(w.restore.Recover(t.Context()))
	if n := running(); n != 0 {
		t.Errorf("%d run although they are silent", n)
	}
}

// A recovery beside drills that run takes nothing away from them.
func TestTenDrillsBesideRecoveries(t *testing.T) {
	w := newWorld(t, "nas")
	var backups []models.Backup
	for range 10 {
		backups = append(backups, w.backUp())
	}
	s := w.service(restore.Options{Drills: 10})
	other := w.service(restore.Options{}) // as another process beside
	ctx, cancel := context.WithCancel(t.Context())
	var drills, recovery sync.WaitGroup
	recovery.Go(func() {
		for ctx.Err() == nil {
			if err := other.Recover(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	for _, b := range backups {
		drills.Go(func() {
			d, err := s.Drill(t.Context(), models.DrillRequest{BackupID: b.ID})
			if err != nil || d.Outcome != models.DrillProven {
				t.Errorf("%s: %s (%v)", d.Outcome, d.Reason, err)
			}
		})
	}
	drills.Wait()
	cancel()
	recovery.Wait()
	w.wantNothingLeft()
}

func TestAPlaceForScratchDatabasesThatIsSomebodyElses(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	place := filepath.Join(w.dir, "backupman-scratch-0123456789ab")
	elsewhere := t.TempDir()
	w.must(os.Symlink(elsewhere, place))
	d, err := w.restore.Drill(t.Context(), models.DrillRequest{BackupID: b.ID})
	w.must(err)
	w.wantOutcome(d, models.DrillUnverified, models.LevelDecodes, "belongs to another account")
	if entries, err := os.ReadDir(elsewhere); err != nil || len(entries) != 0 {
		t.Errorf("made there: %v (%v)", entries, err)
	}
	chosen := filepath.Join(w.dir, "chosen")
	w.must(os.MkdirAll(filepath.Join(chosen, "drill-mine"), 0o700))
	s := w.service(restore.Options{ScratchFolder: chosen})
	d, err = s.Drill(t.Context(), models.DrillRequest{BackupID: b.ID})
	w.must(err)
	w.wantOutcome(d, models.DrillProven, models.LevelEquals, "equal")
	w.must(s.Recover(t.Context()))
	if entries, err := os.ReadDir(chosen); err != nil || len(entries) != 1 {
		t.Errorf("the chosen folder holds %v (%v)", entries, err)
	}
}

func TestWhatCantBeWrittenDownIsSettledLater(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	s := w.service(restore.Options{Store: awayAtTheEnd{w.store}, SettleTime: time.Millisecond})
	if _, err := s.Drill(t.Context(), models.DrillRequest{BackupID: b.ID}); err == nil {
		t.Error("nobody is told")
	}
	w.silence()
	later := w.service(restore.Options{})
	w.must(later.Recover(t.Context()))
	drills, err := w.store.Drills(t.Context(), b.ID)
	if err != nil || len(drills) != 1 || drills[0].Running() {
		t.Errorf("drills: %+v (%v)", drills, err)
	}
}

// awayAtTheEnd takes no ends down.
type awayAtTheEnd struct{ restore.Store }

func (awayAtTheEnd) SettleDrill(context.Context, models.Drill) error { return errors.New("away") }

// A folder for scratch databases that people name may hold their own.
func TestFoldersOfOthersAreNotSwept(t *testing.T) {
	w := newWorld(t, "nas")
	named, elsewhere := filepath.Join(w.dir, "named"), filepath.Join(w.dir, "elsewhere")
	kept := []string{filepath.Join(named, "drill-2025"), filepath.Join(named, "drill-bits"), filepath.Join(elsewhere, "drill-0123456789ab")}
	gone := []string{filepath.Join(named, "drill-0123456789ab"), filepath.Join(w.data(), "scratch", "drill-123456")}
	for _, folder := range append(kept, gone...) {
		w.must(os.MkdirAll(folder, 0o700))
	}
	w.must(os.Symlink(elsewhere, filepath.Join(w.sharedFolder(), "backupman-scratch-0123456789ab")))
	w.must(w.service(restore.Options{ScratchFolder: named}).Recover(t.Context()))
	for _, folder := range kept {
		if _, err := os.Stat(folder); err != nil {
			t.Error(err)
		}
	}
	for _, folder := range gone {
		if _, err := os.Stat(folder); err == nil {
			t.Errorf("%s is left", folder)
		}
	}
}

// lockedStore looks at the lock of a run in the moment in which its end is written down.
type lockedStore struct {
	*store.Store
	folder string
	states chan disk.Holder
}

func (s lockedStore) look(id string) error {
	state, err := disk.LookAt(filepath.Join(s.folder, id+".lock"))
	s.states <- state
	return err
}

func (s lockedStore) SettleDrill(ctx context.Context, d models.Drill) error {
	return errors.Join(s.look(d.ID), s.Store.SettleDrill(ctx, d))
}

func (s lockedStore) SettleRestore(ctx context.Context, id string, status models.Status, text, warnings string, took time.Duration, at time.Time) error {
	return errors.Join(s.look(id), s.Store.SettleRestore(ctx, id, status, text, warnings, took, at))
}

// TestARunKeepsItsLockUntilItsEndIsWrittenDown: a process killed before that is known to be
// dead at once, and not after half a minute of silence.
func TestARunKeepsItsLockUntilItsEndIsWrittenDown(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	states := make(chan disk.Holder, 2)
	s := w.service(restore.Options{Store: lockedStore{w.store, filepath.Join(w.data(), "restoring"), states}})
	w.wantOutcome(w.drillBy(s, b), models.DrillProven, models.LevelEquals, "4 tables")
	_, err := s.Run(t.Context(), w.into(b, models.RestoreTarget{Kind: models.TargetNew, Name: "copy.db"}))
	w.must(err)
	w.wantNothingLeft()
	for range 2 {
		if state := <-states; state != disk.HolderAlive {
			t.Errorf("the lock is in the state %d while the end of its run is written down", state)
		}
	}
}
