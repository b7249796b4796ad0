package drive

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// List calls fn for every copy below prefix, one folder at a time: many servers
// refuse to list more at once.
func (d *WebDAV) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	folder := webdavFolder(prefix)
	if folder != "" && !fs.ValidPath(strings.TrimSuffix(folder, "/")) {
		return nil // there are no such keys
	}
	return d.list(ctx, folder, prefix, fn)
}

func (d *WebDAV) list(ctx context.Context, folder, prefix string, fn func(Stored) error) error {
	children, err := d.children(ctx, folder)
	if err := webdavIgnoreMissing(err); err != nil {
		return err
	}
	for _, c := range children {
		switch key := folder + c.name; {
		case !isElement(strings.TrimSuffix(c.name, "/")):
		case c.folder && (strings.HasPrefix(key, prefix) || strings.HasPrefix(prefix, key)):
			err = d.list(ctx, key, prefix, fn)
		case !c.folder && strings.HasPrefix(key, prefix):
			err = fn(d.stored(key, c.size))
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes what unfinished Puts of key and of its manifest left behind.
func (d *WebDAV) Sweep(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return d.sweep(ctx, webdavFolder(key), func(e webdavEntry) bool { return isLeftOver(path.Base(key), e.name) })
}

func (d *WebDAV) sweep(ctx context.Context, folder string, dead func(webdavEntry) bool) error {
	children, err := d.children(ctx, folder)
	failures := []error{webdavIgnoreMissing(err)}
	for _, c := range children {
		if !c.folder && dead(c) {
			failures = append(failures, webdavIgnoreMissing(d.remove(ctx, folder+c.name)))
		}
	}
	return errors.Join(failures...)
}

// children lists what is in a folder, in the order that keys below have. Addresses in
// the answer are compared among themselves only: behind some proxies they are others
// than the one that was asked.
func (d *WebDAV) children(ctx context.Context, folder string) ([]webdavEntry, error) {
	found, err := d.propfind(ctx, "list its folder", d.address(folder), "1", webdavProps)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b webdavEntry) int { return len(a.at) - len(b.at) })
	if len(found) == 0 || !found[0].folder {
		return nil, d.unclear("list its folder", "the answer does not tell which folder it is of")
	}
	self := found[0].at
	found = slices.DeleteFunc(found, func(e webdavEntry) bool {
		return e.at == self || path.Dir(e.at) != self || e.status != 0 || (!e.folder && e.size < 0)
	})
	slices.SortFunc(found, func(a, b webdavEntry) int { return strings.Compare(a.name, b.name) })
	return found, nil
}
