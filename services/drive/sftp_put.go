package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"

	"github.com/backupman/backupman/models"
)

// Put writes to a hidden temporary name of its own beside key, many requests at a
// time, and renames it. After a break it goes on behind what the server has
// acknowledged, as long as the content can be had again.
func (d *SFTP) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	if err := checkKey(key); err != nil {
		return Stored{}, err
	}
	name, done := newPartial(key)
	defer done()
	u := &sftpUpload{drive: d, key: key, name: name, hint: hint, content: NewGuard(r), forgetAside: func() {}}
	defer func() { u.forgetAside() }()
	err := u.run(ctx)
	if err != nil && u.begun {
		err = u.settle(ctx, err)
	}
	if err != nil {
		return Stored{}, err
	}
	return d.stored(key, u.acked), nil
}

// settle clears up after a failed upload, unless it finds that the copy was published
// and only the answer lost: then that is no failure.
func (u *sftpUpload) settle(ctx context.Context, because error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sftpCleanTime)
	defer cancel()
	_ = u.drive.with(ctx, func(c *sftpConn) error {
		if u.renaming && u.published(c) {
			because = nil
		}
		if err := u.putBack(c); err != nil {
			return err
		}
		return u.drive.removeUnfinished(c, u.name, u.madeFolder && because != nil)
	})
	return because
}

// clean removes a temporary file. When the server cannot be reached the file stays
// for Sweep.
func (d *SFTP) clean(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sftpCleanTime)
	defer cancel()
	_ = d.with(ctx, func(c *sftpConn) error { return d.removeUnfinished(c, name, false) })
}

func (d *SFTP) removeUnfinished(c *sftpConn, name string, folder bool) error {
	if err := d.remove(c, name); err != nil {
		return d.fault("remove an unfinished copy", err)
	}
	if folder {
		d.removeEmptied(c, name)
	}
	return nil
}

// sftpUpload is one Put, over as many connections as it takes.
type sftpUpload struct {
	drive     *SFTP
	key, name string
	hint      Hint
	// content is at acked bytes; nil when it must be had again.
	content *Guard
	close   func()
	// acked is how many bytes the server has taken without a gap.
	acked int64
	// read says that all of the content was read, and renaming that the server was
	// asked for the final name.
	read, renaming bool
	// modified is when the whole file was last written, by the server's clock.
	modified time.Time
	// begun says that something of this may be at the server, madeFolder that it
	// made the folder of the key.
	begun, madeFolder bool
	// aside is where an earlier copy waits for what becomes of this one.
	aside       string
	forgetAside func()
}

// run tries until the copy is published, or trying again makes no sense.
func (u *sftpUpload) run(ctx context.Context) error {
	defer func() { u.drop() }()
	policy := u.drive.place.Policy
	for attempt := 1; ; attempt++ {
		before := u.acked
		err := u.try(ctx)
		if err == nil {
			return nil
		}
		if u.content != nil && u.content.Err() != nil {
			return u.content.Err()
		}
		if u.acked > before {
			attempt = 1
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !u.resumable() || !Passing(err) {
			return err
		}
		if attempt >= policy.Attempts || !policy.Pause(ctx, attempt, err) {
			return &PassingError{Cause: err, Tried: true}
		}
	}
}

// resumable reports whether what the server lacks can still be sent.
func (u *sftpUpload) resumable() bool {
	return u.hint.Again != nil || u.content != nil || u.read
}

func (u *sftpUpload) try(ctx context.Context) error {
	c, release, err := u.drive.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	if u.renaming && u.published(c) {
		return nil
	}
	f, err := u.open(c)
	if err != nil {
		return c.why(err)
	}
	if err = u.send(ctx, c, f); err == nil {
		err = u.finish(c, f)
	}
	if err != nil {
		// An open file keeps its room on the disk, although it is removed.
		_ = c.within(u.drive.silence, f.Close)
	}
	return c.why(err)
}

// published reports whether a rename whose answer was lost has been done: what has the
// final name is as long and as old as the temporary file was, which is gone. An earlier
// copy may be as long.
func (u *sftpUpload) published(c *sftpConn) (done bool) {
	_ = c.within(u.drive.silence, func() error {
		_, err := c.files.Lstat(u.drive.remote(u.name))
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		final, err := c.files.Lstat(u.drive.remote(u.key))
		done = err == nil && final.Mode().IsRegular() && final.Size() == u.acked && final.ModTime().Equal(u.modified)
		return err
	})
	return done
}

// open makes the temporary file, or opens it again where it was left.
func (u *sftpUpload) open(c *sftpConn) (f *sftp.File, err error) {
	err = c.within(u.drive.silence, func() error {
		if u.begun {
			return u.reopen(c, &f)
		}
		if err := u.enoughSpace(c); err != nil {
			return err
		}
		return u.create(c, &f)
	})
	return f, err
}

// create makes the file and its folder, which a Delete may remove in between.
func (u *sftpUpload) create(c *sftpConn, f **sftp.File) error {
	var err error
	for range 3 {
		made, e := u.drive.makeFolders(c, u.drive.remote(path.Dir(u.key)))
		if e != nil {
			return e
		}
		u.madeFolder = u.madeFolder || made && path.Dir(u.key) != "."
		u.begun = true
		if *f, err = c.files.OpenFile(u.drive.remote(u.name), os.O_WRONLY|os.O_CREATE); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return u.drive.refused(c, "create a file", err)
	}
	_ = (*f).Chmod(0o600) // some servers know no modes
	return nil
}

// reopen goes on with the file, or begins anew when it is not what it was.
func (u *sftpUpload) reopen(c *sftpConn, f **sftp.File) error {
	if err := u.create(c, f); err != nil {
		return err
	}
	info, err := (*f).Stat()
	if err != nil {
		return u.drive.fault("look at an unfinished copy", err)
	}
	if info.Size() >= u.acked {
		return nil
	}
	if u.hint.Again == nil {
		return models.Conflictf("drive %q lost a part of an unfinished copy in %s on %s: try again", u.drive.place.Label, u.drive.folder, u.drive.address)
	}
	u.drop()
	u.acked, u.read = 0, false
	return nil
}

func (u *sftpUpload) enoughSpace(c *sftpConn) error {
	if u.hint.ExpectedSize == 0 {
		return nil
	}
	d := u.drive
	if _, err := d.makeFolders(c, d.folder); err != nil {
		return err
	}
	free, _ := d.space(c)
	if free < 0 || free >= localRoom(u.hint.ExpectedSize) {
		return nil
	}
	return models.NoSpacef("drive %q has %d MB free and the backup needs about %d MB: free space in %s on %s, or use a larger disk",
		d.place.Label, free>>20, localNeeds(u.hint.ExpectedSize), d.folder, d.address)
}

// send brings what the server lacks of the content to it.
func (u *sftpUpload) send(ctx context.Context, c *sftpConn, f *sftp.File) error {
	if u.read {
		return nil
	}
	if err := u.rewind(ctx); err != nil {
		return err
	}
	w := newSFTPWriter(c, f, u.drive.silence, u.acked, u.hint.Progress)
	err := w.copy(u.content)
	u.acked = w.acked
	if err != nil {
		if u.content.Err() == nil {
			u.drop() // its reader is ahead of what was taken
		}
		return u.drive.refused(c, "write a file", err)
	}
	u.read = true
	return nil
}

// rewind has the content from where the server has got.
func (u *sftpUpload) rewind(ctx context.Context) error {
	if u.content != nil {
		return nil
	}
	r, err := u.hint.Again(ctx, u.acked)
	if err != nil {
		return &SourceError{Cause: fmt.Errorf("read the content again: %w", err)}
	}
	u.content, u.close = NewGuard(r), func() { _ = r.Close() }
	return nil
}

// drop lets the content go.
func (u *sftpUpload) drop() {
	if u.close != nil {
		u.close()
	}
	u.content, u.close = nil, nil
}

// finish brings the file to the disk, proves its length and publishes it.
func (u *sftpUpload) finish(c *sftpConn, f *sftp.File) error {
	d := u.drive
	return c.within(d.silence, func() error {
		if err := sftpSync(c, f); err != nil {
			return d.refused(c, "bring a file to the disk", err)
		}
		info, err := f.Stat()
		if err != nil {
			return d.fault("look at a file", err)
		}
		if err := f.Close(); err != nil {
			return d.refused(c, "close a file", err)
		}
		if info.Size() != u.acked {
			return models.Conflictf("drive %q: another program changed %s while it was written in %s on %s: find out which, and try again", d.place.Label, u.name, d.folder, d.address)
		}
		u.renaming, u.modified = true, info.ModTime()
		if err := u.rename(c); err != nil {
			return d.refused(c, "name a finished file", err)
		}
		return nil
	})
}

// sftpSync brings a file to the disk of servers that offer it (fsync@openssh.com).
func sftpSync(c *sftpConn, f *sftp.File) error {
	if v, ok := c.files.HasExtension("fsync@openssh.com"); !ok || v != "1" {
		return nil
	}
	return f.Sync()
}
