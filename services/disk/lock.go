package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Lock is a file that this process holds for as long as it lives. The kernel
// lets it go when the process ends, however that happens, so others can tell a
// process that died from one that is slow.
type Lock struct{ file *os.File }

// Hold makes and locks the file at path, readable by this user only.
func Hold(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a lock file: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return &Lock{file: f}, nil
}

// Release removes the file, while it is still locked, and lets go of it.
func (l *Lock) Release() error {
	err := os.Remove(l.file.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.file.Close())
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
	case err == nil:
		return HolderDead, nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return HolderAlive, nil
	default:
		return HolderUnknown, fmt.Errorf("look at lock file %s: %w", path, err)
	}
}
