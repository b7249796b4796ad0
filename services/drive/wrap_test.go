package drive_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
)

// quick tries again at once.
var quick = drive.Policy{Attempts: 3}

// fakeDrive does what a test says.
type fakeDrive struct {
	drive.Drive
	put  func(ctx context.Context, r io.Reader, hint drive.Hint) error
	open func(ctx context.Context) (io.ReadCloser, error)
	stat func(ctx context.Context) (drive.Stored, error)
	list func(ctx context.Context, fn func(drive.Stored) error) error
}

func (d *fakeDrive) Put(ctx context.Context, key string, r io.Reader, hint drive.Hint) (drive.Stored, error) {
	return drive.Stored{Key: key}, d.put(ctx, r, hint)
}

func (d *fakeDrive) Open(ctx context.Context, _ string) (io.ReadCloser, error) { return d.open(ctx) }

func (d *fakeDrive) Stat(ctx context.Context, _ string) (drive.Stored, error) { return d.stat(ctx) }

func (d *fakeDrive) List(ctx context.Context, _ string, fn func(drive.Stored) error) error {
	return d.list(ctx, fn)
}

func TestWrappedLocalConforms(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "copies")
	d := openLocal(t, models.Settings{"folder": folder})
	wrapped, err := drive.Wrap(d, drive.Place{Label: "nas", Policy: drive.Policy{Attempts: 3, Stall: time.Minute},
		Settings: models.Settings{drive.SettingRateLimit: "4GB/s", drive.SettingMaxUploads: "2"}})
	if err != nil {
		t.Fatal(err)
	}
	drivetest.Conform(t, drivetest.Fixture{Drive: wrapped, Leftovers: func(t *testing.T) []string { return copiesBelow(t, folder) }})
	if local, ok := drive.As[*drive.Local](wrapped); !ok || local != d {
		t.Error("what is wrapped is not found")
	}
}

func TestWrapRefusesWrongSettings(t *testing.T) {
	d, _ := newLocal(t)
	for name, value := range map[string]string{drive.SettingRateLimit: "fast", drive.SettingMaxUploads: "0"} {
		_, err := drive.Wrap(d, drive.Place{Label: "nas", Settings: models.Settings{name: value}})
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), `"nas"`) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryKindHasTheCommonSettings(t *testing.T) {
	for _, k := range drive.Kinds() {
		for _, name := range []string{drive.SettingRateLimit, drive.SettingMaxUploads, drive.SettingVerify, drive.SettingSample} {
			if _, ok := k.Setting(name); !ok {
				t.Errorf("%s has no %s", k.Provider, name)
			}
		}
	}
	if k, err := drive.Lookup("local"); err != nil || len(k.Settings) != 6 {
		t.Errorf("local has %d settings, %v", len(k.Settings), err)
	}
}

// TestFaultsAtEveryStage wants each fault of a Put to end in a copy that is whole, or
// in an error and nothing, and passing ones to be overcome.
func TestFaultsAtEveryStage(t *testing.T) {
	c := drivetest.Content{Seed: 1, Size: 3 << 20}
	for _, stage := range []drivetest.Stage{drivetest.BeforePut, drivetest.DuringPut, drivetest.BeforePublish, drivetest.AfterPublish} {
		for _, kind := range drivetest.FaultKinds {
			for _, again := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, again=%t", stage, kind, again), func(t *testing.T) {
					t.Parallel()
					local, folder := newLocal(t)
					plan := drivetest.NewPlan(drivetest.Fault{Stage: stage, Kind: kind, After: 1<<20 + 1})
					d, err := drive.Wrap(drivetest.Faulty(local, plan), drive.Place{Label: "nas", Policy: drive.Policy{Attempts: 3, Stall: 100 * time.Millisecond}})
					if err != nil {
						t.Fatal(err)
					}
					stored, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(again))
					passes := kind == drivetest.Passing || kind == drivetest.Stall || kind == drivetest.Truncate
					untouched := stage == drivetest.BeforePut
					truncated := kind == drivetest.Truncate && (stage == drivetest.DuringPut || stage == drivetest.BeforePublish)
					if plan.Happened() != 1 {
						t.Fatalf("%d faults happened", plan.Happened())
					}
					switch {
					case truncated: // the drive lies; its size tells
						if want := map[bool]int64{true: 1<<20 + 1, false: c.Size}[stage == drivetest.DuringPut]; err != nil || stored.Size != want {
							t.Errorf("a truncated put: %+v, %v", stored, err)
						}
					case passes && (again || untouched):
						if err != nil || stored.Size != c.Size {
							t.Fatalf("a passing fault: %+v, %v", stored, err)
						}
						wantContent(t, local, c)
					default:
						if err == nil {
							t.Error("a fault was no error")
						}
						if stage != drivetest.AfterPublish && len(copiesBelow(t, folder)) != 0 {
							t.Errorf("left behind: %v", copiesBelow(t, folder))
						}
					}
				})
			}
		}
	}
}

func wantContent(t *testing.T, d drive.Drive, c drivetest.Content) {
	t.Helper()
	want, err := io.ReadAll(c.At(0))
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, d, "job/file"); string(got) != string(want) {
		t.Errorf("%d bytes came back, changed", len(got))
	}
}

func TestUploadsOfOneDriveAtOnce(t *testing.T) {
	started, leave := make(chan int64, 10), make(chan struct{})
	d := drive.Slotted(&fakeDrive{put: func(_ context.Context, _ io.Reader, hint drive.Hint) error {
		started <- hint.ExpectedSize
		<-leave
		return nil
	}}, 2)
	put := func(ctx context.Context, size int64) chan error {
		done := make(chan error, 1)
		go func() {
			_, err := d.Put(ctx, "job/file", strings.NewReader(""), drive.Hint{ExpectedSize: size})
			done <- err
		}()
		return done
	}
	first, second := put(t.Context(), 0), put(t.Context(), 1<<30)
	<-started
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	third := put(ctx, 2<<30)
	small := put(t.Context(), 2000)
	if got := <-started; got != 2000 {
		t.Errorf("a Put of %d bytes got a slot that was not free", got)
	}
	cancel()
	if err := <-third; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait for a slot: %v", err)
	}
	fourth := put(t.Context(), 3<<30)
	close(leave)
	for _, done := range []chan error{first, second, small, fourth} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := <-started; got != 3<<30 {
		t.Errorf("after a slot was free came %d", got)
	}
}

func TestFaultyReads(t *testing.T) {
	local, _ := newLocal(t)
	data := content(1 << 20)
	put(t, local, "job/file", data)
	for _, kind := range drivetest.FaultKinds {
		for _, stage := range []drivetest.Stage{drivetest.OnStat, drivetest.OnOpen, drivetest.DuringOpen, drivetest.OnList} {
			t.Run(fmt.Sprintf("%s, %s", stage, kind), func(t *testing.T) {
				t.Parallel()
				plan := drivetest.NewPlan(drivetest.Fault{Stage: stage, Kind: kind, After: 1000, Times: 2})
				d := drive.Retrying(drive.Watched(drivetest.Faulty(local, plan), "nas", 200*time.Millisecond), quick)
				var keys []string
				listErr := d.List(t.Context(), "", func(s drive.Stored) error { keys = append(keys, s.Key); return nil })
				got, err := readAll(t.Context(), d)
				if err = errors.Join(err, listErr); err == nil && (string(got) != string(data) || len(keys) != 1) {
					t.Errorf("%d bytes and %q came back", len(got), keys)
				}
				final := kind == drivetest.Final || kind == drivetest.NoSpace || kind == drivetest.Unauthorized
				if final != (err != nil) || final && plan.Happened() != 1 || !final && plan.Happened() != 2 {
					t.Errorf("%d faults ended in %v", plan.Happened(), err)
				}
			})
		}
	}
}

func readAll(ctx context.Context, d drive.Drive) ([]byte, error) {
	r, err := d.Open(ctx, "job/file")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestAPlanIsHealed(t *testing.T) {
	local, folder := newLocal(t)
	plan := drivetest.NewPlan(drivetest.Fault{Stage: drivetest.OnCheck, Kind: drivetest.Passing, Times: -1})
	d := drivetest.Faulty(local, plan)
	for range 2 {
		if _, err := d.Check(t.Context()); !drive.Passing(err) {
			t.Errorf("got %v", err)
		}
	}
	plan.Heal()
	if _, err := d.Check(t.Context()); err != nil || plan.Happened() != 2 {
		t.Errorf("after healing: %v, %d faults", err, plan.Happened())
	}
	if _, err := os.Stat(folder); err != nil {
		t.Error(err)
	}
}
