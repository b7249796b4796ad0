package drivetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// slowPut is a Put of content that grows when the test says so.
type slowPut struct {
	*growing
	done chan error
}

func startPut(t *testing.T, d drive.Drive, key string, c Content) *slowPut {
	p := &slowPut{growing: newGrowing(c), done: make(chan error, 1)}
	go func() {
		_, err := d.Put(t.Context(), key, p.reader(t.Context(), 0), drive.Hint{})
		p.done <- err
	}()
	return p
}

// reach lets the drive take so many bytes, and waits until it has.
func (p *slowPut) reach(t *testing.T, size int64) {
	t.Helper()
	p.grow(size)
	p.awaitReader(t, size)
}

func (p *slowPut) end(t *testing.T) {
	t.Helper()
	p.finish()
	if err := within(t, p.done); err != nil {
		t.Fatal(err)
	}
}

func putsAtOnce(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	const key = "once/file"
	one, two := Content{Seed: 1, Size: f.parts(3)}, Content{Seed: 2, Size: f.parts(2)}
	first, second := startPut(t, f.Drive, key, one), startPut(t, f.Drive, key, two)
	first.reach(t, f.parts(1))
	second.reach(t, f.parts(1))
	first.end(t)
	holds(t, f.Drive, key, one)
	second.end(t)
	holds(t, f.Drive, key, two)
	f.cleared(t, before, key)
}

func manyPuts(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	const key = "many/file"
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			data := bytes.Repeat([]byte{byte(i)}, 100_000+i)
			if _, err := f.Drive.Put(t.Context(), key, bytes.NewReader(data), drive.Hint{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := []byte(get(t, f.Drive, key))
	if len(got) < 100_000 || !bytes.Equal(got, bytes.Repeat(got[:1], 100_000+int(got[0]))) {
		t.Errorf("the copy of %d bytes is none of those that were put", len(got))
	}
	f.cleared(t, before, key)
}

func manyReaders(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	const key = "readers/file"
	c := Content{Seed: 6, Size: f.parts(2) + 5}
	if _, err := f.Drive.Put(t.Context(), key, c.At(0), c.Hint(true)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { holds(t, f.Drive, key, c) })
	}
	all.Wait()
	for i := range 3 { // readers that leave early take nothing from the others
		r, err := f.Drive.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, r, int64(i)); err != nil {
			t.Error(err)
		}
		_ = r.Close()
	}
	holds(t, f.Drive, key, c)
	f.cleared(t, before, key)
}

// changedByOthers replaces and removes a copy behind the drive's back.
func changedByOthers(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	d, other := f.Drive, f.reopened(t)
	put(t, d, "changed/file", "as it was put")
	if got := get(t, other, "changed/file"); got != "as it was put" {
		t.Errorf("the place opened once more gives %q", got)
	}
	put(t, other, "changed/file", "shorter")
	if s, err := d.Stat(t.Context(), "changed/file"); err != nil || s.Size != int64(len("shorter")) {
		t.Errorf("stat after others changed the copy: %+v, %v", s, err)
	}
	if got := get(t, d, "changed/file"); got != "shorter" {
		t.Errorf("got %q after others changed the copy", got)
	}
	if err := other.Delete(t.Context(), "changed/file"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Stat(t.Context(), "changed/file"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("stat after others removed the copy: %v", err)
	}
	if _, err := d.Open(t.Context(), "changed/file"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("open after others removed the copy: %v", err)
	}
	put(t, d, "changed/file", "back again") // its folder may be gone, too
	f.cleared(t, before, "changed/file")
}

func sweepsBesidePut(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	const key = "live/file"
	for i, running := range []string{key, key + ".json"} {
		p := startPut(t, f.Drive, running, Content{Seed: uint64(i), Size: f.parts(2) + 1})
		p.reach(t, f.parts(1)+1)
		if err := f.Drive.Sweep(t.Context(), key); err != nil {
			t.Error(err)
		}
		p.end(t)
		holds(t, f.Drive, running, p.content)
	}
	f.cleared(t, before, key, key+".json")
}

// sweepsAbandoned leaves unfinished Puts of several keys and sweeps one of them.
func sweepsAbandoned(t *testing.T, f Fixture) {
	if f.Abandon == nil {
		t.Skip("this drive's test has no way to leave an unfinished put")
	}
	before := f.Leftovers(t)
	kept := []string{"swept/file", "swept/file.json", "swept/file2"}
	for _, key := range kept {
		put(t, f.Drive, key, key)
	}
	finished := f.Leftovers(t)
	f.Abandon(t, "swept/file2")
	f.Abandon(t, "swept/file.sql")
	others := f.Leftovers(t)
	f.Abandon(t, "swept/file")
	f.Abandon(t, "swept/file.json")
	if all := f.Leftovers(t); len(all) < len(others)+2 {
		t.Fatalf("nothing was abandoned: %q", all)
	}
	sweep(t, f.Drive, "swept/file")
	f.unchanged(t, others)
	sweep(t, f.Drive, "swept/file2")
	sweep(t, f.Drive, "swept/file.sql")
	f.unchanged(t, finished)
	for _, key := range kept {
		if got := get(t, f.Drive, key); got != key {
			t.Errorf("%s became %q", key, got)
		}
	}
	f.cleared(t, before, kept...)
}

func sweep(t *testing.T, d drive.Drive, key string) {
	t.Helper()
	if err := d.Sweep(t.Context(), key); err != nil {
		t.Error(fmt.Errorf("sweep %s: %w", key, err))
	}
}
