package drive

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"time"

	gdrive "google.golang.org/api/drive/v3"

	"github.com/backupman/backupman/models"
)

// Put uploads under a hidden name, compares what Google has with what was read, and
// gives the file its name; only then are earlier files of that name deleted. Content
// is sent to its end only when that is proven.
func (d *GoogleDrive) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	if err := checkKey(key); err != nil {
		return Stored{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	guard := NewGuard(r)
	content, stop := d.content(ctx, guard, hint, cancel)
	defer stop()
	s, err := d.put(ctx, key, content, hint.Progress)
	return s, guard.Blame(googleOwn(err))
}

// content is what is read from r, in the form that costs no memory where it can.
func (d *GoogleDrive) content(ctx context.Context, r io.Reader, hint Hint, fail func()) (googleContent, func()) {
	if hint.Again == nil {
		return newGoogleBuffer(r, d.chunk), func() {}
	}
	f := follow(r, hint.Again, d.enough, fail)
	return f, func() { f.stop(ctx) }
}

// googleOwn takes the content's own fault out of what was put around it.
func googleOwn(err error) error {
	var content *SourceError
	if errors.As(err, &content) {
		return content.Cause
	}
	return err
}

func (d *GoogleDrive) put(ctx context.Context, key string, content googleContent, told func(int64)) (Stored, error) {
	name, done := newPartial(key)
	defer done()
	u := &googleUpload{drive: d, dir: path.Dir(key), content: content, told: told,
		file: gdrive.File{Name: path.Base(name), MimeType: "application/octet-stream"}}
	published, err := d.sent(ctx, key, u)
	u.settle()
	if err != nil {
		// What can't be cleaned up now is hidden, and found by Sweep.
		_ = u.undo(ctx)
		return Stored{}, err
	}
	return d.stored(key, published), nil
}

// sent uploads, proves and publishes.
func (d *GoogleDrive) sent(ctx context.Context, key string, u *googleUpload) (published *gdrive.File, err error) {
	err = d.policy.Do(ctx, func(ctx context.Context) error {
		folder, _, err := d.folderOf(ctx, u.dir)
		if errors.Is(err, models.ErrNotFound) {
			folder, err = d.makeFolder(ctx, u.dir)
		}
		u.file.Parents = []string{folder}
		return err
	})
	if err != nil {
		return nil, err
	}
	file, err := u.run(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.prove(key, file, u.content); err != nil {
		return nil, err
	}
	err = d.policy.Do(ctx, func(ctx context.Context) error {
		published, err = d.publish(ctx, key, file)
		return err
	})
	return published, err
}

// prove compares what Google has with what was read.
func (d *GoogleDrive) prove(key string, file *gdrive.File, content googleContent) error {
	size, sum := content.digest()
	if file.Size != size {
		return &PassingError{Cause: models.Conflictf("drive %q: of the %d bytes of %s Google has %d: try again", d.label, size, key, file.Size)}
	}
	if file.Sha256Checksum != "" && file.Sha256Checksum != sum {
		return &PassingError{Cause: models.Conflictf("drive %q: what Google has of %s is not what was sent, its SHA-256 differs: try again", d.label, key)}
	}
	return nil
}

// publish gives a file its name, in the folder as it is now, and deletes the files
// that had the name before. Files of one name are told apart by the time at which
// they were published.
func (d *GoogleDrive) publish(ctx context.Context, key string, file *gdrive.File) (*gdrive.File, error) {
	folder, err := d.makeFolder(ctx, path.Dir(key))
	if err != nil {
		return nil, err
	}
	done, err := googleTurns.take(ctx, "file "+folder+"/"+path.Base(key))
	if err != nil {
		return nil, d.fault(ctx, "name "+key, err)
	}
	defer done()
	before, err := d.named(ctx, folder, path.Base(key))
	if err != nil {
		return nil, err
	}
	before = slices.DeleteFunc(before, func(f *gdrive.File) bool { return f.Id == file.Id })
	published, err := d.rename(ctx, key, folder, file, googleAfterAll(before))
	if err != nil {
		return nil, err
	}
	d.published(key, published.Id)
	for _, f := range before {
		// One that stays is older, and so not the copy; the next Put or Delete removes it.
		_ = d.policy.Do(ctx, func(ctx context.Context) error { return d.remove(ctx, f.Id, key) })
	}
	return published, nil
}

func (d *GoogleDrive) rename(ctx context.Context, key, folder string, file *gdrive.File, at time.Time) (*gdrive.File, error) {
	change := &gdrive.File{Name: path.Base(key), ModifiedTime: at.Format("2006-01-02T15:04:05.000Z07:00")}
	call := d.api.Files.Update(file.Id, change).SupportsAllDrives(true).Fields(googleFields)
	if len(file.Parents) > 0 && !slices.Contains(file.Parents, folder) {
		call = call.AddParents(folder).RemoveParents(file.Parents[0])
	}
	published, err := call.Context(ctx).Do()
	switch {
	case err != nil:
	case published.Id != file.Id || published.Name != path.Base(key):
		err = errGoogleNonsense
	case published.Trashed:
		err = &PassingError{Cause: errors.New("its folder was put into the trash meanwhile: take it out, or try again, which makes a new one")}
	}
	return published, d.fault(ctx, "name "+key, err)
}

// googleAfterAll is now, or a moment after the newest of some files when their clock
// is ahead. Google keeps milliseconds.
func googleAfterAll(before []*gdrive.File) time.Time {
	at := time.Now().UTC().Truncate(time.Millisecond)
	for _, f := range before {
		if other := googleTime(f.ModifiedTime); !at.After(other) {
			at = other.Add(time.Millisecond)
		}
	}
	return at
}
