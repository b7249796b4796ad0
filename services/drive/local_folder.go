package drive

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/backupman/backupman/models"
)

const (
	// markerName is the hidden file that tells a folder which has held copies
	// from the empty mount point of a disk that is away.
	markerName = ".backupman-drive"
	markerText = "This folder is a drive of Backupman: it keeps copies of backups.\n"
)

// open returns the folder as a root for writing. It makes a missing folder, or
// refuses, as the setting says. The marker is looked for through the root that
// is written to, so that an unmount in between changes nothing.
func (d *Local) open() (*os.Root, error) {
	if d.create {
		if err := d.makeFolder(); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(d.folder)
	if errors.Is(err, fs.ErrNotExist) && !d.create {
		return nil, d.away("is not there", "mkdir -p "+d.folder+" && ")
	}
	if err != nil {
		return nil, d.fault("open its folder", err)
	}
	if d.create {
		return root, nil
	}
	if _, err := root.Lstat(markerName); err != nil {
		return nil, errors.Join(d.unmarked(err), root.Close())
	}
	return root, nil
}

func (d *Local) unmarked(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return d.away("has no file "+markerName+", so it has never held a copy", "")
	}
	return d.fault("look for its marker", err)
}

func (d *Local) away(is, first string) error {
	return models.Invalidf("drive %q: %s %s, and its setting create is off: mount what belongs there; if this is a new drive, run: %stouch %s",
		d.label, d.folder, is, first, filepath.Join(d.folder, markerName))
}

// mark leaves the marker in a folder that is about to hold its first copy.
func (d *Local) mark(root *os.Root) error {
	f, err := root.OpenFile(markerName, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return d.fault("mark its folder", err)
	}
	_, err = f.WriteString(markerText)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return d.fault("mark its folder", err)
	}
	return nil
}

// makeFolder makes the drive's folder, and makes it last.
func (d *Local) makeFolder() error {
	above := foldersAbove(d.folder)
	if err := os.MkdirAll(d.folder, 0o700); err != nil {
		return d.fault("make its folder", err)
	}
	for _, folder := range above {
		if err := d.syncAbove(folder); err != nil {
			return err
		}
	}
	return nil
}

// foldersAbove returns the folders that get a new name when folder is made.
func foldersAbove(folder string) []string {
	var above []string
	for {
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
			return above
		}
		folder = filepath.Dir(folder)
		above = append(above, folder)
	}
}

// syncAbove makes a name in a folder outside the drive last, as far as this
// program's user may.
func (d *Local) syncAbove(folder string) error {
	dir, err := os.Open(folder)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return d.fault("open the folder above its own", err)
	}
	defer dir.Close()
	if err := d.sync(dir); err != nil {
		return d.fault("bring the folder above its own to the disk", err)
	}
	return nil
}
