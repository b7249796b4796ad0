package drive

import (
	"context"
	"errors"
	"path"
	"strings"

	gdrive "google.golang.org/api/drive/v3"

	"github.com/backupman/backupman/models"
)

const googleFolderType = "application/vnd.google-apps.folder"

// folderOf returns the id of a folder below the drive's own, "." for that itself,
// or ErrNotFound. Ids are remembered; known says that this one was.
func (d *GoogleDrive) folderOf(ctx context.Context, dir string) (id string, known bool, err error) {
	if id, ok := d.remembered(dir); ok {
		return id, true, nil
	}
	id, err = d.walk(ctx, dir, d.child)
	if err == nil && id == "" {
		err = models.NotFoundf("drive %q has no folder %s", d.label, path.Join(d.folder, dir))
	}
	if err != nil {
		return "", false, err
	}
	d.remember(dir, id)
	return id, false, nil
}

// makeFolder returns the id of a folder below the drive's own as it is now, and
// makes what is missing of it.
func (d *GoogleDrive) makeFolder(ctx context.Context, dir string) (string, error) {
	id, err := d.walk(ctx, dir, d.childMade)
	if err != nil {
		return "", err
	}
	d.remember(dir, id)
	return id, nil
}

// walk goes down from the top by step, until that returns nothing.
func (d *GoogleDrive) walk(ctx context.Context, dir string, step func(ctx context.Context, parent, name string) (string, error)) (string, error) {
	id := d.top
	for name := range strings.SplitSeq(path.Join(d.folder, dir), "/") {
		var err error
		if id, err = step(ctx, id, name); err != nil || id == "" {
			return "", err
		}
	}
	return id, nil
}

// child returns the folder of a name in another, the oldest when there are several,
// or nothing.
func (d *GoogleDrive) child(ctx context.Context, parent, name string) (string, error) {
	var found *gdrive.File
	err := d.each(ctx, "look for the folder "+name, googleIn(parent)+" and mimeType = '"+googleFolderType+"' and name = "+googleQuote(name), func(f *gdrive.File) {
		if f.Name == name && (found == nil || f.CreatedTime < found.CreatedTime) {
			found = f
		}
	})
	if found == nil || err != nil {
		return "", err
	}
	return found.Id, nil
}

// childMade returns the folder of a name in another, and makes it when it is missing.
func (d *GoogleDrive) childMade(ctx context.Context, parent, name string) (string, error) {
	if id, err := d.child(ctx, parent, name); id != "" || err != nil {
		return id, err
	}
	done, err := googleTurns.take(ctx, "folder "+parent+"/"+name)
	if err != nil {
		return "", d.fault(ctx, "make the folder "+name, err)
	}
	defer done()
	if id, err := d.child(ctx, parent, name); id != "" || err != nil {
		return id, err
	}
	return d.newFolder(ctx, parent, name)
}

func (d *GoogleDrive) newFolder(ctx context.Context, parent, name string) (string, error) {
	folder := &gdrive.File{Name: name, MimeType: googleFolderType, Parents: []string{parent}}
	made, err := d.api.Files.Create(folder).SupportsAllDrives(true).Fields("id").Context(ctx).Do()
	if err == nil && made.Id == "" {
		err = errGoogleNonsense
	}
	if err != nil {
		return "", d.fault(ctx, "make the folder "+name, err)
	}
	return made.Id, nil
}

// errGoogleNonsense is an answer that says all is well and describes nothing.
var errGoogleNonsense = &PassingError{Cause: errors.New("its answer does not say what was done")}

func (d *GoogleDrive) remembered(dir string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, ok := d.folders[dir]
	return id, ok
}

func (d *GoogleDrive) remember(dir, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.folders[dir] = id
}

// forget drops what is remembered of folders: one of them is gone.
func (d *GoogleDrive) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.folders)
}
