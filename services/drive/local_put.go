package drive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

const (
	// localReserve is how many bytes the copies leave free on a drive's file system,
	// which the small files beside them may use.
	localReserve = 1 << 20
	// localBuffer is how much is copied at a time, in bytes.
	localBuffer = 1 << 20
)

// Put writes to a hidden temporary name of its own, brings it to the disk, and
// renames it. Of two Puts of one key at one time the later to end is kept.
func (d *Local) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	if err := errors.Join(checkKey(key), ctx.Err()); err != nil {
		return Stored{}, err
	}
	root, err := d.open()
	if err != nil {
		return Stored{}, err
	}
	defer root.Close()
	if err := root.MkdirAll(path.Dir(key), 0o700); err != nil {
		return Stored{}, d.fault("make a folder", err)
	}
	name, done := newPartial(key)
	defer done()
	if err := d.make(ctx, root, name, key, r, hint); err != nil {
		return Stored{}, errors.Join(err, ignoreMissing(root.Remove(name)))
	}
	return d.stat(root, key)
}

// make fills the temporary file and publishes it under key.
func (d *Local) make(ctx context.Context, root *os.Root, name, key string, r io.Reader, hint Hint) error {
	whole, err := d.fill(ctx, root, name, r, hint)
	if err != nil {
		return err
	}
	if err := d.mark(root); err != nil {
		return err
	}
	return d.publish(root, name, key, whole)
}

// fill makes the temporary file whole, by a link where the drive may and by
// copying otherwise, and returns what it must look like when it is published.
func (d *Local) fill(ctx context.Context, root *os.Root, name string, r io.Reader, hint Hint) (fs.FileInfo, error) {
	if hint.Local != nil && linkInto(root, hint.Local.Path, name) == nil {
		if hint.Local.Take() {
			return d.awaitLink(ctx, root, name, hint)
		}
		if err := root.Remove(name); err != nil {
			return nil, d.fault("undo a link", err)
		}
	}
	if err := d.enoughSpace(hint.ExpectedSize); err != nil {
		return nil, err
	}
	return d.copyInto(ctx, root, name, r, hint.Progress)
}

// linkInto gives a file outside the root a second name inside it. The folder is
// opened through the root, so the name cannot lead elsewhere.
func linkInto(root *os.Root, from, name string) error {
	dir, err := root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer dir.Close()
	return unix.Linkat(unix.AT_FDCWD, from, int(dir.Fd()), path.Base(name), 0)
}

// awaitLink waits until the linked file is whole, and tells meanwhile how long it is.
func (d *Local) awaitLink(ctx context.Context, root *os.Root, name string, hint Hint) (fs.FileInfo, error) {
	stop := followLink(root, name, hint.Progress)
	err := hint.Local.Wait(ctx)
	stop()
	if err != nil {
		return nil, err
	}
	whole, err := root.Lstat(name)
	if err != nil {
		return nil, d.fault("find a linked file", err)
	}
	if hint.Progress != nil {
		hint.Progress(whole.Size())
	}
	return whole, nil
}

// followLink tells progress every second how long a linked file has grown, until what it
// returns is called.
func followLink(root *os.Root, name string, progress func(int64)) (stop func()) {
	if progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var following sync.WaitGroup
	following.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if info, err := root.Lstat(name); err == nil {
					progress(info.Size())
				}
			}
		}
	})
	return func() {
		close(done)
		following.Wait()
	}
}

func (d *Local) enoughSpace(expected int64) error {
	space, err := disk.Of(d.folder)
	if err != nil || expected == 0 {
		return err
	}
	if space.Free < localRoom(expected) {
		return models.NoSpacef("drive %q has %d MB free and the backup needs about %d MB: free space in %s, or use a larger disk",
			d.label, space.Free>>20, localNeeds(expected), d.folder)
	}
	return nil
}

// localRoom is how many bytes must be free for content of a length. A small file may
// use the reserve: a whole copy shall not want for its manifest.
func localRoom(expected int64) int64 {
	if expected <= smallPut {
		return expected
	}
	return expected + localReserve
}

// localNeeds is how many MiB content of a length needs, rounded up: a small file on a
// full disk is not said to need nothing.
func localNeeds(expected int64) int64 {
	return (expected + 1<<20 - 1) >> 20
}

func (d *Local) copyInto(ctx context.Context, root *os.Root, name string, r io.Reader, progress func(int64)) (whole fs.FileInfo, err error) {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, d.fault("create a file", err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = d.fault("close a file", e)
		}
	}()
	w := &localWriter{ctx: ctx, drive: d, file: f, progress: progress}
	if _, err := io.CopyBuffer(w, struct{ io.Reader }{r}, make([]byte, localBuffer)); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, d.fault("bring a file to the disk", err)
	}
	if whole, err = f.Stat(); err != nil {
		return nil, d.fault("look at a file", err)
	}
	if whole.Size() != w.written {
		return nil, d.changed(name)
	}
	return whole, nil
}

// localWriter reports progress and starts the write-back of what it has
// written, so that the final sync is short. It ends with the context.
type localWriter struct {
	ctx      context.Context
	drive    *Local
	file     *os.File
	progress func(int64)
	written  int64
}

func (w *localWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.file.Write(p)
	disk.StartWriteback(w.file, w.written, int64(n))
	w.written += int64(n)
	if w.progress != nil {
		w.progress(w.written)
	}
	if err != nil {
		return n, w.drive.fault("write a file", err)
	}
	return n, nil
}

// publish gives the file its final name, when it still is the one that was
// written, and makes the name and the folders above it last.
func (d *Local) publish(root *os.Root, name, key string, whole fs.FileInfo) error {
	now, err := root.Lstat(name)
	if err != nil {
		return d.fault("find a finished file", err)
	}
	if !os.SameFile(now, whole) || now.Size() != whole.Size() {
		return d.changed(name)
	}
	if err := root.Rename(name, key); err != nil {
		return d.fault("name a finished file", err)
	}
	// A rename between two links of one file does nothing and leaves the first.
	if err := ignoreMissing(root.Remove(name)); err != nil {
		return d.fault("remove a temporary name", err)
	}
	return d.syncFolders(root, path.Dir(key))
}

func (d *Local) changed(name string) error {
	return models.Conflictf("drive %q: another program changed %s while it was written in %s: find out which, and try again", d.label, name, d.folder)
}

// syncFolders makes what was named in a folder last, and the folder itself in
// those above it: all of them, for another Put may have made one a moment ago.
func (d *Local) syncFolders(root *os.Root, name string) error {
	for ; ; name = path.Dir(name) {
		if err := d.syncFolder(root, name); err != nil {
			return err
		}
		if name == "." {
			return nil
		}
	}
}

func (d *Local) syncFolder(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return d.fault("open a folder", err)
	}
	defer dir.Close()
	if err := d.sync(dir); err != nil {
		return d.fault("bring a folder to the disk", err)
	}
	return nil
}
