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

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

var localKind = Kind{
	Kind: models.Kind{Provider: "local", Name: "Folder on this machine", Settings: []models.Setting{
		{Name: "folder", Decides: models.DecidesPlace, Label: "Folder", Type: models.SettingPath, Required: true,
			Help: "Folder that keeps the copies, such as /mnt/nas/backups; it is made when it is missing."},
		{Name: "create", Decides: models.DecidesHow, Label: "Make the folder", Type: models.SettingBool, Default: "true", Advanced: true,
			Help: "Make the folder when it is missing. Switch this off for a mount point, so that nothing is written while it is not mounted."},
	}},
	Open: func(p Place) (Drive, error) {
		d, err := NewLocal(p.Label, p.Settings["folder"])
		if err != nil {
			return nil, err
		}
		d.create = p.Settings["create"] == "" || p.Settings.Bool("create")
		d.installation = p.Installation
		return d, nil
	},
}

// Local keeps copies in a folder. Everything it does goes through an os.Root,
// so no key, label or symbolic link leads outside the folder.
type Local struct {
	label  string
	folder string
	// installation is part of the names of probes.
	installation string
	// create says that a missing folder is made; without it only a folder with
	// the marker is used.
	create bool
	// sync brings a folder's names to the disk.
	sync func(*os.File) error
}

var _ Drive = (*Local)(nil)

// NewLocal returns the drive that keeps copies in folder. The folder is made on
// first use.
func NewLocal(label, folder string) (*Local, error) {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("find the folder of drive %q: %w", label, err)
	}
	return &Local{label: label, folder: abs, create: true, sync: (*os.File).Sync}, nil
}

// Open reads a copy, as long as ctx lasts.
func (d *Local) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	root, err := d.existing(key)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(key)
	if err != nil {
		return nil, d.fault("open "+key, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(d.fault("look at "+key, err), f.Close())
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Join(d.noCopy(key), f.Close())
	}
	return &localReader{ctx: ctx, file: f, drive: d, key: key, size: info.Size()}, nil
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
	if !info.Mode().IsRegular() {
		return Stored{}, d.noCopy(key)
	}
	full := filepath.Join(d.folder, filepath.FromSlash(key))
	return Stored{Key: key, Size: info.Size(), Path: full, LocalPath: full}, nil
}

func (d *Local) noCopy(key string) error {
	return models.NotFoundf("drive %q has no copy %s in %s: what has that name is not a file", d.label, key, d.folder)
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

// Check removes what dead checks left, writes a probe, reads it back and removes
// it. A disk that has room for a probe and for no copy does not work.
func (d *Local) Check(ctx context.Context) (Report, error) {
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	root, err := d.open()
	if err != nil {
		return Report{}, err
	}
	defer root.Close()
	if err := d.sweepProbes(root); err != nil {
		return Report{}, err
	}
	if err := d.probe(root); err != nil {
		return Report{}, err
	}
	space, err := disk.Of(d.folder)
	if err != nil {
		return Report{}, err
	}
	if space.Free < localReserve {
		return Report{}, d.full()
	}
	return Report{Free: space.Free, Total: space.Total}, nil
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
		return d.full()
	case errors.Is(err, fs.ErrNotExist):
		return models.NotFoundf("drive %q could not %s: it is not there in %s", d.label, doing, d.folder)
	case errors.Is(err, fs.ErrPermission):
		return models.Invalidf("drive %q could not %s: this program's user may not do that in %s", d.label, doing, d.folder)
	default:
		return fmt.Errorf("drive %q could not %s: %w", d.label, doing, err)
	}
}

func (d *Local) full() error {
	return models.NoSpacef("the disk of drive %q is full: free space in %s, or use a larger disk", d.label, d.folder)
}

// checkKey refuses keys that no part of this program makes.
func checkKey(key string) error {
	if !fs.ValidPath(key) || key == "." || strings.HasPrefix(path.Base(key), ".") {
		return models.Invalidf("%q is not a key of a copy", key)
	}
	return nil
}

// isElement reports whether a name that a server lists in a folder is that of a file or a
// folder in it. Hidden ones are no copies.
func isElement(name string) bool {
	return fs.ValidPath(name) && !strings.Contains(name, "/") && !strings.HasPrefix(name, ".")
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
