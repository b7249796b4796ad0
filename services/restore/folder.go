package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/backupman/backupman/services/disk"
)

// folder is the private place of one run. A lock beside it, which is held before the
// folder is there and let go of after it has gone, tells others whether its run lives.
type folder struct {
	path string
	lock *disk.Lock
}

const lockSuffix = ".lock"

// makeFolder makes a folder that nobody else has, in a parent that exists.
func makeFolder(parent, name string, mode fs.FileMode) (*folder, error) {
	path := filepath.Join(parent, name)
	lock, err := disk.Hold(path + lockSuffix)
	if err != nil {
		return nil, err
	}
	err = os.Mkdir(path, mode)
	if err == nil {
		err = os.Chmod(path, mode) // whatever the umask says
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the folder %s: %w", path, err), lock.Release())
	}
	return &folder{path: path, lock: lock}, nil
}

func (f *folder) file(name string) string { return filepath.Join(f.path, name) }

// temp makes an empty folder for one step; the returned function removes it.
func (f *folder) temp() (string, func(), error) {
	path, err := os.MkdirTemp(f.path, "tmp-")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	return path, func() { _ = os.RemoveAll(path) }, nil
}

// remove removes the folder and lets go of its lock.
func (f *folder) remove() error {
	return errors.Join(os.RemoveAll(f.path), f.lock.Release())
}

// sweepFolders calls clear for each folder below parent whose run is dead, and removes
// it when clear returns nil. Names that are not ours are left alone.
func sweepFolders(parent string, ours func(name string) bool, clear func(path string) error) error {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for what processes that died left: %w", err)
	}
	var failures []error
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), lockSuffix)
		if !ours(name) || e.Type()&fs.ModeSymlink != 0 {
			continue
		}
		path := filepath.Join(parent, name)
		if state, err := disk.LookAt(path + lockSuffix); err != nil || state == disk.HolderAlive {
			failures = append(failures, err)
			continue
		}
		failures = append(failures, sweepFolder(path, clear))
	}
	return errors.Join(failures...)
}

func sweepFolder(path string, clear func(path string) error) error {
	if err := clear(path); err != nil {
		return err
	}
	err := os.Remove(path + lockSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(removeAll(path), err)
}

// removeAll removes a folder in which programs of a process that died may still write:
// they end with it, but not all in the same moment.
func removeAll(path string) error {
	for pause := 20 * time.Millisecond; ; pause *= 2 {
		err := os.RemoveAll(path)
		if !errors.Is(err, syscall.ENOTEMPTY) || pause > 2*time.Second {
			return err
		}
		time.Sleep(pause)
	}
}
