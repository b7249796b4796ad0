package drive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// List calls fn for every copy below prefix, in key order. rclone tells of files in
// an order of its own, so that all names are in memory.
func (d *Rclone) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	folder := prefix[:strings.LastIndex(prefix, "/")+1]
	var found []Stored
	err := d.items(ctx, folder, func(item rcloneItem) {
		key := folder + item.Path
		if strings.HasPrefix(key, prefix) && !strings.HasPrefix(key, ".") && !strings.Contains(key, "/.") && checkKey(key) == nil {
			found = append(found, d.stored(key, item.Size))
		}
	}, "--recursive", "--no-modtime")
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b Stored) int { return strings.Compare(a.Key, b.Key) })
	for _, s := range found {
		if err := fn(s); err != nil {
			return err
		}
	}
	return nil
}

// items calls fn for every file in a folder; one that is not there is empty.
func (d *Rclone) items(ctx context.Context, folder string, fn func(rcloneItem), flags ...string) error {
	args := slices.Concat([]string{"lsjson", "--files-only", "--no-mimetype"}, flags, []string{"--", d.path(strings.TrimSuffix(folder, "/"))})
	p, err := d.command(ctx, args...)
	if err != nil {
		return err
	}
	if p.stdout, err = p.cmd.StdoutPipe(); err != nil {
		return fmt.Errorf("connect to rclone: %w", err)
	}
	if err := d.start(p); err != nil {
		return err
	}
	decoded := rcloneDecode(p.stdout, fn)
	_, drained := io.Copy(io.Discard, p.stdout)
	err = p.wait(ctx)
	switch {
	case rcloneMissing(err):
		return nil
	case err != nil:
		return d.fault("list "+d.path(folder), err)
	case decoded != nil || drained != nil:
		return fmt.Errorf("drive %q: rclone listed %s in a form that is no JSON: %w", d.place.Label, d.path(folder), errors.Join(decoded, drained))
	}
	return nil
}

// rcloneDecode reads an array of items one by one.
func rcloneDecode(r io.Reader, fn func(rcloneItem)) error {
	in := json.NewDecoder(r)
	if _, err := in.Token(); err != nil {
		return err
	}
	for in.More() {
		var item rcloneItem
		if err := in.Decode(&item); err != nil {
			return err
		}
		fn(item)
	}
	_, err := in.Token()
	return err
}

// Sweep removes what unfinished Puts of key and of its manifest left behind.
func (d *Rclone) Sweep(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	var names []string
	folder := strings.TrimPrefix(path.Dir(key), ".")
	err := d.items(ctx, folder, func(item rcloneItem) {
		if isLeftOver(path.Base(key), item.Name) {
			names = append(names, path.Join(path.Dir(key), item.Name))
		}
	}, "--no-modtime")
	if err != nil {
		return err
	}
	return d.removeAll(ctx, names)
}

func (d *Rclone) removeAll(ctx context.Context, names []string) error {
	var failures []error
	for _, name := range names {
		failures = append(failures, d.remove(ctx, name))
	}
	return errors.Join(failures...)
}
