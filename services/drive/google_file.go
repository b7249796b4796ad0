package drive

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	gdrive "google.golang.org/api/drive/v3"
	"google.golang.org/api/googleapi"

	"github.com/backupman/backupman/models"
)

// googleRecent bounds how many copies are remembered: a list is behind for a moment only.
const googleRecent = 100

// googleFields are what is asked of Google about a file.
const googleFields = "id,name,mimeType,size,sha256Checksum,createdTime,modifiedTime,parents,trashed"

// each calls fn for every file that a query finds and that is not in the trash.
func (d *GoogleDrive) each(ctx context.Context, doing, query string, fn func(*gdrive.File)) error {
	call := d.api.Files.List().Q(query+" and trashed = false").PageSize(1000).Spaces("drive").
		SupportsAllDrives(true).IncludeItemsFromAllDrives(true).
		Fields("kind", "nextPageToken", "incompleteSearch", googleapi.Field("files("+googleFields+")"))
	if d.shared != "" {
		call = call.Corpora("drive").DriveId(d.shared)
	}
	err := call.Pages(ctx, func(page *gdrive.FileList) error {
		if page.Kind != "drive#fileList" || page.IncompleteSearch {
			return errGoogleNonsense
		}
		for _, f := range page.Files {
			fn(f)
		}
		return nil
	})
	return d.fault(ctx, doing, err)
}

func googleIn(folder string) string { return googleQuote(folder) + " in parents" }

// googleQuote is a text in a query.
func googleQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// named returns the files of a name in a folder, the one published last first.
func (d *GoogleDrive) named(ctx context.Context, folder, name string) ([]*gdrive.File, error) {
	var found []*gdrive.File
	err := d.each(ctx, "look for "+name, googleIn(folder)+" and name = "+googleQuote(name), func(f *gdrive.File) {
		if f.Name == name && isGoogleCopy(f) {
			found = append(found, f)
		}
	})
	slices.SortFunc(found, googleNewest)
	return found, err
}

// isGoogleCopy tells stored bytes from folders, shortcuts and Google's own documents.
func isGoogleCopy(f *gdrive.File) bool {
	return !strings.HasPrefix(f.MimeType, "application/vnd.google-apps.")
}

// googleNewest orders files by when they were published, the last one first.
func googleNewest(a, b *gdrive.File) int {
	if c := googleTime(b.ModifiedTime).Compare(googleTime(a.ModifiedTime)); c != 0 {
		return c
	}
	return strings.Compare(b.Id, a.Id)
}

func googleTime(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text) // what is no time is the oldest
	return at
}

// find returns the copy under key, or ErrNotFound. A folder that is remembered may
// have been removed, so it is looked for once more where nothing is in it.
func (d *GoogleDrive) find(ctx context.Context, key string) (*gdrive.File, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	for {
		folder, known, err := d.folderOf(ctx, path.Dir(key))
		if err != nil {
			return nil, err
		}
		found, err := d.named(ctx, folder, path.Base(key))
		switch {
		case err != nil && !(known && errors.Is(err, models.ErrNotFound)):
			return nil, err
		case len(found) > 0 || !known:
			return d.newest(ctx, key, folder, found)
		}
		d.forget()
	}
}

// newest is the copy among the files that a list tells of. One that this drive
// published a moment ago, which may not be among them yet, is asked for by its id.
func (d *GoogleDrive) newest(ctx context.Context, key, folder string, listed []*gdrive.File) (*gdrive.File, error) {
	id := d.recentID(key)
	if id != "" && !slices.ContainsFunc(listed, func(f *gdrive.File) bool { return f.Id == id }) {
		f, err := d.findRecent(ctx, key, folder, id)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			listed = append(listed, f)
		}
	}
	if len(listed) == 0 {
		return nil, models.NotFoundf("drive %q has no copy %s", d.label, key)
	}
	return slices.MinFunc(listed, googleNewest), nil
}

// findRecent looks for a file by its id, where it still is the copy under a key.
func (d *GoogleDrive) findRecent(ctx context.Context, key, folder, id string) (*gdrive.File, error) {
	missing := models.NotFoundf("drive %q has no copy %s", d.label, key)
	f, err := d.api.Files.Get(id).SupportsAllDrives(true).Fields(googleFields).Context(ctx).Do()
	switch err := d.fault(ctx, "look for "+key, err); {
	case errors.Is(err, models.ErrNotFound):
		return nil, missing
	case err != nil:
		return nil, err
	case f.Trashed || f.Name != path.Base(key) || !slices.Contains(f.Parents, folder):
		return nil, missing
	}
	return f, nil
}

func (d *GoogleDrive) published(key, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id == "" {
		delete(d.recent, key)
		return
	}
	if len(d.recent) >= googleRecent {
		clear(d.recent)
	}
	d.recent[key] = id
}

func (d *GoogleDrive) stored(key string, f *gdrive.File) Stored {
	s := Stored{Key: key, Size: f.Size, Path: d.where(key, f.Id)}
	if f.Sha256Checksum != "" {
		s.Checksum = "sha256:" + strings.ToLower(f.Sha256Checksum)
	}
	return s
}

// Stat describes a copy.
func (d *GoogleDrive) Stat(ctx context.Context, key string) (Stored, error) {
	f, err := d.find(ctx, key)
	if err != nil {
		return Stored{}, err
	}
	return d.stored(key, f), nil
}

// Open reads a copy, and fails when less of it comes than there is.
func (d *GoogleDrive) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	f, err := d.find(ctx, key)
	if err != nil {
		return nil, err
	}
	return d.download(ctx, key, f)
}

// Delete removes a copy for good, with every other file of its name. The folder
// stays: files that this program does not see could be in it.
func (d *GoogleDrive) Delete(ctx context.Context, key string) error {
	_, err := d.find(ctx, key)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	folder, _, err := d.folderOf(ctx, path.Dir(key))
	if err != nil {
		return err
	}
	found, err := d.named(ctx, folder, path.Base(key))
	if err != nil {
		return err
	}
	if id := d.recentID(key); id != "" {
		found = append(found, &gdrive.File{Id: id})
	}
	for _, f := range found {
		if err := d.remove(ctx, f.Id, key); err != nil {
			return err
		}
	}
	d.published(key, "")
	return nil
}

func (d *GoogleDrive) recentID(key string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.recent[key]
}

// remove deletes a file for good. That it is not there is no error.
func (d *GoogleDrive) remove(ctx context.Context, id, name string) error {
	err := d.api.Files.Delete(id).SupportsAllDrives(true).Context(ctx).Do()
	if isGoogleStatus(err, 404) {
		return nil
	}
	return d.fault(ctx, "delete "+name, err)
}
