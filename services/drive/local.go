package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

var localKind = Kind{
	Kind: models.Kind{Provider: "local", Name: "Folder on this machine", Settings: []models.Setting{
		{Name: "folder", Label: "Folder", Type: models.SettingPath, Required: true,
			Help: "Folder that keeps the copies; it is made when it is missing."},
	}},
	Open: func(label string, s models.Settings) (Drive, error) { return NewLocal(label, s["folder"]) },
}

const (
	// localReserve is how many bytes are left free on a drive's file system.
	localReserve = 1 << 20
	// localBuffer is how much is copied at a time, in bytes.
	localBuffer = 1 << 20
	partialEnd  = ".partial"
	probeName   = ".backupman-probe"
)

// Local keeps copies in a folder. Everything it does goes through an os.Root,
// so no key, label or symbolic link leads outside the folder.
type Local struct {
	label  string
	folder string
}

var _ Drive = (*Local)(nil)

// NewLocal returns the drive that keeps copies in folder. The folder is made on
// first use.
func NewLocal(label, folder string) (*Local, error) {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("find the folder of drive %q: %w", label, err)
	}
	return &Local{label: label, folder: abs}, nil
}

// open makes the folder when it is missing and returns it as a root.
func (d *Local) open() (*os.Root, error) {
	if err := os.MkdirAll(d.folder, 0o700); err != nil {
		return nil, d.fault("make its folder", err)
	}
	root, err := os.OpenRoot(d.folder)
	if err != nil {
		return nil, d.fault("open its folder", err)
	}
	return root, nil
}

// Put writes to a hidden temporary name, brings it to the disk, and renames it.
func (d *Local) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	if err := checkKey(key); err != nil {
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
	if err := d.fill(ctx, root, key, r, hint); err != nil {
		return Stored{}, errors.Join(err, ignoreMissing(root.Remove(partial(key))))
	}
	if err := d.publish(root, key); err != nil {
		return Stored{}, err
	}
	return d.stat(root, key)
}

// fill makes the temporary file whole: by a link where the drive may, by copying
// otherwise.
func (d *Local) fill(ctx context.Context, root *os.Root, key string, r io.Reader, hint Hint) error {
	if err := ignoreMissing(root.Remove(partial(key))); err != nil {
		return d.fault("remove an unfinished copy", err)
	}
	if hint.Local != nil && linkInto(root, hint.Local.Path, partial(key)) == nil {
		if hint.Local.Take() {
			return hint.Local.Wait(ctx)
		}
		if err := root.Remove(partial(key)); err != nil {
			return d.fault("undo a link", err)
		}
	}
	if err := d.enoughSpace(hint.ExpectedSize); err != nil {
		return err
	}
	return d.copyInto(root, key, r, hint.Progress)
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

func (d *Local) enoughSpace(expected int64) error {
	space, err := disk.Of(d.folder)
	if err != nil || expected == 0 {
		return err
	}
	if space.Free < expected+localReserve {
		return models.NoSpacef("drive %q has %d MB free and the backup needs about %d MB: free space in %s, or use a larger disk",
			d.label, space.Free>>20, expected>>20, d.folder)
	}
	return nil
}

func (d *Local) copyInto(root *os.Root, key string, r io.Reader, progress func(int64)) (err error) {
	f, err := root.OpenFile(partial(key), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return d.fault("create a file", err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = d.fault("close a file", e)
		}
	}()
	w := &localWriter{drive: d, file: f, progress: progress}
	if _, err := io.CopyBuffer(w, struct{ io.Reader }{r}, make([]byte, localBuffer)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return d.fault("bring a file to the disk", err)
	}
	return nil
}

// localWriter reports progress and starts the write-back of what it has
// written, so that the final sync is short.
type localWriter struct {
	drive    *Local
	file     *os.File
	progress func(int64)
	written  int64
}

func (w *localWriter) Write(p []byte) (int, error) {
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

func (d *Local) publish(root *os.Root, key string) error {
	if err := root.Rename(partial(key), key); err != nil {
		return errors.Join(d.fault("name a finished file", err), ignoreMissing(root.Remove(partial(key))))
	}
	// A rename between two links of one file does nothing and leaves the first.
	if err := ignoreMissing(root.Remove(partial(key))); err != nil {
		return d.fault("remove a temporary name", err)
	}
	return d.syncFolder(root, path.Dir(key))
}

func (d *Local) syncFolder(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return d.fault("open a folder", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return d.fault("bring a folder to the disk", err)
	}
	return nil
}

// Open reads a copy.
func (d *Local) Open(_ context.Context, key string) (io.ReadCloser, error) {
	root, err := d.existing(key)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(key)
	if err != nil {
		return nil, d.fault("open "+key, err)
	}
	return f, nil
}

// Stat describes a copy.
func (d *Local) Stat(_ context.Context, key string) (Stored, error) {
	root, err := d.existing(key)
	if err != nil {
		return Stored{}, err
	}
	defer root.Close()
	return d.stat(root, key)
}

func (d *Local) stat(root *os.Root, key string) (Stored, error) {
	info, err := root.Stat(key)
	if err != nil {
		return Stored{}, d.fault("find "+key, err)
	}
	full := filepath.Join(d.folder, filepath.FromSlash(key))
	return Stored{Key: key, Size: info.Size(), Path: full, LocalPath: full}, nil
}

// Delete removes a copy, and its folder when that is empty then.
func (d *Local) Delete(_ context.Context, key string) error {
	root, err := d.existing(key)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	if err := ignoreMissing(root.Remove(key)); err != nil {
		return d.fault("remove "+key, err)
	}
	if dir := path.Dir(key); dir != "." {
		_ = root.Remove(dir) // fails while other copies are in it, which is right
	}
	return nil
}

// List calls fn for every copy below prefix, in key order.
func (d *Local) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	root, err := d.existing("x")
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	keys, err := d.keys(ctx, root, prefix)
	if err != nil {
		return err
	}
	for _, key := range keys {
		s, err := d.stat(root, key)
		if errors.Is(err, models.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := fn(s); err != nil {
			return err
		}
	}
	return nil
}

func (d *Local) keys(ctx context.Context, root *os.Root, prefix string) ([]string, error) {
	var keys []string
	err := fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case e.Type().IsRegular() && strings.HasPrefix(name, prefix) && !strings.HasPrefix(e.Name(), "."):
			keys = append(keys, name)
		}
		return nil
	})
	if err != nil {
		return nil, d.fault("list its folder", err)
	}
	sort.Strings(keys)
	return keys, nil
}

// Check writes a probe, reads it back and removes it.
func (d *Local) Check(context.Context) (Report, error) {
	root, err := d.open()
	if err != nil {
		return Report{}, err
	}
	defer root.Close()
	if err := d.probe(root); err != nil {
		return Report{}, err
	}
	space, err := disk.Of(d.folder)
	if err != nil {
		return Report{}, err
	}
	return Report{Free: space.Free, Total: space.Total}, nil
}

func (d *Local) probe(root *os.Root) (err error) {
	name := probeName + "-" + models.NewID()
	defer func() { err = errors.Join(err, ignoreMissing(root.Remove(name))) }()
	if err := root.WriteFile(name, []byte(name), 0o600); err != nil {
		return d.fault("write a probe", err)
	}
	back, err := root.ReadFile(name)
	if err != nil {
		return d.fault("read a probe back", err)
	}
	if string(back) != name {
		return models.Conflictf("drive %q did not give back what was written to it: check the disk of %s", d.label, d.folder)
	}
	return nil
}

// Sweep removes what an unfinished Put of key left behind.
func (d *Local) Sweep(_ context.Context, key string) error {
	root, err := d.existing(key)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	if err := ignoreMissing(root.Remove(partial(key))); err != nil {
		return d.fault("remove an unfinished copy", err)
	}
	return nil
}

// existing returns the root when the folder is there; reading never makes it.
func (d *Local) existing(key string) (*os.Root, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(d.folder)
	if err != nil {
		return nil, d.fault("open its folder", err)
	}
	return root, nil
}

// fault puts an error of the file system into words that name the drive.
func (d *Local) fault(doing string, err error) error {
	switch {
	case disk.Full(err):
		return models.NoSpacef("the disk of drive %q is full: free space in %s, or use a larger disk", d.label, d.folder)
	case errors.Is(err, fs.ErrNotExist):
		return models.NotFoundf("drive %q could not %s: it is not there in %s", d.label, doing, d.folder)
	case errors.Is(err, fs.ErrPermission):
		return models.Invalidf("drive %q could not %s: this program's user may not do that in %s", d.label, doing, d.folder)
	default:
		return fmt.Errorf("drive %q could not %s: %w", d.label, doing, err)
	}
}

// partial returns the hidden name beside key that holds an unfinished copy.
func partial(key string) string {
	return path.Join(path.Dir(key), "."+path.Base(key)+partialEnd)
}

// checkKey refuses keys that no part of this program makes.
func checkKey(key string) error {
	if !fs.ValidPath(key) || key == "." || strings.HasPrefix(path.Base(key), ".") {
		return models.Invalidf("%q is not a key of a copy", key)
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
