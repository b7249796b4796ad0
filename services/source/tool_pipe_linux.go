package source

import (
	"os"

	"golang.org/x/sys/unix"
)

// enlargePipe makes room for toolPipe bytes. It may be refused to an ordinary
// user who has many pipes, which costs only speed.
func enlargePipe(pipe *os.File) {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, toolPipe) })
}
