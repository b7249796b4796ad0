package drive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
	"github.com/backupman/backupman/services/drive/drivetest/googlestub"
)

const (
	googleInstallation = "here"
	googlePart         = 256 << 10
)

// googlePlace is a drive of a person who has signed in.
func googlePlace(t *testing.T, stub *googlestub.Stub) drive.Place {
	t.Helper()
	return drive.Place{
		Label: "gdrive", Installation: googleInstallation,
		Policy: drive.Policy{Attempts: 4, First: time.Millisecond, Most: 2 * time.Second, Stall: 30 * time.Second},
		Settings: models.Settings{"folder": "team/backups", "api_endpoint": stub.URL,
			"client_secret_file": stub.ClientSecretFile(t), "token_file": stub.TokenFile(t)},
	}
}

// robotPlace is a drive that a service account signs in to.
func robotPlace(t *testing.T, stub *googlestub.Stub) drive.Place {
	p := googlePlace(t, stub)
	delete(p.Settings, "client_secret_file")
	delete(p.Settings, "token_file")
	p.Settings["service_account_file"] = stub.ServiceAccountFile(t)
	return p
}

func openGoogle(t *testing.T, p drive.Place) *drive.GoogleDrive {
	t.Helper()
	d, err := drive.NewGoogleDrive(p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// smallGoogle is a drive that sends small parts, and its place.
func smallGoogle(t *testing.T) (*drive.GoogleDrive, *googlestub.Stub) {
	t.Helper()
	stub := googlestub.New(t)
	d := openGoogle(t, googlePlace(t, stub))
	d.SmallParts(googlePart)
	return d, stub
}

func TestGoogleConforms(t *testing.T) {
	for name, place := range map[string]func(t *testing.T, stub *googlestub.Stub) drive.Place{
		"My Drive": googlePlace,
		"shared drive": func(t *testing.T, stub *googlestub.Stub) drive.Place {
			p := googlePlace(t, stub)
			p.Settings["shared_drive"] = stub.AddSharedDrive("organizer").ID
			return p
		},
		"service account": func(t *testing.T, stub *googlestub.Stub) drive.Place {
			p := robotPlace(t, stub)
			p.Settings["shared_drive"] = stub.AddSharedDrive("organizer").ID
			return p
		},
		"service account that acts as a person": func(t *testing.T, stub *googlestub.Stub) drive.Place {
			p := robotPlace(t, stub)
			p.Settings["subject"] = "boss@example.com"
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			stub := googlestub.New(t)
			stub.SetPageSize(2)
			p := place(t, stub)
			open := func(t *testing.T) drive.Drive {
				d := openGoogle(t, p)
				d.SmallParts(4 * googlePart)
				return d
			}
			drivetest.Conform(t, drivetest.Fixture{
				Drive: open(t), PartSize: 4 * googlePart, Installation: googleInstallation, Reopen: open, Variant: name != "My Drive",
				Leftovers: func(*testing.T) []string { return stub.Files() },
				Plant: func(t *testing.T, name string, age time.Duration) {
					if err := stub.Add("team/backups", name, []byte("x"), time.Now().Add(-age)); err != nil {
						t.Fatal(err)
					}
				},
				Abandon: func(t *testing.T, key string) { abandonOnGoogle(t, stub, open(t), key) },
			})
		})
	}
}

// abandonOnGoogle leaves an upload that is whole and never got its name.
func abandonOnGoogle(t *testing.T, stub *googlestub.Stub, d drive.Drive, key string) {
	t.Helper()
	folder := key[:strings.LastIndex(key, "/")]
	put(t, d, folder+"/other", []byte("x"))
	name := "." + filepath.Base(key) + "." + models.NewID() + ".partial"
	if err := stub.Add("team/backups/"+folder, name, []byte("half"), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), folder+"/other"); err != nil {
		t.Fatal(err)
	}
}

func TestGoogleDefaultPartSize(t *testing.T) {
	stub := googlestub.New(t)
	d := openGoogle(t, googlePlace(t, stub))
	for _, again := range []bool{false, true} {
		for _, size := range []int64{8<<20 - 1, 8 << 20, 8<<20 + 1, 32<<20 + 1} {
			c := drivetest.Content{Seed: 7, Size: size}
			s, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(again))
			if err != nil || s.Size != size || !c.Sums()[s.Checksum] {
				t.Errorf("%d bytes, again %v: %+v, %v", size, again, s, err)
			}
		}
	}
}

// wantWhole wants exactly one file, with the content.
func wantWhole(t *testing.T, d drive.Drive, stub *googlestub.Stub, c drivetest.Content) {
	t.Helper()
	if names := stub.Files(); !slices.Equal(names, []string{"team/backups/job/file"}) {
		t.Errorf("the place holds %q", names)
	}
	s, err := d.Stat(t.Context(), "job/file")
	if err != nil || s.Size != c.Size || !c.Sums()[s.Checksum] {
		t.Errorf("the copy is %+v, %v", s, err)
	}
	want, err := io.ReadAll(c.At(0))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(get(t, d, "job/file"), want) {
		t.Error("the copy came back changed")
	}
}

// Faults that pass, at every stage of a Put, cost nothing but time.
func TestGoogleCarriesOnAfterFaultsThatPass(t *testing.T) {
	faults := map[string]googlestub.Fault{
		"429":        {Status: 429, Reason: "rateLimitExceeded", Message: "Rate Limit Exceeded"},
		"rate limit": {Status: 403, Reason: "userRateLimitExceeded", Message: "User Rate Limit Exceeded."},
		"500":        {Status: 500, Reason: "internalError", Message: "Internal Error"},
		"503":        {Status: 503, Reason: "backendError", Message: "Backend Error"},
		"reset":      {Reset: true},
		"late reset": {Reset: true, After: 100_000},
		"error body": {ErrorBody: true},
		"lost":       {Lost: true},
		"expired":    {ExpireToken: true},
	}
	ops := []googlestub.Op{googlestub.OpList, googlestub.OpIDs, googlestub.OpCreate, googlestub.OpBegin, googlestub.OpChunk, googlestub.OpUpdate}
	c := drivetest.Content{Seed: 3, Size: 5*googlePart + 17}
	for name, fault := range faults {
		for _, op := range ops {
			for _, again := range []bool{false, true} {
				if fault.After > 0 && op != googlestub.OpChunk {
					continue
				}
				t.Run(name+" on "+string(op)+map[bool]string{true: " again"}[again], func(t *testing.T) {
					d, stub := smallGoogle(t)
					stub.Inject(op, 2, fault)
					if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(again)); err != nil {
						t.Fatal(err)
					}
					if n := stub.Pending(); n > 0 && !(op == googlestub.OpChunk && again) { // one chunk may be all
						t.Errorf("%d faults never happened", n)
					}
					wantWhole(t, d, stub, c)
				})
			}
		}
	}
}

func TestGoogleSendsNothingTwiceAfterABreak(t *testing.T) {
	for _, again := range []bool{false, true} {
		d, stub := smallGoogle(t)
		d.SmallParts(16 * googlePart)
		c := drivetest.Content{Seed: 4, Size: 40*googlePart + 5}
		// A chunk breaks after two and a half blocks, of which Google keeps two.
		skip := 1
		if again { // then the first chunk may be all
			skip = 0
		}
		stub.Inject(googlestub.OpChunk, 1, googlestub.Fault{Skip: skip, Reset: true, After: 5 * googlePart / 2})
		if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(again)); err != nil {
			t.Fatal(err)
		}
		if twice := stub.Taken() - c.Size; twice < 0 || twice > googlePart {
			t.Errorf("again %v: %d bytes were taken, of %d", again, stub.Taken(), c.Size)
		}
		if asked := stub.Calls(googlestub.OpAsk); asked != 1 || stub.Pending() != 0 {
			t.Errorf("again %v: asked %d times how far it is", again, asked)
		}
		wantWhole(t, d, stub, c)
	}
}

// What an upload allocates does not depend on how much it sends.
func TestGoogleMemoryIsBounded(t *testing.T) {
	for _, again := range []bool{false, true} {
		stub := googlestub.New(t)
		d := openGoogle(t, googlePlace(t, stub))
		c := drivetest.Content{Seed: 4, Size: 256 << 20}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(again)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		got := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("again %v: %d MiB allocated in all, the stub's included", again, got)
		if got > 64 {
			t.Errorf("again %v: %d MiB were allocated to send 256", again, got)
		}
	}
}

// What is known to be whole is sent in one go, whatever its size.
func TestGoogleSendsWholeContentAtOnce(t *testing.T) {
	d, stub := smallGoogle(t)
	d.SmallParts(1 << 40)
	c := drivetest.Content{Seed: 4, Size: 20 << 20}
	var told int64
	hint := c.Hint(true)
	hint.Progress = func(n int64) { told = n }
	if _, err := d.Put(t.Context(), "job/file", c.At(0), hint); err != nil {
		t.Fatal(err)
	}
	if n := stub.Calls(googlestub.OpChunk); n != 1 || told != c.Size {
		t.Errorf("%d chunks, %d bytes told", n, told)
	}
	wantWhole(t, d, stub, c)
}

func TestGoogleBeginsAnewWhenTheSessionIsGone(t *testing.T) {
	c := drivetest.Content{Seed: 5, Size: 6 * googlePart}
	gone := googlestub.Fault{Skip: 2, Status: 410, Reason: "gone", Message: "Gone"}
	t.Run("content that can be read again", func(t *testing.T) {
		d, stub := smallGoogle(t)
		stub.Inject(googlestub.OpChunk, 1, gone)
		if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(true)); err != nil {
			t.Fatal(err)
		}
		stub.ExpireSessions() // the one that is lost lives on at Google for a week
		wantWhole(t, d, stub, c)
	})
	t.Run("content that can't", func(t *testing.T) {
		d, stub := smallGoogle(t)
		stub.Inject(googlestub.OpChunk, 9, gone)
		if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(false)); !drive.Passing(err) {
			t.Errorf("got %v", err)
		}
		if names := stub.Files(); len(names) != 0 {
			t.Errorf("left behind: %q", names)
		}
	})
}

// The folder of an upload goes away while it runs.
func TestGoogleFolderGoesAwayMeanwhile(t *testing.T) {
	for name, remove := range map[string]func(*googlestub.Stub){
		"deleted": func(s *googlestub.Stub) { s.RemoveFolder("team/backups") },
		"trashed": func(s *googlestub.Stub) { s.Trash("team/backups") },
	} {
		t.Run(name, func(t *testing.T) {
			d, stub := smallGoogle(t)
			put(t, d, "job/file", []byte("first"))
			remove(stub)
			if _, err := d.Stat(t.Context(), "job/file"); !errors.Is(err, models.ErrNotFound) {
				t.Errorf("stat: %v", err)
			}
			put(t, d, "job/file", []byte("second"))
			c := drivetest.Content{Seed: 6, Size: 4 * googlePart}
			once := true
			hint := c.Hint(true)
			hint.Progress = func(n int64) {
				if n > 2*googlePart && once {
					once = false
					remove(stub)
				}
			}
			s, err := d.Put(t.Context(), "job/file", c.At(0), hint)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := openGoogleAgain(t, d, stub).Stat(t.Context(), "job/file"); err != nil || again.Size != s.Size {
				t.Errorf("stat: %+v, %v", again, err)
			}
			if got := get(t, d, "job/file"); int64(len(got)) != c.Size {
				t.Errorf("%d bytes came back", len(got))
			}
		})
	}
}

// openGoogleAgain opens the same account as another process does.
func openGoogleAgain(t *testing.T, _ *drive.GoogleDrive, stub *googlestub.Stub) drive.Drive {
	return openGoogle(t, googlePlace(t, stub))
}

func TestGoogleSeveralFilesOfOneName(t *testing.T) {
	d, stub := smallGoogle(t)
	put(t, d, "job/file", []byte("ours"))
	if err := stub.Duplicate("team/backups/job/file", []byte("older"), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := string(get(t, d, "job/file")); got != "ours" {
		t.Errorf("got %q beside an older file", got)
	}
	if err := stub.Duplicate("team/backups/job/file", []byte("newer"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := string(get(t, d, "job/file")); got != "newer" {
		t.Errorf("got %q beside a newer file", got)
	}
	var listed []string
	if err := d.List(t.Context(), "", func(s drive.Stored) error { listed = append(listed, s.Key); return nil }); err != nil || !slices.Equal(listed, []string{"job/file"}) {
		t.Errorf("lists %q, %v", listed, err)
	}
	put(t, d, "job/file", []byte("last"))
	if got := string(get(t, d, "job/file")); got != "last" {
		t.Errorf("got %q after a put beside a file from the future", got)
	}
	if names := stub.Files(); len(names) != 1 {
		t.Errorf("the place holds %q", names)
	}
	if err := stub.Duplicate("team/backups/job/file", []byte("more"), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), "job/file"); err != nil {
		t.Fatal(err)
	}
	if names := stub.Files(); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
}

func TestGoogleTakesTheOldestOfSeveralFolders(t *testing.T) {
	d, stub := smallGoogle(t)
	put(t, d, "job/file", []byte("x"))
	for _, folder := range []string{"team/backups/job", "team"} {
		if err := stub.AddFolder(folder); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(get(t, openGoogleAgain(t, d, stub), "job/file")); got != "x" {
		t.Errorf("got %q", got)
	}
}

func TestGoogleKeysWithQuotes(t *testing.T) {
	d, stub := smallGoogle(t)
	key := `it's a\job/o'clock \'.sql`
	put(t, d, key, []byte("x"))
	if got := string(get(t, d, key)); got != "x" || len(stub.Files()) != 1 {
		t.Errorf("got %q of %q", got, stub.Files())
	}
	if _, err := d.Stat(t.Context(), strings.ToUpper(key)); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("a name in other letters: %v", err)
	}
}

// Final faults are told at once, with the way out, and leave nothing.
func TestGoogleFinalFaults(t *testing.T) {
	c := drivetest.Content{Seed: 8, Size: 4 * googlePart}
	for name, f := range map[string]struct {
		prepare func(stub *googlestub.Stub)
		kind    error
		says    string
	}{
		"revoked":  {func(s *googlestub.Stub) { s.Revoke() }, models.ErrUnauthorized, `drive "gdrive": the sign-in to Google has ended (Token has been expired or revoked.): sign in again on the Drives page or with backupman auth-google "gdrive"`},
		"quota":    {func(s *googlestub.Stub) { s.SetQuota(2 * googlePart) }, models.ErrNoSpace, "is full"},
		"files":    {refuse(googlestub.OpBegin, "teamDriveFileLimitExceeded"), models.ErrNoSpace, "takes no more files"},
		"API off":  {refuse(googlestub.OpIDs, "accessNotConfigured"), models.ErrInvalid, "switched off"},
		"no scope": {refuse(googlestub.OpList, "insufficientPermissions"), models.ErrInvalid, "sign in again"},
		"no right": {refuse(googlestub.OpCreate, "insufficientFilePermissions"), models.ErrInvalid, "may not do that"},
	} {
		for _, again := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				d, stub := smallGoogle(t)
				f.prepare(stub)
				_, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(again))
				if !errors.Is(err, f.kind) || !strings.Contains(err.Error(), f.says) || !strings.Contains(err.Error(), `"gdrive"`) || drive.Passing(err) {
					t.Errorf("got %v", err)
				}
				if names := stub.Files(); len(names) != 0 {
					t.Errorf("left behind: %q", names)
				}
			})
		}
	}
}

func refuse(op googlestub.Op, reason string) func(*googlestub.Stub) {
	return func(s *googlestub.Stub) {
		s.Inject(op, 1, googlestub.Fault{Status: 403, Reason: reason, Message: "Google says no."})
	}
}

func TestGoogleRevokedInTheMiddle(t *testing.T) {
	d, stub := smallGoogle(t)
	c := drivetest.Content{Seed: 8, Size: 4 * googlePart}
	hint := c.Hint(true)
	hint.Progress = func(n int64) {
		if n > googlePart {
			stub.Revoke()
		}
	}
	if _, err := d.Put(t.Context(), "job/file", c.At(0), hint); !errors.Is(err, models.ErrUnauthorized) {
		t.Errorf("got %v", err)
	}
	if _, err := d.Check(t.Context()); !errors.Is(err, models.ErrUnauthorized) || !strings.Contains(err.Error(), "sign in again") {
		t.Errorf("the check says %v", err)
	}
}

func TestGoogleServiceAccountWithoutASharedDrive(t *testing.T) {
	stub := googlestub.New(t)
	d := openGoogle(t, robotPlace(t, stub))
	_, err := d.Check(t.Context())
	if !errors.Is(err, models.ErrNoSpace) || !strings.Contains(err.Error(), "shared_drive") {
		t.Errorf("got %v", err)
	}
	if names := stub.Files(); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
}

// Who may write and not delete would leave a probe.
func TestGoogleNeedsTheRightToDelete(t *testing.T) {
	stub := googlestub.New(t)
	p := googlePlace(t, stub)
	p.Settings["shared_drive"] = stub.AddSharedDrive("fileOrganizer").ID
	if _, err := openGoogle(t, p).Check(t.Context()); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "manager of the shared drive") {
		t.Errorf("got %v", err)
	}
	if names := stub.Files(); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
}

func TestGoogleRoom(t *testing.T) {
	d, stub := smallGoogle(t)
	stub.SetQuota(100 << 20)
	put(t, d, "job/file", content(1<<20))
	if r, err := d.Check(t.Context()); err != nil || r.Total != 100<<20 || r.Free != 99<<20 {
		t.Errorf("got %+v, %v", r, err)
	}
	stub.SetQuota(0)
	if r, err := d.Check(t.Context()); err != nil || r.Total != -1 || r.Free != -1 {
		t.Errorf("without a limit: %+v, %v", r, err)
	}
}

func TestGoogleRefusesWhatIsStoredChanged(t *testing.T) {
	d, stub := smallGoogle(t)
	c := drivetest.Content{Seed: 9, Size: 1000}
	stub.Inject(googlestub.OpStored, 1, googlestub.Fault{Corrupt: true})
	if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(true)); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("got %v", err)
	}
	if names := stub.Files(); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
}

func TestGoogleContentThatShrinksOrBreaksWhenReadAgain(t *testing.T) {
	c := drivetest.Content{Seed: 9, Size: 3 * googlePart}
	broken := errors.New("the spool is gone")
	for name, again := range map[string]func(context.Context, int64) (io.ReadCloser, error){
		"shorter": func(_ context.Context, at int64) (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(c.At(at), 10)), nil
		},
		"gone":    func(context.Context, int64) (io.ReadCloser, error) { return nil, broken },
		"another": drivetest.Content{Seed: 1, Size: c.Size}.Again,
	} {
		t.Run(name, func(t *testing.T) {
			d, stub := smallGoogle(t)
			_, err := d.Put(t.Context(), "job/file", c.At(0), drive.Hint{Again: again})
			if err == nil || (name == "gone" && !errors.Is(err, broken)) {
				t.Errorf("got %v", err)
			}
			if names := stub.Files(); len(names) != 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

// The answer to the last request of a Put that fails for good: nothing may stay.
func TestGoogleLeavesNothingWhenItGivesUp(t *testing.T) {
	c := drivetest.Content{Seed: 2, Size: 3 * googlePart}
	for _, op := range []googlestub.Op{googlestub.OpBegin, googlestub.OpChunk, googlestub.OpUpdate} {
		for name, fault := range map[string]googlestub.Fault{"lost": {Lost: true}, "503": {Status: 503}, "error body": {ErrorBody: true}} {
			t.Run(name+" on "+string(op), func(t *testing.T) {
				stub := googlestub.New(t)
				p := googlePlace(t, stub)
				p.Policy = drive.Policy{}
				d := openGoogle(t, p)
				d.SmallParts(googlePart)
				put(t, d, "job/file", []byte("earlier"))
				stub.Inject(op, 100, fault)
				_, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(true))
				if !drive.Passing(err) || strings.Contains(err.Error(), "upload_id") {
					t.Errorf("got %v", err)
				}
				stub.ExpireSessions() // of one whose answer was lost nobody knows
				if names := stub.Files(); !slices.Equal(names, []string{"team/backups/job/file"}) {
					t.Errorf("the place holds %q", names)
				}
				if got := string(get(t, d, "job/file")); got != "earlier" {
					t.Errorf("got %d bytes, not the earlier copy", len(got))
				}
			})
		}
	}
}

func TestGoogleSilenceEnds(t *testing.T) {
	c := drivetest.Content{Seed: 2, Size: 3 * googlePart}
	stall := googlestub.Fault{Stall: true}
	t.Run("by the policy", func(t *testing.T) {
		stub := googlestub.New(t)
		p := googlePlace(t, stub)
		p.Policy.Stall = 200 * time.Millisecond
		for _, op := range []googlestub.Op{googlestub.OpToken, googlestub.OpList, googlestub.OpBegin, googlestub.OpChunk, googlestub.OpUpdate} {
			stub.Inject(op, 1, stall)
		}
		d := openGoogle(t, p)
		d.SmallParts(googlePart)
		if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(true)); err != nil {
			t.Fatal(err)
		}
		stub.Inject(googlestub.OpDownload, 1, googlestub.Fault{Stall: true, After: 1000})
		r, err := d.Open(t.Context(), "job/file")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.ReadAll(r); !drive.Passing(err) {
			t.Errorf("a stalled download: %v", err)
		}
	})
	t.Run("by the context", func(t *testing.T) {
		for _, op := range []googlestub.Op{googlestub.OpToken, googlestub.OpList, googlestub.OpBegin, googlestub.OpChunk, googlestub.OpUpdate} {
			d, stub := smallGoogle(t)
			stub.Inject(op, 100, stall)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			_, err := d.Put(ctx, "job/file", c.At(0), c.Hint(true))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v", op, err)
			}
		}
	})
}

func TestGoogleReadersFailOnWhatIsCutShort(t *testing.T) {
	d, stub := smallGoogle(t)
	put(t, d, "job/file", content(300_000))
	for name, fault := range map[string]googlestub.Fault{
		"truncated": {Truncate: true, After: 1000}, "reset": {Reset: true, After: 1000}, "nothing": {Truncate: true}, "error body": {ErrorBody: true},
	} {
		stub.Inject(googlestub.OpDownload, 1, fault)
		r, err := d.Open(t.Context(), "job/file")
		if err == nil {
			_, err = io.ReadAll(r)
			err = errors.Join(err, r.Close())
		}
		if !drive.Passing(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestGoogleWaitsAsLongAsItIsAsked(t *testing.T) {
	d, stub := smallGoogle(t)
	stub.Inject(googlestub.OpBegin, 1, googlestub.Fault{Status: 429, Reason: "rateLimitExceeded", RetryAfter: 3600})
	c := drivetest.Content{Size: 10}
	_, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(true))
	var passing *drive.PassingError
	if !errors.As(err, &passing) || passing.After != time.Hour {
		t.Errorf("got %v", err)
	}
	stub.Inject(googlestub.OpBegin, 1, googlestub.Fault{Status: 429, Reason: "rateLimitExceeded", RetryAfter: 1})
	begun := time.Now()
	if _, err := d.Put(t.Context(), "job/file", c.At(0), c.Hint(true)); err != nil || time.Since(begun) < time.Second {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
}

func TestGoogleTokenFile(t *testing.T) {
	kept := func(t *testing.T, file string) (token map[string]any) {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(text, &token) != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return token
	}
	t.Run("a renewed refresh token is kept", func(t *testing.T) {
		stub := googlestub.New(t)
		stub.RotateRefreshTokens()
		p := googlePlace(t, stub)
		file := p.Settings["token_file"]
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		before := kept(t, file)["refresh_token"]
		for range 2 {
			stub.ExpireTokens()
			put(t, openGoogle(t, p), "job/file", []byte("x"))
		}
		if after := kept(t, file)["refresh_token"]; after == before || after == nil {
			t.Errorf("the file still has %v", after)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file is %v, %v", info.Mode(), err)
		}
	})
	t.Run("its access token is used by the next", func(t *testing.T) {
		stub := googlestub.New(t)
		p := googlePlace(t, stub)
		for range 3 {
			put(t, openGoogle(t, p), "job/file", []byte("x"))
		}
		if n := stub.Calls(googlestub.OpToken); n != 1 {
			t.Errorf("asked for %d tokens", n)
		}
	})
	t.Run("a symbolic link stays one", func(t *testing.T) {
		stub := googlestub.New(t)
		p := googlePlace(t, stub)
		link := filepath.Join(t.TempDir(), "link.json")
		if err := os.Symlink(p.Settings["token_file"], link); err != nil {
			t.Fatal(err)
		}
		p.Settings["token_file"] = link
		put(t, openGoogle(t, p), "job/file", []byte("x"))
		if to, err := os.Readlink(link); err != nil || kept(t, to)["access_token"] == "" {
			t.Errorf("%s, %v", to, err)
		}
	})
	t.Run("nobody has signed in", func(t *testing.T) {
		stub := googlestub.New(t)
		p := googlePlace(t, stub)
		p.Settings["token_file"] = filepath.Join(t.TempDir(), "none.json")
		if _, err := openGoogle(t, p).Check(t.Context()); !errors.Is(err, models.ErrUnauthorized) || !strings.Contains(err.Error(), "auth-google") {
			t.Errorf("got %v", err)
		}
	})
}

func TestGoogleSettings(t *testing.T) {
	for name, s := range map[string]models.Settings{
		"no credentials":   {"folder": "a"},
		"no token":         {"folder": "a", "client_secret_file": "c"},
		"both":             {"folder": "a", "client_secret_file": "c", "token_file": "t", "service_account_file": "s"},
		"a folder outside": {"folder": "../a", "service_account_file": "s"},
		"no folder":        {"folder": "/", "service_account_file": "s"},
	} {
		if _, err := drive.NewGoogleDrive(drive.Place{Label: "gdrive", Settings: s}); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), `"gdrive"`) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// signIn follows the consent page to its redirect, and returns what that says.
func signIn(t *testing.T, page string) (query map[string][]string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatalf("%s: %v", res.Status, err)
	}
	return to.Query()
}

func TestGoogleSignIn(t *testing.T) {
	const redirect, state, verifier = "http://127.0.0.1:4711/callback", "state-of-this-one", "a-verifier-that-is-at-least-forty-three-letters"
	prepare := func(t *testing.T) (*googlestub.Stub, drive.Place, drive.SignIn) {
		t.Helper()
		stub := googlestub.New(t)
		p := googlePlace(t, stub)
		p.Settings["token_file"] = filepath.Join(t.TempDir(), "token.json")
		kind, err := drive.Lookup("google_drive")
		if err != nil {
			t.Fatal(err)
		}
		in, err := kind.SignIn(p)
		if err != nil {
			t.Fatal(err)
		}
		return stub, p, in
	}
	t.Run("lets in", func(t *testing.T) {
		_, p, in := prepare(t)
		said := signIn(t, in.URL(redirect, state, verifier))
		if said["state"][0] != state {
			t.Errorf("the state came back as %q", said["state"])
		}
		if err := in.Finish(t.Context(), redirect, said["code"][0], verifier); err != nil {
			t.Fatal(err)
		}
		if _, err := openGoogle(t, p).Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := in.Finish(t.Context(), redirect, said["code"][0], verifier); !errors.Is(err, models.ErrUnauthorized) {
			t.Errorf("a code that was used: %v", err)
		}
	})
	t.Run("another's verifier", func(t *testing.T) {
		_, p, in := prepare(t)
		said := signIn(t, in.URL(redirect, state, verifier))
		if err := in.Finish(t.Context(), redirect, said["code"][0], verifier+"x"); !errors.Is(err, models.ErrUnauthorized) {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(p.Settings["token_file"]); err == nil {
			t.Error("a token was kept")
		}
	})
	t.Run("without the permission", func(t *testing.T) {
		stub, p, in := prepare(t)
		stub.GrantOnly("openid")
		said := signIn(t, in.URL(redirect, state, verifier))
		if err := in.Finish(t.Context(), redirect, said["code"][0], verifier); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "tick") {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(p.Settings["token_file"]); err == nil {
			t.Error("a token was kept")
		}
	})
	t.Run("of a service account", func(t *testing.T) {
		kind, err := drive.Lookup("google_drive")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kind.SignIn(robotPlace(t, googlestub.New(t))); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	})
}
