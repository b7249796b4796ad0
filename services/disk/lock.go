package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"

	"github.com/backupman/backupman/models"
)

// Lock is a file that this process holds for as long as it lives. The kernel
// lets it go when the process ends, however that happens, so others can tell a
// process that died from one that is slow.
type Lock struct {
	file *os.File
	path string
}

// unnamedLock is how a lock file is called before it has its name: never as
// anything that is looked for by the ending of its name.
var unnamedLock = regexp.MustCompile(`\.new-[0-9a-f-]{36}$`)

// lockAttempts is how often another process's sweep may take a file for left
// over that was made a moment ago.
const lockAttempts = 10

// Hold makes the lock file at path, readable by this user only. The file is
// locked before it has that name, so whoever finds it there finds its holder
// alive. A path that another process holds is models.ErrConflict; one that a
// dead process left is taken over, by one caller at a time: paths should hold an
// id that only their maker uses. What processes that died in here left in the
// folder is removed.
func Hold(path string) (*Lock, error) {
	sweepUnnamed(filepath.Dir(path))
	for attempt := 1; ; attempt++ {
		f, err := lockUnnamed(path)
		if err == nil {
			if err = nameLock(f.Name(), path); err == nil {
				return &Lock{file: f, path: path}, nil
			}
			err = errors.Join(err, ignoreMissing(os.Remove(f.Name())), f.Close())
		}
		swept := errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, fs.ErrNotExist)
		if !swept || attempt == lockAttempts {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}

// lockUnnamed makes a locked file beside path.
func lockUnnamed(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".new-"+models.NewID(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, ignoreMissing(os.Remove(f.Name())), f.Close())
	}
	return f, nil
}

// nameLock gives a locked file its name. A link fails where the name is taken,
// which a rename does not; the rename is for the file of a dead holder, and for
// file systems without links.
func nameLock(unnamed, path string) error {
	if os.Link(unnamed, path) == nil {
		return ignoreMissing(os.Remove(unnamed))
	}
	holder, err := LookAt(path)
	if err != nil {
		return err
	}
	if holder == HolderAlive {
		return models.Conflictf("%s is held by another process", path)
	}
	return os.Rename(unnamed, path)
}

// sweepUnnamed removes the files of processes that died before their lock had
// its name. Whoever lives holds the lock of theirs.
func sweepUnnamed(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // Hold cannot make its file there either, and says so
	}
	for _, e := range entries {
		if unnamedLock.MatchString(e.Name()) && e.Type().IsRegular() {
			removeDead(filepath.Join(folder, e.Name()))
		}
	}
}

func removeDead(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
		_ = os.Remove(path) // the next Hold tries again
	}
}

// Release removes the file, while it is still locked, and lets go of it.
func (l *Lock) Release() error {
	return errors.Join(ignoreMissing(os.Remove(l.path)), l.file.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Holder is what a lock file tells of the process that made it.
type Holder int

// The states of a lock file's maker.
const (
	// HolderUnknown means that there is no such file here.
	HolderUnknown Holder = iota
	HolderAlive
	HolderDead
)

// LookAt tells whether the process that made the lock file at path lives.
func LookAt(path string) (Holder, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return HolderUnknown, nil
	}
	if err != nil {
		return HolderUnknown, fmt.Errorf("open a lock file: %w", err)
	}
	defer f.Close()
	err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	switch {
	case err == nil && !stillAt(f, path):
		return HolderUnknown, nil // released while this looked
	case err == nil:
		return HolderDead, nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return HolderAlive, nil
	default:
		return HolderUnknown, fmt.Errorf("look at lock file %s: %w", path, err)
	}
}

func stillAt(f *os.File, path string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(held, there)
}
