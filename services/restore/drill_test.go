package restore_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
)

func (w *world) drill(b models.Backup) models.Drill {
	w.t.Helper()
	return w.drillBy(w.restore, b)
}

func (w *world) drillBy(s *restore.Service, b models.Backup) models.Drill {
	w.t.Helper()
	d, err := s.Drill(w.t.Context(), models.DrillRequest{BackupID: b.ID, Trigger: models.TriggerCLI})
	w.must(err)
	stored, err := w.store.Drill(w.t.Context(), d.ID)
	w.must(err)
	if stored.Outcome != d.Outcome || stored.Reason != d.Reason || stored.SettledAt == nil || stored.Level != d.Level {
		w.t.Errorf("recorded %+v, returned %+v", stored, d)
	}
	w.wantNothingLeft()
	return stored
}

func (w *world) wantOutcome(d models.Drill, outcome models.DrillOutcome, level models.ProofLevel, says string) {
	w.t.Helper()
	if d.Outcome != outcome || d.Level != level || !strings.Contains(d.Reason, says) {
		w.t.Errorf("%s at level %q: %s", d.Outcome, d.Level, d.Reason)
	}
}

func TestADrillProvesAGoodBackup(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	d := w.drill(b)
	w.wantOutcome(d, models.DrillProven, models.LevelEquals, "4 tables")
	if d.RestoreTook <= 0 || d.Duration < d.RestoreTook || d.DriveFileID != b.DriveFiles[0].ID || d.Server == "" || d.Scratch != models.ScratchTemporary {
		t.Errorf("got %+v", d)
	}
	now, err := w.store.Backup(t.Context(), b.ID)
	if err != nil || now.ProvenAt == nil || now.ProofLevel != models.LevelEquals || now.RestoreTook != d.RestoreTook {
		t.Errorf("the backup says %+v (%v)", now, err)
	}
	if text, err := w.store.LogText(t.Context(), d.ID); err != nil || !strings.Contains(text, "restored in") {
		t.Errorf("the log is %q (%v)", text, err)
	}
}

func TestADrillDisprovesDamagedCopies(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"truncated":      func(p []byte) []byte { return p[:len(p)/2] },
		"one byte short": func(p []byte) []byte { return p[:len(p)-1] },
		"one byte more":  func(p []byte) []byte { return append(p, 0) },
		"a flipped bit":  flip,
		"empty":          func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas")
			b := w.backUp()
			w.spoil("nas", b, spoil)
			w.wantOutcome(w.drill(b), models.DrillDisproven, models.LevelNone, "no copy is good")
		})
	}
}

// lyingStore tells another manifest than the one that was made.
type lyingStore struct {
	restore.Store
	lie func(*models.Manifest)
}

func (s lyingStore) Manifest(ctx context.Context, id string) (models.Manifest, error) {
	m, err := s.Store.Manifest(ctx, id)
	s.lie(&m)
	return m, err
}

func TestADrillDisprovesAManifestThatLies(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	for name, c := range map[string]struct {
		lie  func(*models.Manifest)
		says string
	}{
		"another SHA-256": {func(m *models.Manifest) { m.File.SHA256 = "00" }, "SHA-256"},
		"another length":  {func(m *models.Manifest) { m.File.RawSize++ }, "bytes long when it is unpacked"},
		"a row too many":  {func(m *models.Manifest) { m.Inventory.Tables[0].Rows-- }, "rows and the manifest says"},
		"other rows":      {func(m *models.Manifest) { m.Inventory.Tables[1].SHA256 = "00" }, "are not those of the manifest"},
		"a lost table": {func(m *models.Manifest) {
			m.Inventory.Tables = append(m.Inventory.Tables, models.TableDigest{Name: "lost"})
		}, "the rows of table lost are missing"},
		"a table more": {func(m *models.Manifest) { m.Inventory.Tables = m.Inventory.Tables[1:] }, "not in the manifest"},
		"a lost trigger": {func(m *models.Manifest) {
			m.Inventory.Objects = append(m.Inventory.Objects, models.Object{Kind: "trigger", Name: "audit"})
		}, "trigger audit is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			d := w.drillBy(w.service(restore.Options{Store: lyingStore{w.store, c.lie}}), b)
			if d.Outcome != models.DrillDisproven || !strings.Contains(d.Reason, c.says) {
				t.Errorf("%s: %s", d.Outcome, d.Reason)
			}
			if d.RestoreTook != 0 {
				t.Error("it was restored all the same")
			}
		})
	}
}

// changed puts other kinds in the place of the real ones.
func (w *world) changed(change func(*source.Kind)) {
	w.kinds = func(provider string) (source.Kind, error) {
		k, err := source.Lookup(provider)
		change(&k)
		return k, err
	}
}

// target is a real target of which a test changes what it needs to.
type target struct {
	source.Target
	restore func(ctx context.Context, req source.RestoreRequest) error
	views   func() ([]string, error)
	look    func(models.TargetState) (models.TargetState, error)
	drop    func() error
}

func (t target) Drop(ctx context.Context) error {
	if t.drop != nil {
		if err := t.drop(); err != nil {
			return err
		}
	}
	return t.Target.Drop(ctx)
}

func (t target) Restore(ctx context.Context, req source.RestoreRequest) error {
	if t.restore != nil {
		return t.restore(ctx, req)
	}
	return t.Target.Restore(ctx, req)
}

func (t target) TryViews(ctx context.Context) ([]string, error) {
	if t.views != nil {
		return t.views()
	}
	return t.Target.TryViews(ctx)
}

func (t target) Look(ctx context.Context) (models.TargetState, error) {
	state, err := t.Target.Look(ctx)
	if err == nil && t.look != nil {
		return t.look(state)
	}
	return state, err
}

func (t target) SameServer(ctx context.Context, other source.Target) (bool, error) {
	if o, ok := other.(target); ok {
		other = o.Target
	}
	return t.Target.SameServer(ctx, other)
}

func (w *world) targets(change func(*target)) {
	w.changed(func(k *source.Kind) {
		open := k.OpenTarget
		k.OpenTarget = func(label string, s models.Settings) (source.Target, error) {
			real, err := open(label, s)
			t := target{Target: real}
			change(&t)
			return t, err
		}
	})
}

// again is another backup's source for the second dump of a drill.
func (w *world) dumpsAgain(change func(*models.Inventory) error) {
	w.changed(func(k *source.Kind) {
		open := k.Open
		k.Open = func(label string, s models.Settings) (source.Source, error) {
			real, err := open(label, s)
			if label != "scratch" {
				return real, err
			}
			return redumped{real, change}, err
		}
	})
}

type redumped struct {
	source.Source
	change func(*models.Inventory) error
}

func (r redumped) Dump(ctx context.Context, req source.DumpRequest) (models.Inventory, error) {
	inv, err := r.Source.Dump(ctx, req)
	if err == nil {
		err = r.change(&inv)
	}
	return inv, err
}

func TestWhatADrillFinds(t *testing.T) {
	for name, c := range map[string]struct {
		arrange func(w *world)
		outcome models.DrillOutcome
		level   models.ProofLevel
		says    string
	}{
		"the client stumbles over the dump": {func(w *world) {
			w.targets(func(t *target) {
				t.restore = func(context.Context, source.RestoreRequest) error { return models.Invalidf("syntax error near line 7") }
			})
		}, models.DrillDisproven, models.LevelDecodes, "the dump does not restore: syntax error near line 7"},
		"the server lacks an extension": {func(w *world) {
			w.targets(func(t *target) {
				t.restore = func(context.Context, source.RestoreRequest) error {
					return &source.TargetLeft{Cause: source.Incapablef("the extension postgis is not installed")}
				}
			})
		}, models.DrillUnverified, models.LevelDecodes, "postgis"},
		"the server takes nothing at all": {func(w *world) {
			w.targets(func(t *target) {
				t.restore = func(context.Context, source.RestoreRequest) error {
					return &source.TargetLeft{Cause: models.Invalidf("the account lacks INSERT"), Untouched: true}
				}
			})
		}, models.DrillUnverified, models.LevelDecodes, "lacks INSERT"},
		"the server goes away": {func(w *world) {
			w.targets(func(t *target) {
				gone := false
				t.restore = func(context.Context, source.RestoreRequest) error { gone = true; return models.Invalidf("broken pipe") }
				t.look = func(s models.TargetState) (models.TargetState, error) {
					if gone {
						return s, errors.New("connection refused")
					}
					return s, nil
				}
			})
		}, models.DrillUnverified, models.LevelDecodes, "went away"},
		"the server can't be restored into": {func(w *world) {
			w.targets(func(t *target) {
				t.look = func(s models.TargetState) (models.TargetState, error) {
					s.Problems = []string{"the account may not create"}
					return s, nil
				}
			})
		}, models.DrillUnverified, models.LevelDecodes, "may not create"},
		"no server is installed": {func(w *world) {
			w.changed(func(k *source.Kind) {
				k.StartScratch = func(context.Context, source.ScratchRequest) (source.Scratch, error) {
					return source.Scratch{}, source.Incapablef("mariadbd is not installed")
				}
			})
		}, models.DrillUnverified, models.LevelDecodes, "mariadbd is not installed"},
		"a view can't be read": {func(w *world) {
			w.targets(func(t *target) {
				t.views = func() ([]string, error) { return []string{"the view v can't be read"}, nil }
			})
		}, models.DrillUnverified, models.LevelRestores, "the view v can't be read"},
		"rows come out otherwise": {func(w *world) {
			w.dumpsAgain(func(i *models.Inventory) error { i.Tables[0].SHA256 = "00"; return nil })
		}, models.DrillDisproven, models.LevelRestores, "are not those of the manifest"},
		"another tool writes them otherwise": {func(w *world) {
			w.dumpsAgain(func(i *models.Inventory) error { i.Tables[0].SHA256, i.ToolVersion = "00", "99.1"; return nil })
		}, models.DrillUnverified, models.LevelRestores, "99.1"},
		"another tool, and a row too few": {func(w *world) {
			w.dumpsAgain(func(i *models.Inventory) error { i.Tables[0].Rows--; i.ToolVersion = "99.1"; return nil })
		}, models.DrillDisproven, models.LevelRestores, "rows and the manifest says"},
		"a definition in other words": {func(w *world) {
			w.dumpsAgain(func(i *models.Inventory) error { i.Objects[0].Definition = "ff"; return nil })
		}, models.DrillProven, models.LevelEquals, "1 of the objects are worded in another way"},
		"an index is lost": {func(w *world) {
			w.dumpsAgain(func(i *models.Inventory) error { i.Objects = i.Objects[1:]; return nil })
		}, models.DrillDisproven, models.LevelRestores, "is missing"},
		"it can't be dumped again": {func(w *world) {
			w.dumpsAgain(func(*models.Inventory) error { return errors.New("exit status 2") })
		}, models.DrillUnverified, models.LevelRestores, "can't be dumped again"},
		"it does not unpack": {func(w *world) {
			w.changed(func(k *source.Kind) {
				k.Read = func(context.Context, io.Reader, string) (models.Inventory, error) {
					return models.Inventory{}, models.Invalidf("the dump is not whole")
				}
			})
		}, models.DrillDisproven, models.LevelStored, "the dump is not whole"},
		"a mistake of ours": {func(w *world) {
			w.targets(func(t *target) { t.views = func() ([]string, error) { panic("oops") } })
		}, models.DrillUnverified, models.LevelRestores, "made a mistake"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "nas")
			b := w.backUp()
			c.arrange(w)
			w.wantOutcome(w.drill(b), c.outcome, c.level, c.says)
		})
	}
}

func TestADriveThatBreaksOffDisprovesNothing(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	s := w.service(restore.Options{Copies: brokenCopies{w.backups, func(_ context.Context, r io.ReadCloser) (io.ReadCloser, error) {
		return struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(r, 1000), iotest.ErrReader(errors.New("connection reset"))), r}, nil
	}}})
	w.wantOutcome(w.drillBy(s, b), models.DrillUnverified, models.LevelNone, "connection reset")
	if now, _ := w.store.Backup(t.Context(), b.ID); now.Status != models.StatusFinished {
		t.Errorf("the backup is %s: %s", now.Status, now.Error)
	}
}

func TestADamagedCopyIsToldAndTheNextOneRead(t *testing.T) {
	w := newWorld(t, "anas", "offsite")
	b := w.backUp()
	first := b.DriveFiles[0]
	w.spoil("anas", b, flip)
	w.spoil("offsite", b, func(p []byte) []byte { return p })
	w.exec(filepath.Join(w.dir, "meta.db"), "UPDATE drive_files SET verified_at = '2020-01-01 00:00:00' WHERE id <> '"+first.ID+"'")
	d := w.drill(b)
	w.wantOutcome(d, models.DrillProven, models.LevelEquals, "equal")
	if d.DriveFileID == first.ID {
		t.Error("the damaged copy was read")
	}
	now, err := w.store.Backup(t.Context(), b.ID)
	if err != nil || now.DriveFiles[0].Status != models.StatusFailed || now.DriveFiles[0].HealAt == nil || now.DriveFiles[1].Status != models.StatusFinished {
		t.Errorf("copies: %+v (%v)", now.DriveFiles, err)
	}
	// What is left is enough to restore from, although the backup has failed.
	w.wantFinished(w.run(w.into(b, models.RestoreTarget{Kind: models.TargetFile})))
}

// slowVerify is Copies that looks at a copy only once no drill runs any more.
type slowVerify struct {
	*backup.Service
	w *world
}

func (c slowVerify) Verify(ctx context.Context, backupID, driveFileID string) ([]models.CopyVerdict, error) {
	for {
		running, err := c.w.store.RunningDrills(ctx)
		if err != nil {
			return nil, err
		}
		if len(running) == 0 {
			return c.Service.Verify(ctx, backupID, driveFileID)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A drill is over long before a large copy was looked at once more.
func TestADamagedCopyIsMarkedAfterTheDrillHasEnded(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.spoil("nas", b, flip)
	s := w.service(restore.Options{Copies: slowVerify{w.backups, w}})
	w.wantOutcome(w.drillBy(s, b), models.DrillDisproven, models.LevelNone, "no copy is good")
	now, err := w.store.Backup(t.Context(), b.ID)
	if err != nil || now.DriveFiles[0].Status != models.StatusFailed {
		t.Errorf("the damaged copy is %s (%v)", now.DriveFiles[0].Status, err)
	}
}

// What is wrong with one copy says nothing about a backup that has others.
func TestADrillOfOneDamagedCopyDisprovesNothing(t *testing.T) {
	w := newWorld(t, "anas", "offsite")
	b := w.backUp()
	w.spoil("anas", b, flip)
	w.spoil("offsite", b, func(p []byte) []byte { return p })
	d, err := w.restore.Drill(t.Context(), models.DrillRequest{BackupID: b.ID, DriveFileID: b.DriveFiles[0].ID})
	w.must(err)
	w.wantOutcome(d, models.DrillUnverified, models.LevelNone, "1 more of this backup may be good")
	now, err := w.store.Backup(t.Context(), b.ID)
	if err != nil || now.DisprovenAt != nil || now.DriveFiles[0].Status != models.StatusFailed {
		t.Errorf("disproven at %v, the damaged copy is %s (%v)", now.DisprovenAt, now.DriveFiles[0].Status, err)
	}
	alarms, err := w.store.Alarms(t.Context(), true)
	if err != nil || len(alarms) != 0 {
		t.Errorf("alarms: %+v (%v)", alarms, err)
	}
	w.wantOutcome(w.drill(b), models.DrillProven, models.LevelEquals, "equal")
}

func TestOneDrillOfABackupAtATime(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	hold, held := make(chan struct{}), make(chan struct{})
	w.targets(func(t *target) {
		t.views = func() ([]string, error) { close(held); <-hold; return nil, nil }
	})
	d, err := w.restore.StartDrill(t.Context(), models.DrillRequest{BackupID: b.ID})
	w.must(err)
	<-held
	if _, err := w.restore.StartDrill(t.Context(), models.DrillRequest{BackupID: b.ID}); !errors.Is(err, models.ErrConflict) {
		t.Errorf("a second drill: %v", err)
	}
	close(hold)
	w.wantOutcome(w.settled(d.ID), models.DrillProven, models.LevelEquals, "equal")
}

// settled waits for a drill to end.
func (w *world) settled(id string) models.Drill {
	w.t.Helper()
	for {
		d, err := w.store.Drill(w.t.Context(), id)
		w.must(err)
		if !d.Running() {
			return d
		}
		pause(w.t)
	}
}

func pause(t *testing.T) {
	t.Helper()
	select {
	case <-t.Context().Done():
		t.Fatal("the test ended")
	case <-time.After(10 * time.Millisecond):
	}
}

func TestDrillsThatCannotBegin(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	if _, err := w.restore.StartDrill(t.Context(), models.DrillRequest{BackupID: models.NewID()}); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("no such backup: %v", err)
	}
	if _, err := w.restore.StartDrill(t.Context(), models.DrillRequest{BackupID: b.ID, DriveFileID: models.NewID()}); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("no such copy: %v", err)
	}
	w.must(os.Remove(w.copyPath("nas", b)))
	if _, err := w.backups.Verify(t.Context(), b.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.restore.StartDrill(t.Context(), models.DrillRequest{BackupID: b.ID}); !errors.Is(err, models.ErrConflict) {
		t.Errorf("no finished copy: %v", err)
	}
	w.wantNothingLeft()
}

func TestTheDrillOfASlot(t *testing.T) {
	w := newWorld(t, "nas")
	if err := w.restore.DrillSlot(t.Context(), w.job.ID, time.Now()); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("without a backup: %v", err)
	}
	w.backUp()
	newest := w.backUp()
	w.must(w.restore.DrillSlot(t.Context(), w.job.ID, time.Now()))
	drills, err := w.store.Drills(t.Context(), newest.ID)
	if err != nil || len(drills) != 1 || drills[0].Trigger != models.TriggerSchedule {
		t.Fatalf("drills: %+v (%v)", drills, err)
	}
	w.wantOutcome(w.settled(drills[0].ID), models.DrillProven, models.LevelEquals, "equal")
}

func TestADrillStopsBeforeADiskIsFull(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	scratchFree := make(chan int64, 1)
	scratchFree <- 1 << 40
	s := w.service(restore.Options{Space: func(path string) (disk.Space, error) {
		free := <-scratchFree
		scratchFree <- free
		return disk.Space{Free: free, Total: 1 << 41}, nil
	}})
	w.targets(func(t *target) {
		t.restore = func(ctx context.Context, _ source.RestoreRequest) error {
			<-scratchFree
			scratchFree <- 1 << 20
			<-ctx.Done()
			return errors.New("killed")
		}
	})
	w.wantOutcome(w.drillBy(s, b), models.DrillUnverified, models.LevelDecodes, "free space there")
}

func TestADrillThatTakesTooLong(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	w.targets(func(t *target) {
		t.restore = func(ctx context.Context, _ source.RestoreRequest) error { <-ctx.Done(); return errors.New("killed") }
	})
	d := w.drillBy(w.service(restore.Options{DrillTime: time.Second}), b)
	if d.Outcome != models.DrillUnverified || !strings.Contains(d.Reason, "it took longer than 1s") {
		t.Errorf("%s: %s", d.Outcome, d.Reason)
	}
}
