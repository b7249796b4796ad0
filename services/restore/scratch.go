package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/backupman/backupman/services/disk"
)

// scratch is the private folder of one drill. Its lock file tells other
// processes whether the drill still runs.
type scratch struct {
	dir  string
	lock *disk.Lock
	log  *slog.Logger
}

const scratchLock = "lock"

func (s *Service) newScratch() (*scratch, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.dir, "drill-")
	if err != nil {
		return nil, err
	}
	lock, err := disk.Hold(filepath.Join(dir, scratchLock))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &scratch{dir: dir, lock: lock, log: s.log}, nil
}

func (s *scratch) remove() {
	if err := errors.Join(os.RemoveAll(s.dir), s.lock.Release()); err != nil {
		s.log.Warn("scratch database not removed", "error", err)
	}
}

// Sweep removes the scratch databases that processes which died left behind.
func (s *Service) Sweep() error {
	dirs, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for left-over scratch databases: %w", err)
	}
	var failures []error
	for _, d := range dirs {
		dir := filepath.Join(s.dir, d.Name())
		if state, err := disk.LookAt(filepath.Join(dir, scratchLock)); err == nil && state == disk.HolderDead {
			failures = append(failures, os.RemoveAll(dir))
		}
	}
	return errors.Join(failures...)
}
