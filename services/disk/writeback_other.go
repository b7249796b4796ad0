//go:build !linux

package disk

import "os"

// StartWriteback does nothing where the kernel takes no such hint.
func StartWriteback(*os.File, int64, int64) {}
