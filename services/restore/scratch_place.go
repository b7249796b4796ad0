package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/source"
)

const (
	scratchName = "scratch"
	// longestPlace keeps the paths of sockets below it within what systems take.
	longestPlace = 60
)

// scratchDrill is what the folder of a drill's scratch database is called.
func scratchDrill(id string) string { return "drill-" + models.ShortID(id) }

// ourScratch is how scratchDrill names folders, earlierScratch how earlier versions named
// theirs, which they made in the data folder only.
var (
	ourScratch     = regexp.MustCompile(`^drill-[0-9a-f]{12}$`)
	earlierScratch = regexp.MustCompile(`^drill-[0-9]+$`)
)

// sharedPlace is for scratch databases where the data folder won't do: a server that root
// starts runs as another account, which can't pass through the data folder.
func (s *Service) sharedPlace() string {
	return filepath.Join(s.shared, "backupman-scratch-"+s.Installation)
}

// scratchPlace makes the folder that scratch databases are made in.
func (s *Service) scratchPlace() (string, error) {
	path, mode := s.path(scratchName), fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	switch {
	case s.ScratchFolder != "":
		if err := os.MkdirAll(s.ScratchFolder, mode); err != nil {
			return "", fmt.Errorf("make the scratch folder: %w", err)
		}
		return s.ScratchFolder, nil
	case os.Geteuid() == 0 || len(path) > longestPlace:
		path = s.sharedPlace()
	}
	return path, ownFolder(path, mode)
}

// ownFolder makes a folder where others may write, too. One that is there must be this
// account's own: what somebody else has put there is not used.
func ownFolder(path string, mode fs.FileMode) error {
	err := os.Mkdir(path, mode)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the folder for scratch databases: %w", err)
	}
	own, err := isOwn(path)
	if err != nil {
		return err
	}
	if !own {
		return models.Conflictf("%s is a link or belongs to another account, so no scratch database is made there: remove it, or set scratch_folder to a folder of your own", path)
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("make the folder for scratch databases private: %w", err)
	}
	return nil
}

// isOwn reports whether there is a folder that belongs to this account, and is no link.
func isOwn(path string) (bool, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the folder for scratch databases: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return info.IsDir() && ok && int(owner.Uid) == os.Geteuid(), nil
}

// sweepScratch ends the servers and removes the folders of drills whose process died,
// wherever they were made. A shared place that somebody else has made is not looked into.
func (s *Service) sweepScratch() error {
	inData := func(name string) bool { return ourScratch.MatchString(name) || earlierScratch.MatchString(name) }
	failures := []error{sweepFolders(s.path(scratchName), inData, endScratch)}
	if s.ScratchFolder != "" {
		failures = append(failures, sweepFolders(s.ScratchFolder, ourScratch.MatchString, endScratch))
	}
	own, err := isOwn(s.sharedPlace())
	if failures = append(failures, err); own {
		failures = append(failures, sweepFolders(s.sharedPlace(), ourScratch.MatchString, endScratch))
	}
	return errors.Join(failures...)
}

// endScratch ends what runs in the folder of a dead drill. Earlier versions had the lock
// inside.
func endScratch(path string) error {
	if state, err := disk.LookAt(filepath.Join(path, "lock")); err != nil || state == disk.HolderAlive {
		return err
	}
	return source.SweepScratch(path)
}

// scratch is the database of one drill.
type scratch struct {
	target   source.Target
	settings models.Settings
	// label names its server to people.
	label string
	// server is its version.
	server string
	// folder is where it grows; empty on a given server.
	folder string
	// close ends the server and removes everything, whatever has happened to the drill.
	close func()
}
