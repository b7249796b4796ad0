package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/backupman/backupman/services/disk"
)

// inode tells a file from another that took its place with the same length in the same
// tick of the clock.
func inode(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino
	}
	return 0
}

// writeKeyFile puts keys in the place of what a file holds, at once or not at all. The
// file keeps its owner: a server reads it that is not the account which rotates.
func writeKeyFile(path string, keys []key) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("find the key file: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return fmt.Errorf("write the key file %s: %w", path, err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	var text strings.Builder
	for _, k := range keys {
		text.WriteString(k.line.Reveal() + "\n")
	}
	_, err = f.WriteString(text.String())
	if err := errors.Join(err, sameOwner(f, path), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the key file %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write the key file %s: %w", path, err)
	}
	return disk.SyncFolder(filepath.Dir(path))
}

func sameOwner(f *os.File, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() {
		return nil
	}
	return f.Chown(int(stat.Uid), int(stat.Gid))
}
