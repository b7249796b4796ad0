package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// scratchPID is the file in a private server's folder that tells its process.
	scratchPID = "pid"
	// maxScratchPID bounds how much of that file is read: the server could write to it.
	maxScratchPID = 4 << 10
)

// scratchIdentity tells the processes of one private server from all others.
type scratchIdentity struct {
	// pid is the number of the process that was started.
	pid int
	// born tells it from others of that number: empty where the system does not say.
	born string
	// program is the file that it executes, as do the processes it splits into.
	program string
}

// SweepScratch ends what is still running of a private server whose program died, so
// that its folder can be removed. It ends what works inside the folder and is the process
// that was written down there, or runs its program: never another that got the number.
func SweepScratch(dir string) error {
	id, err := readScratch(filepath.Join(dir, scratchPID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read which private server ran in %s: %w", dir, err)
	}
	return id.end(dir)
}

// write puts the identity into the folder.
func (id scratchIdentity) write(dir string) error {
	text := fmt.Sprintf("%d\n%s\n%s\n", id.pid, id.born, id.program)
	f, err := os.OpenFile(filepath.Join(dir, scratchPID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write down the process of a private server: %w", err)
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

// readScratch reads what write wrote. A file that was cut off or is no file names nothing.
func readScratch(path string) (scratchIdentity, error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return scratchIdentity{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return scratchIdentity{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxScratchPID))
	if err != nil {
		return scratchIdentity{}, err
	}
	lines := append(strings.Split(string(text), "\n"), "", "")
	pid, _ := strconv.Atoi(lines[0])
	return scratchIdentity{pid: pid, born: lines[1], program: lines[2]}, nil
}

// end kills until no process of the server is left.
func (id scratchIdentity) end(dir string) error {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("find the folder of a private server: %w", err)
	}
	deadline := time.Now().Add(scratchGrace)
	for {
		left := id.processes(dir)
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return models.Conflictf("processes %v of a private server in %s do not end: end them, then remove the folder", left, dir)
		}
		for _, pid := range left {
			id.kill(dir, pid)
		}
		time.Sleep(scratchPoll)
	}
}

// kill ends one process. It is held before it is looked at again, so that its number
// can't pass to another in between.
func (id scratchIdentity) kill(dir string, pid int) {
	process, err := os.FindProcess(pid)
	if err != nil {
		return
	}
	defer func() { _ = process.Release() }()
	if id.owns(dir, pid) {
		_ = process.Kill()
	}
}
