package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/disk"
)

// unpack writes the unpacked dump to a new file, which gets its name once it is whole.
func (r *restoreRun) unpack(ctx context.Context, file dump) error {
	folder := filepath.Dir(r.to.name)
	if folder == r.service.path(restoredName) {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("make the folder of restored files: %w", err)
		}
	}
	r.enter(models.RestoreRestoring, file.facts.RawSize)
	if err := r.service.room(folder, file.facts.RawSize); err != nil {
		return err
	}
	partial := filepath.Join(folder, "."+filepath.Base(r.to.name)+"."+models.ShortID(r.id)+archive.PartialSuffix)
	if err := (ledger{Partial: partial}).write(r.folder.path); err != nil {
		return err
	}
	begun := time.Now()
	if err := r.unpackTo(ctx, file, partial); err != nil {
		if disk.Full(err) {
			return models.NoSpacef("no space for %s: free space there, or choose another disk", r.to.name)
		}
		return err
	}
	if err := publish(partial, r.to.name); err != nil {
		return err
	}
	r.row.RestoreTook = time.Since(begun)
	return nil
}

func (r *restoreRun) unpackTo(ctx context.Context, file dump, path string) error {
	from, err := file.open(nil)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	_, err = io.Copy(f, &passing{ctx: ctx, from: from, read: &r.done})
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// publish gives a file its name, and takes the place of nothing. Where there are no
// links a rename does, after a look.
func publish(partial, path string) error {
	err := os.Link(partial, path)
	if errors.Is(err, fs.ErrExist) {
		return models.Conflictf("there is a file %s meanwhile: choose another name, or move it away", path)
	}
	if err == nil {
		return errors.Join(os.Remove(partial), disk.SyncFolder(filepath.Dir(path)))
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return models.Conflictf("there is a file %s meanwhile: choose another name, or move it away", path)
	}
	return errors.Join(os.Rename(partial, path), disk.SyncFolder(filepath.Dir(path)))
}
