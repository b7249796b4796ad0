package drive

import (
	"errors"
	"io/fs"

	"github.com/backupman/backupman/models"
)

// sftpRenames is how often a name is freed for a file that other Puts may take.
const sftpRenames = 20

// rename gives the temporary file its final name, which may be taken. Only OpenSSH's
// extension does that at once. For others the earlier copy is moved aside first, and
// back when the new one cannot have its name.
func (u *sftpUpload) rename(c *sftpConn) error {
	from, to := u.drive.remote(u.name), u.drive.remote(u.key)
	if _, ok := c.files.HasExtension("posix-rename@openssh.com"); ok {
		return c.files.PosixRename(from, to)
	}
	err := c.files.Rename(from, to)
	for range sftpRenames {
		if err == nil || errors.Is(err, fs.ErrNotExist) || sftpLost(err) {
			break
		}
		if err := u.setAside(c); err != nil {
			return err
		}
		err = c.files.Rename(from, to)
	}
	if err == nil && u.aside != "" {
		_ = u.drive.remove(c, u.aside) // else Sweep removes it
	}
	return err
}

// setAside frees the final name, when a file has it.
func (u *sftpUpload) setAside(c *sftpConn) error {
	d := u.drive
	info, err := c.files.Lstat(d.remote(u.key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another Put has just done so
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return models.Conflictf("drive %q cannot store %s in %s on %s: what has that name is no file: move it away", d.place.Label, u.key, d.folder, d.address)
	}
	if u.aside != "" {
		if err := d.remove(c, u.aside); err != nil {
			return err
		}
	}
	if u.aside == "" {
		u.aside, u.forgetAside = newPartial(u.key)
	}
	return ignoreMissing(c.files.Rename(d.remote(u.key), d.remote(u.aside)))
}

// putBack gives an earlier copy its name again when nothing else has it now.
func (u *sftpUpload) putBack(c *sftpConn) error {
	if u.aside == "" {
		return nil
	}
	if c.files.Rename(u.drive.remote(u.aside), u.drive.remote(u.key)) == nil {
		return nil
	}
	if _, err := c.files.Lstat(u.drive.remote(u.key)); err != nil {
		return ignoreMissing(err) // where it is, the earlier copy is not lost
	}
	return u.drive.remove(c, u.aside)
}
