//go:build !linux

package source

import "syscall"

// toolAttributes put a tool into a process group of its own, which is ended as one.
func toolAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
