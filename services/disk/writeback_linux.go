package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// StartWriteback asks the kernel to begin writing a range of a file, without
// waiting, so that a later Sync finds little left to do. It is a hint: errors
// do not matter, because Sync tells whether the bytes are safe.
func StartWriteback(f *os.File, offset, length int64) {
	_ = unix.SyncFileRange(int(f.Fd()), offset, length, unix.SYNC_FILE_RANGE_WRITE)
}
