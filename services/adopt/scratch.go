package adopt

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/backupman/backupman/services/disk"
)

// scratch is the private folder of an adoption, made when it is first needed. It lies
// among those of drills and has a lock as they have: what a process that died left there
// is swept with theirs.
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
	dir, err := os.MkdirTemp(below, "adopt-")
	if err != nil {
		return err
	}
	lock, err := disk.Hold(filepath.Join(dir, "lock"))
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
