// Package needs gives tests what a machine may lack. Where it is missing a test
// is left out by name; where everything was promised, by
// BACKUPMAN_TEST_SERVERS=require, it fails.
package needs

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// Missing ends a test that lacks something, with a sentence that says what.
func Missing(t testing.TB, sentence string) {
	t.Helper()
	if os.Getenv("BACKUPMAN_TEST_SERVERS") == "require" {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
}

// Program returns the path of a program that a Debian package brings.
func Program(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, fmt.Sprintf("needs %s, which is not installed: apt-get install %s", name, debian))
	}
	return path
}

// SmallDisk puts a file system of the given size in bytes on a folder until the
// test ends. Only root may do that; other users leave the test out.
func SmallDisk(t testing.TB, folder string, size int) {
	t.Helper()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		sentence := fmt.Sprintf("needs a small disk, which this user may not mount (%v): run the tests as root", err)
		if os.Geteuid() != 0 {
			t.Skip(sentence)
		}
		Missing(t, sentence)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount the small disk: %v", err)
		}
	})
}
