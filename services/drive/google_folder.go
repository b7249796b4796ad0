package drive

import (
	"cmp"
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
		parent := id
		if id, err = step(ctx, parent, name); err != nil || id == "" {
			return "", d.topless(parent, err)
		}
	}
	return id, nil
}

// topless tells of a top that is not there, which is no folder that a copy was never
// put into: nothing can be said about copies then.
func (d *GoogleDrive) topless(parent string, err error) error {
	if parent != d.top || !errors.Is(err, models.ErrNotFound) {
		return err
	}
	return models.Invalidf("drive %q: the account sees nothing with the id %s: correct folder_id or shared_drive, or share it with the account; with scope drive.file it sees only folders that this program made", d.label, d.top)
}

// child returns the folder of a name in another, the oldest when there are several,
// or nothing.
func (d *GoogleDrive) child(ctx context.Context, parent, name string) (string, error) {
	var found *gdrive.File
	err := d.each(ctx, "look for the folder "+name, googleIn(parent)+" and mimeType = '"+googleFolderType+"' and name = "+googleQuote(name), func(f *gdrive.File) {
		if f.Name == name && googleOlder(f, found) {
			found = f
		}
	})
	if found == nil || err != nil {
		return "", err
	}
	return found.Id, nil
}

// googleOlder reports whether a folder was made before another, which may be nil. Of
// two that were made in one moment all processes take the same.
func googleOlder(f, other *gdrive.File) bool {
	return other == nil || cmp.Or(strings.Compare(f.CreatedTime, other.CreatedTime), strings.Compare(f.Id, other.Id)) < 0
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
var errGoogleNonsense = &PassingError{Cause: errors.New("the answer of Google does not say what was done: see what stands in between, and try again")}

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
