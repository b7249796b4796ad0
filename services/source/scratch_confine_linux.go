package source

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errNotConfined says that the kernel can't confine a server. Drills go on without: what
// no dump tool writes was refused before, and the server is not root.
var errNotConfined = errors.New("this Linux kernel has no Landlock, or it is turned off: it can't keep the private server from running other programs")

const (
	confineExecute = unix.LANDLOCK_ACCESS_FS_EXECUTE
	confineWrite   = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_SYM
)

// confinement is what a kernel of some version can forbid.
type confinement struct {
	// write is what is forbidden outside the server's folder.
	write uint64
	rules unix.LandlockRulesetAttr
}

// confinementOf returns what the kernel's version of Landlock can forbid. Versions are
// told apart in https://docs.kernel.org/userspace-api/landlock.html.
func confinementOf(version uintptr) confinement {
	c := confinement{write: confineWrite}
	if version >= 2 {
		c.write |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		c.write |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		c.rules.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 6 {
		c.rules.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	c.rules.Handled_access_fs = c.write | confineExecute
	return c
}

// confine takes rights away from the calling thread and all that it starts: it executes
// only programs, writes only below dir, and neither listens nor connects by TCP. A dump
// that runs a shell, or reaches for another database, gets nowhere.
func confine(dir string, programs []string) error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return errNotConfined
	}
	c := confinementOf(version)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&c.rules)), unsafe.Sizeof(c.rules), 0)
	if errno != 0 {
		return fmt.Errorf("confine the private server: %w", errno)
	}
	defer func() { _ = unix.Close(int(fd)) }()
	if err := c.allow(int(fd), dir, programs); err != nil {
		return fmt.Errorf("confine the private server: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("confine the private server: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return fmt.Errorf("confine the private server: %w", errno)
	}
	return nil
}

// allow makes the exceptions.
func (c confinement) allow(ruleset int, dir string, programs []string) error {
	if err := allowBeneath(ruleset, dir, c.write); err != nil {
		return err
	}
	for _, device := range []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/tty"} {
		if err := allowBeneath(ruleset, device, unix.LANDLOCK_ACCESS_FS_WRITE_FILE); err != nil {
			return err
		}
	}
	for _, program := range append(programs, loaderOf(programs[0])...) {
		if err := allowBeneath(ruleset, program, confineExecute); err != nil {
			return err
		}
	}
	return nil
}

// allowBeneath allows something for a file, or in a folder and all below it. What does
// not exist needs no exception.
func allowBeneath(ruleset int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return &fs.PathError{Op: "allow", Path: path, Err: errno}
	}
	return nil
}

// loaderOf returns the program that the kernel executes to load another one: the
// libraries' own loader. A program without libraries, or a script, has none.
func loaderOf(program string) []string {
	f, err := os.Open(program)
	if err != nil {
		return nil
	}
	defer f.Close()
	e, err := elf.NewFile(f)
	if err != nil {
		return nil
	}
	for _, p := range e.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		name, err := io.ReadAll(io.LimitReader(p.Open(), unix.PathMax))
		if err == nil {
			return []string{strings.TrimRight(string(name), "\x00")}
		}
	}
	return nil
}
