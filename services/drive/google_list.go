package drive

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	gdrive "google.golang.org/api/drive/v3"

	"github.com/backupman/backupman/models"
)

// List calls fn for every copy below prefix, in key order.
func (d *GoogleDrive) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	dir := path.Dir(prefix + "x")
	d.forget() // a list is of what is there now
	id, _, err := d.folderOf(ctx, dir)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	copies := map[string]*gdrive.File{}
	if err := d.gather(ctx, id, dir, prefix, copies); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(copies)) {
		if err := fn(d.stored(key, copies[key])); err != nil {
			return err
		}
	}
	return nil
}

// gather collects the copies in a folder and below, by key.
func (d *GoogleDrive) gather(ctx context.Context, id, dir, prefix string, into map[string]*gdrive.File) error {
	below := map[string]*gdrive.File{}
	err := d.each(ctx, "list "+path.Join(d.folder, dir), googleIn(id), func(f *gdrive.File) {
		key := path.Join(dir, f.Name)
		switch {
		case strings.Contains(f.Name, "/"):
		case f.MimeType == googleFolderType:
			if googleOlder(f, below[f.Name]) {
				below[f.Name] = f
			}
		case isGoogleCopy(f) && checkKey(key) == nil && strings.HasPrefix(key, prefix):
			if other := into[key]; other == nil || googleNewest(f, other) < 0 {
				into[key] = f
			}
		}
	})
	if err != nil {
		return err
	}
	for name, f := range below {
		key := path.Join(dir, name)
		if !strings.HasPrefix(key+"/", prefix) && !strings.HasPrefix(prefix, key+"/") {
			continue
		}
		if err := d.gather(ctx, f.Id, key, prefix, into); err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes what unfinished Puts of key and of its manifest left behind. Uploads
// that never ended are not seen by anybody, and Google drops them within a week.
func (d *GoogleDrive) Sweep(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	d.forget()
	folder, _, err := d.folderOf(ctx, path.Dir(key))
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var left []*gdrive.File
	err = d.each(ctx, "look for unfinished copies", googleIn(folder), func(f *gdrive.File) {
		if isGoogleCopy(f) && isLeftOver(path.Base(key), f.Name) {
			left = append(left, f)
		}
	})
	if err != nil {
		return err
	}
	var failures []error
	for _, f := range left {
		failures = append(failures, d.remove(ctx, f.Id, f.Name))
	}
	return errors.Join(failures...)
}
