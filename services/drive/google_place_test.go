package drive_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	gdrive "google.golang.org/api/drive/v3"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
	"github.com/backupman/backupman/services/drive/drivetest/googlestub"
)

// An account that does not see the place must not be told that its copies are gone.
func TestGoogleTopThatIsNotSeen(t *testing.T) {
	for _, setting := range []string{"shared_drive", "folder_id"} {
		t.Run(setting, func(t *testing.T) {
			p := googlePlace(t, googlestub.New(t))
			p.Settings[setting] = "1nowhere"
			d := openGoogle(t, p)
			_, stat := d.Stat(t.Context(), "job/file")
			_, check := d.Check(t.Context())
			list := d.List(t.Context(), "", func(drive.Stored) error { return nil })
			for doing, err := range map[string]error{"stat": stat, "delete": d.Delete(t.Context(), "job/file"), "list": list, "check": check} {
				if !errors.Is(err, models.ErrInvalid) || errors.Is(err, models.ErrNotFound) {
					t.Errorf("%s: %v", doing, err)
				}
			}
		})
	}
}

// Lists of Google may be a moment behind what was published.
func TestGoogleFindsWhatListsDoNotTellYet(t *testing.T) {
	d, stub := smallGoogle(t)
	want := put(t, d, "job/file", []byte("ours"))
	if err := stub.Duplicate("team/backups/job/file", []byte("an earlier one"), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Stat(t.Context(), "job/file"); err != nil || got != want {
		t.Errorf("stat says %+v, %v", got, err)
	}
	stub.Delay("team/backups/job/file")
	if err := stub.Duplicate("team/backups/job/file", []byte("listed still"), time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Stat(t.Context(), "job/file"); err != nil || got != want {
		t.Errorf("beside one that is listed still, stat says %+v, %v; put said %+v", got, err, want)
	}
}

func TestGoogleOlderFolderIsTheSameForAll(t *testing.T) {
	one := &gdrive.File{Id: "1a", CreatedTime: "2026-01-01T00:00:00.000Z"}
	two := &gdrive.File{Id: "1b", CreatedTime: one.CreatedTime}
	later := &gdrive.File{Id: "10", CreatedTime: "2026-01-01T00:00:00.001Z"}
	if !drive.GoogleOlder(one, nil) || !drive.GoogleOlder(one, two) || drive.GoogleOlder(two, one) || drive.GoogleOlder(later, two) {
		t.Error("two processes may take different folders")
	}
}

// The attempts of the driver and those around it must not multiply.
func TestGoogleAttemptsDoNotMultiply(t *testing.T) {
	d, stub := smallGoogle(t)
	policy := drive.Policy{Attempts: 4, First: time.Millisecond, Most: time.Millisecond}
	stub.Inject(googlestub.OpBegin, 100, googlestub.Fault{Status: 503, Reason: "backendError"})
	c := drivetest.Content{Seed: 1, Size: 1000}
	_, err := drive.Retrying(d, policy).Put(t.Context(), "job/file", c.At(0), c.Hint(true))
	if n := stub.Calls(googlestub.OpBegin); !drive.Passing(err) || n != policy.Attempts {
		t.Errorf("tried %d times: %v", n, err)
	}
}

// A session that cannot be ended is no reason to leave a file that was made.
func TestGoogleRemovesTheFileThoughTheSessionStays(t *testing.T) {
	stub := googlestub.New(t)
	p := googlePlace(t, stub)
	p.Policy = drive.Policy{}
	d := openGoogle(t, p)
	stub.Inject(googlestub.OpChunk, 1, googlestub.Fault{Lost: true})
	stub.Inject(googlestub.OpCancel, 100, googlestub.Fault{Status: 503, Reason: "backendError"})
	c := drivetest.Content{Seed: 1, Size: 1000}
	if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(true)); !drive.Passing(err) {
		t.Errorf("got %v", err)
	}
	if names := stub.Files(); !slices.Equal(names, []string{}) {
		t.Errorf("left behind: %q", names)
	}
}
