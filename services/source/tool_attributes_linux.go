package source

import "syscall"

// toolAttributes put a tool into a process group of its own, which is ended as
// one, and let the kernel end it when this program is killed: an orphan that
// waits for a lock would hold its snapshot of production until it next writes.
func toolAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
