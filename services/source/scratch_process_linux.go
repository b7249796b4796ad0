package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// startConfined starts the server from a thread of its own, which lives as long as the
// server: a death signal is sent when the thread that forked ends, and what the thread
// gives up, the server inherits.
func (p *scratchProcess) startConfined(program []string, log io.Writer) error {
	started := make(chan error)
	go func() {
		// The thread is never unlocked, so it ends with this function.
		runtime.LockOSThread()
		err := confine(p.dir, append([]string{p.cmd.Path}, program...))
		if errors.Is(err, errNotConfined) {
			fmt.Fprintln(log, err)
			err = nil
		}
		if err == nil {
			p.cmd.SysProcAttr.Pdeathsig = p.death
			err = p.cmd.Start()
		}
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	// A hostile dump that makes the server crash leaves no picture of its memory.
	_ = unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
	return nil
}

// identify returns how a process is told from others. Its program is not known where
// this program may not look.
func identify(pid int) scratchIdentity {
	program, _ := os.Readlink(processFile(pid, "exe"))
	return scratchIdentity{pid: pid, born: born(pid), program: program}
}

func processFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

// born returns the boot of the machine and the clock tick since then at which a process
// was started, empty when there is none.
func born(pid int) string {
	stat, err := os.ReadFile(processFile(pid, "stat"))
	if err != nil {
		return ""
	}
	// The name, in brackets, may hold anything; the start is the 20th field after it.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(fields) < 20 {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + string(fields[19])
}

// processes returns the numbers of the server's processes that have not ended.
func (id scratchIdentity) processes(dir string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && id.owns(dir, pid) {
			found = append(found, pid)
		}
	}
	return found
}

// owns reports whether a process belongs to the server in dir. Root without the right to
// trace, as in many containers, may not see where a process works and goes by its birth.
func (id scratchIdentity) owns(dir string, pid int) bool {
	folder, err := os.Readlink(processFile(pid, "cwd"))
	if errors.Is(err, fs.ErrPermission) {
		return pid == id.pid && id.born != "" && id.born == born(pid)
	}
	if err != nil || folder != dir && !strings.HasPrefix(folder, dir+"/") {
		return false
	}
	if pid == id.pid {
		return true
	}
	program, _ := os.Readlink(processFile(pid, "exe"))
	return program != "" && strings.TrimSuffix(program, " (deleted)") == id.program
}
