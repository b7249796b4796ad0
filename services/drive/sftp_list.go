package drive

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// List calls fn for every copy below prefix, in key order. It has one folder at a
// time in memory.
func (d *SFTP) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	c, release, err := d.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	return d.walk(c, "", prefix, fn)
}

// walk lists the folder whose keys begin with above, which is empty or ends with a
// slash.
func (d *SFTP) walk(c *sftpConn, above, prefix string, fn func(Stored) error) error {
	entries, err := d.entries(c, above)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b fs.FileInfo) int { return strings.Compare(sftpSortName(a), sftpSortName(b)) })
	for _, e := range entries {
		key := above + sftpSortName(e)
		switch {
		case !isElement(e.Name()):
		case e.IsDir() && (strings.HasPrefix(key, prefix) || strings.HasPrefix(prefix, key)):
			err = d.walk(c, key, prefix, fn)
		case e.Mode().IsRegular() && strings.HasPrefix(key, prefix):
			err = fn(d.stored(key, e.Size()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sftpSortName ends the name of a folder as the keys below it go on, so that
// folders and files come in the order of their keys.
func sftpSortName(e fs.FileInfo) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

// entries reads a folder; one that is not there is empty.
func (d *SFTP) entries(c *sftpConn, folder string) (entries []os.FileInfo, err error) {
	err = c.within(d.silence, func() error {
		entries, err = c.files.ReadDir(d.remote(folder))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, d.fault("list "+path.Join(d.folder, folder), err)
	}
	return entries, nil
}
