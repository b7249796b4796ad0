package adopt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/backupman/backupman/services/disk"
)

const (
	// scratchPrefix begins the name of an adoption's folder, so that nothing else in
	// its place is taken for one.
	scratchPrefix = "adopt-"
	scratchLock   = "lock"
)

// scratch is the private folder of an adoption, made when a dump must be unpacked into a
// file. The lock in it tells whether the process that made it lives.
type scratch struct {
	dir  string
	lock *disk.Lock
}

// folder returns an empty folder below dir.
func (s *scratch) folder(dir string) (string, error) {
	if s.dir == "" {
		if err := s.make(dir); err != nil {
			return "", err
		}
	}
	dump := filepath.Join(s.dir, "dump")
	return dump, errors.Join(os.RemoveAll(dump), os.Mkdir(dump, 0o700))
}

func (s *scratch) make(below string) error {
	if err := os.MkdirAll(below, 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(below, scratchPrefix)
	if err != nil {
		return err
	}
	lock, err := disk.Hold(filepath.Join(dir, scratchLock))
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	s.dir, s.lock = dir, lock
	return nil
}

func (s *scratch) remove(log *slog.Logger) {
	if s.dir == "" {
		return
	}
	if err := errors.Join(os.RemoveAll(s.dir), s.lock.Release()); err != nil {
		log.Warn("scratch folder not removed", "error", err)
	}
}

// Sweep removes what adoptions left whose process died.
func (s *Service) Sweep(context.Context) error {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for what adoptions left: %w", err)
	}
	var failures []error
	for _, e := range entries {
		dir := filepath.Join(s.dir, e.Name())
		if !e.IsDir() || !strings.HasPrefix(e.Name(), scratchPrefix) {
			continue
		}
		state, err := disk.LookAt(filepath.Join(dir, scratchLock))
		if err == nil && state == disk.HolderDead {
			err = os.RemoveAll(dir)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
