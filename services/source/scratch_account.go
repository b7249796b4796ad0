package source

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// scratchAccount returns the account that a private server runs as, nil for this
// program's own when it is not root.
func scratchAccount(names []string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	names = append(names[:len(names):len(names)], "nobody")
	for _, name := range names {
		if c := credential(name); c != nil {
			return c, nil
		}
	}
	return nil, Incapablef("this program runs as root, and there is no account to run a private server as: make one of %s", strings.Join(names, ", "))
}

// credential returns an account without any further groups, nil when there is none of
// that name or when it is root by another name.
func credential(name string) *syscall.Credential {
	u, err := user.Lookup(name)
	if err != nil {
		return nil
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil || uid == 0 || gid == 0 {
		return nil
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// giveFolder makes a folder, and what was written into it, the account's own.
func giveFolder(dir string, account *syscall.Credential) error {
	if account == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("give the private server its folder: %w", err)
		}
		return os.Lchown(path, int(account.Uid), int(account.Gid))
	})
}
