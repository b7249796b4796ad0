// Package drivetest holds what tests of drives share: the suite that every kind of
// drive passes.
package drivetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// Fixture is a drive under test.
type Fixture struct {
	Drive drive.Drive
	// Leftovers returns the names of everything that is at the place now, hidden
	// files and unfinished uploads included. It asks the place by other means than
	// the drive.
	Leftovers func(t *testing.T) []string
	// PartSize is the length in bytes of the parts that the drive sends, around
	// which faults hide; 0 for 1 MiB.
	PartSize int
}

// Conform is the suite that every kind of drive passes.
func Conform(t *testing.T, f Fixture) {
	t.Helper()
	d, leftovers := f.Drive, f.Leftovers
	if f.PartSize == 0 {
		f.PartSize = 1 << 20
	}
	for _, size := range []int{0, 1, f.PartSize - 1, f.PartSize, f.PartSize + 1} {
		roundTrip(t, d, size)
	}
	t.Run("replaces an earlier copy", func(t *testing.T) { replaces(t, d) })
	t.Run("a failing reader publishes nothing", func(t *testing.T) { failingReader(t, d, leftovers) })
	t.Run("a failing reader keeps the earlier copy", func(t *testing.T) { keepsEarlier(t, d) })
	t.Run("puts of one key at one time", func(t *testing.T) { putsAtOnce(t, d, leftovers) })
	t.Run("many puts of one key", func(t *testing.T) { manyPuts(t, d, leftovers) })
	t.Run("a sweep spares a put that runs", func(t *testing.T) { sweepsBesidePut(t, d, leftovers) })
	t.Run("what is not there", func(t *testing.T) { missing(t, d) })
	t.Run("lists in order", func(t *testing.T) { lists(t, d) })
	t.Run("the check leaves nothing", func(t *testing.T) { checks(t, d, leftovers) })
	t.Run("keys that lead elsewhere are refused", func(t *testing.T) { hostileKeys(t, d) })
}

func content(size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(i * 31 >> 3)
	}
	return p
}

func put(t *testing.T, d drive.Drive, key string, data []byte) drive.Stored {
	t.Helper()
	s, err := d.Put(t.Context(), key, bytes.NewReader(data), drive.Hint{ExpectedSize: int64(len(data))})
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return s
}

func get(t *testing.T, d drive.Drive, key string) []byte {
	t.Helper()
	r, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return data
}

func roundTrip(t *testing.T, d drive.Drive, size int) {
	t.Helper()
	key, data := "round/trip.bin", content(size)
	stored := put(t, d, key, data)
	if stored.Size != int64(size) || stored.Key != key || stored.Path == "" {
		t.Errorf("put %d bytes: got %+v", size, stored)
	}
	if again, err := d.Stat(t.Context(), key); err != nil || again != stored {
		t.Errorf("stat after put: %+v, %v; put said %+v", again, err, stored)
	}
	if !bytes.Equal(get(t, d, key), data) {
		t.Errorf("%d bytes came back changed", size)
	}
	if err := d.Delete(t.Context(), key); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func replaces(t *testing.T, d drive.Drive) {
	put(t, d, "again/file", []byte("first"))
	put(t, d, "again/file", []byte("second"))
	if got := string(get(t, d, "again/file")); got != "second" {
		t.Errorf("got %q after a second put", got)
	}
	if err := d.Delete(t.Context(), "again/file"); err != nil {
		t.Error(err)
	}
}

func failingReader(t *testing.T, d drive.Drive, leftovers func(t *testing.T) []string) {
	// A bare io.ErrUnexpectedEOF is the fault that some SDKs take for the end.
	for name, fault := range map[string]error{"own": errors.New("the dump died"), "unexpected EOF": io.ErrUnexpectedEOF} {
		t.Run(name, func(t *testing.T) {
			before := leftovers(t)
			for _, size := range []int{0, 1, 3 << 20} {
				r := io.MultiReader(bytes.NewReader(content(size)), iotest.ErrReader(fault))
				_, err := d.Put(t.Context(), "broken/file", r, drive.Hint{})
				if !errors.Is(err, fault) {
					t.Errorf("after %d bytes: got error %v, want %v", size, err, fault)
				}
				if _, err := d.Stat(t.Context(), "broken/file"); !errors.Is(err, models.ErrNotFound) {
					t.Errorf("after %d bytes something stands under the final name (%v)", size, err)
				}
			}
			if after := leftovers(t); len(after) != len(before) {
				t.Errorf("left behind: %v", after)
			}
		})
	}
}

func keepsEarlier(t *testing.T, d drive.Drive) {
	put(t, d, "kept/file", []byte("good"))
	r := io.MultiReader(bytes.NewReader([]byte("bad")), iotest.ErrReader(errors.New("no")))
	if _, err := d.Put(t.Context(), "kept/file", r, drive.Hint{}); err == nil {
		t.Error("a failing reader was no error")
	}
	if got := string(get(t, d, "kept/file")); got != "good" {
		t.Errorf("the earlier copy became %q", got)
	}
	if err := d.Delete(t.Context(), "kept/file"); err != nil {
		t.Error(err)
	}
}

// slowPut is a Put that takes what the test writes, when it writes it.
type slowPut struct {
	w    *io.PipeWriter
	done chan error
}

func startPut(t *testing.T, d drive.Drive, key string) *slowPut {
	r, w := io.Pipe()
	p := &slowPut{w: w, done: make(chan error, 1)}
	go func() {
		_, err := d.Put(t.Context(), key, r, drive.Hint{})
		_ = r.Close()
		p.done <- err
	}()
	return p
}

func (p *slowPut) write(t *testing.T, data []byte) {
	t.Helper()
	if _, err := p.w.Write(data); err != nil {
		t.Fatal(err)
	}
}

func (p *slowPut) end(t *testing.T) {
	t.Helper()
	if err := errors.Join(p.w.Close(), <-p.done); err != nil {
		t.Fatal(err)
	}
}

func putsAtOnce(t *testing.T, d drive.Drive, leftovers func(t *testing.T) []string) {
	before := leftovers(t)
	const key = "once/file"
	one, two := bytes.Repeat([]byte("1"), 3<<20), bytes.Repeat([]byte("2"), 2<<20)
	first, second := startPut(t, d, key), startPut(t, d, key)
	first.write(t, one[:1<<20])
	second.write(t, two[:1<<20])
	first.write(t, one[1<<20:])
	first.end(t)
	if !bytes.Equal(get(t, d, key), one) {
		t.Error("the first put to end published something else than its own content")
	}
	second.write(t, two[1<<20:])
	second.end(t)
	if !bytes.Equal(get(t, d, key), two) {
		t.Error("the second put published something else than its own content")
	}
	deleteAll(t, d, leftovers, before, key)
}

func manyPuts(t *testing.T, d drive.Drive, leftovers func(t *testing.T) []string) {
	before := leftovers(t)
	const key = "many/file"
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			data := bytes.Repeat([]byte{byte(i)}, 100_000+i)
			if _, err := d.Put(t.Context(), key, bytes.NewReader(data), drive.Hint{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := get(t, d, key)
	if len(got) < 100_000 || !bytes.Equal(got, bytes.Repeat(got[:1], 100_000+int(got[0]))) {
		t.Errorf("the copy of %d bytes is none of those that were put", len(got))
	}
	deleteAll(t, d, leftovers, before, key)
}

func sweepsBesidePut(t *testing.T, d drive.Drive, leftovers func(t *testing.T) []string) {
	before := leftovers(t)
	const key = "live/file"
	for _, running := range []string{key, key + ".json"} {
		p := startPut(t, d, running)
		p.write(t, content(2<<20))
		if err := d.Sweep(t.Context(), key); err != nil {
			t.Error(err)
		}
		p.end(t)
		if !bytes.Equal(get(t, d, running), content(2<<20)) {
			t.Errorf("%s is not what was put", running)
		}
	}
	deleteAll(t, d, leftovers, before, key, key+".json")
}

// deleteAll removes copies and wants the drive to hold what it held before.
func deleteAll(t *testing.T, d drive.Drive, leftovers func(t *testing.T) []string, before []string, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := d.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
	}
	if after := leftovers(t); len(after) != len(before) {
		t.Errorf("left behind: %v", after)
	}
}

func missing(t *testing.T, d drive.Drive) {
	if _, err := d.Open(t.Context(), "no/such"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	if _, err := d.Stat(t.Context(), "no/such"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("stat: %v", err)
	}
	if err := d.Delete(t.Context(), "no/such"); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := d.Sweep(t.Context(), "no/such"); err != nil {
		t.Errorf("sweep: %v", err)
	}
}

func lists(t *testing.T, d drive.Drive) {
	keys := []string{"list/a", "list/b", "other/c"}
	for _, k := range keys {
		put(t, d, k, []byte(k))
	}
	for prefix, want := range map[string]int{"list/": 2, "other/": 1, "nothing/": 0} {
		var got []string
		if err := d.List(t.Context(), prefix, func(s drive.Stored) error { got = append(got, s.Key); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != want {
			t.Errorf("below %q: %v", prefix, got)
		}
	}
	stop := errors.New("stop")
	if err := d.List(t.Context(), "", func(drive.Stored) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the callback's error became %v", err)
	}
	for _, k := range keys {
		if err := d.Delete(t.Context(), k); err != nil {
			t.Error(err)
		}
	}
}

func checks(t *testing.T, d drive.Drive, leftovers func(t *testing.T) []string) {
	before := leftovers(t)
	report, err := d.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report.Free == 0 || report.Total == 0 {
		t.Errorf("no room told: %+v", report)
	}
	if after := leftovers(t); len(after) != len(before) {
		t.Errorf("left behind: %v", after)
	}
}

func hostileKeys(t *testing.T, d drive.Drive) {
	for _, key := range []string{"", ".", "..", "../x", "/etc/passwd", "a/../../x", "a//b", "a/.hidden"} {
		if _, err := d.Put(context.Background(), key, bytes.NewReader([]byte("x")), drive.Hint{}); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("put %q: %v", key, err)
		}
		if _, err := d.Open(t.Context(), key); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("open %q: %v", key, err)
		}
		if err := d.Delete(t.Context(), key); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("delete %q: %v", key, err)
		}
	}
}
