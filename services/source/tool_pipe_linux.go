package source

import (
	"os"

	"golang.org/x/sys/unix"
)

// enlargePipe makes room for pipeSize bytes and tells whether it could: an
// ordinary user who has many pipes may be refused, which costs only speed.
func enlargePipe(pipe *os.File) bool {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return false
	}
	size := 0
	err = conn.Control(func(fd uintptr) { size, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
	return err == nil && size >= pipeSize
}
