// Package disk asks the file system what the rest of the program must know of
// it: how much room there is, whether an error means that there was none, and
// that a file or folder has reached the medium.
package disk

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Space is the room on a file system, in bytes. Free is what an unprivileged
// process may still write.
type Space struct {
	Free  int64
	Total int64
}

// Of returns the room on the file system that holds path.
func Of(path string) (Space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return Space{}, fmt.Errorf("ask for free space at %s: %w", path, err)
	}
	block := int64(st.Bsize)
	return Space{Free: int64(st.Bavail) * block, Total: int64(st.Blocks) * block}, nil
}

// Full reports whether err says that a disk or a quota has no room left.
func Full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// SyncFolder makes renames and removals in a folder last.
func SyncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open folder %s: %w", path, err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("sync folder %s: %w", path, err)
	}
	return nil
}
