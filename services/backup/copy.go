package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
)

// onePlaced counts a copy that is wholly on its drive, or never will be. After
// the last one there is only checking left.
func (r *run) onePlaced() {
	if r.uploading.Add(-1) == 0 {
		r.enterAfter(models.PhaseUploading, models.PhaseVerifying)
	}
}

// nothingStored is what a copy says when there was nothing to copy.
const nothingStored = "nothing was stored, because the dump failed"

// copyRun makes one copy on one drive.
type copyRun struct {
	run   *run
	taken atomic.Int64

	mu    sync.Mutex
	file  models.DriveFile
	saved int64
	local string
}

func (c *copyRun) state() models.DriveFile {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.file
}

func (c *copyRun) localPath() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.local
}

// startUploads lets every drive that lacks the copy follow the spool, each at
// its own pace. linkable is the spool's path while it may be linked.
func (r *run) startUploads(ctx context.Context, spool *archive.Spool, linkable string, expected int64) *sync.WaitGroup {
	var linked atomic.Bool
	local := &drive.LocalFile{Path: linkable, Wait: spool.Wait, Take: func() bool { return !linked.Swap(true) }}
	wait := &sync.WaitGroup{}
	for _, c := range r.copies {
		if c.state().Status == models.StatusFinished {
			continue
		}
		r.uploading.Add(1)
		wait.Go(func() { c.make(ctx, spool, drive.Hint{ExpectedSize: expected, Local: local, Progress: c.taken.Store}) })
	}
	return wait
}

// make stores, checks and describes the copy, and writes down how that went.
func (c *copyRun) make(ctx context.Context, spool *archive.Spool, hint drive.Hint) {
	stored, err := c.store(ctx, spool, hint)
	var aborted *archive.AbortError
	if errors.As(err, &aborted) {
		err = models.Conflictf(nothingStored)
	}
	change := models.DriveFileChange{Status: models.StatusFailed, Size: c.taken.Load()}
	if err != nil {
		change.Error = sentence(err)
		c.run.log.Say("copy %s failed: %s", c.file.ID, change.Error)
	} else {
		at := models.Now()
		change = models.DriveFileChange{Status: models.StatusFinished, Path: &stored.Path, Size: stored.Size, VerifiedAt: &at}
		c.run.log.Say("copy stored and read back: %s", stored.Path)
	}
	c.save(ctx, change, stored.LocalPath)
}

func (c *copyRun) store(ctx context.Context, spool *archive.Spool, hint drive.Hint) (drive.Stored, error) {
	placed := sync.OnceFunc(c.run.onePlaced)
	defer placed()
	d, _, err := c.run.service.catalog.OpenDrive(ctx, c.file.DriveID)
	if err != nil {
		return drive.Stored{}, err
	}
	if stored, ok := c.already(ctx, d); ok {
		return stored, c.describe(ctx, d)
	}
	r, err := spool.NewReader(ctx)
	if err != nil {
		return drive.Stored{}, err
	}
	defer r.Close()
	stored, err := d.Put(ctx, c.file.Key, r, hint)
	if err != nil {
		return stored, err
	}
	placed()
	if err := c.check(ctx, d); err != nil {
		return stored, errors.Join(err, d.Delete(ctx, c.file.Key))
	}
	return stored, c.describe(ctx, d)
}

// already finds a copy that an earlier attempt published before it died.
func (c *copyRun) already(ctx context.Context, d drive.Drive) (drive.Stored, bool) {
	if c.run.progress().Phase == models.PhaseDumping {
		return drive.Stored{}, false
	}
	stored, err := d.Stat(ctx, c.file.Key)
	if err != nil {
		return stored, false
	}
	return stored, c.check(ctx, d) == nil
}

// check reads the copy back and compares it with the proven dump.
func (c *copyRun) check(ctx context.Context, d drive.Drive) error {
	r, err := d.Open(ctx, c.file.Key)
	if err != nil {
		return err
	}
	defer r.Close()
	return archive.Verify(r, c.run.backup.Size, c.run.backup.SHA256)
}

// describe writes the manifest beside the copy.
func (c *copyRun) describe(ctx context.Context, d drive.Drive) error {
	m, err := c.run.service.store.Manifest(ctx, c.run.backup.ID)
	if err != nil {
		return err
	}
	text, err := archive.EncodeManifest(m)
	if err != nil {
		return err
	}
	if _, err := d.Put(ctx, archive.ManifestKey(c.file.Key), bytes.NewReader(text), drive.Hint{ExpectedSize: int64(len(text))}); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// lose writes down that a copy which was finished is not there any more.
func (c *copyRun) lose(ctx context.Context, why string) {
	c.run.log.Say("copy %s is lost: %s", c.file.ID, why)
	c.save(ctx, models.DriveFileChange{Status: models.StatusFailed, Error: why}, "")
}

func (c *copyRun) save(ctx context.Context, change models.DriveFileChange, local string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.run.service.options.SettleTime)
	defer cancel()
	err := insist(ctx, func() error { return c.record(ctx, change) })
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		// Unrecorded is not finished, whatever the drive holds.
		c.file.Status, c.file.Error = models.StatusFailed, sentence(err)
		return
	}
	c.file.Status, c.file.Error, c.file.Size, c.file.Path = change.Status, change.Error, change.Size, change.Path
	if change.Status == models.StatusFinished {
		c.local = local
	}
}

func (c *copyRun) record(ctx context.Context, change models.DriveFileChange) error {
	s := c.run.service
	return s.store.ChangeDriveFile(ctx, c.file.BackupID, c.file.ID, s.runner.id(), change)
}

// saveProgress shows how far the upload is, when that has changed.
func (c *copyRun) saveProgress(ctx context.Context) {
	taken := c.taken.Load()
	c.mu.Lock()
	due := c.file.Status != models.StatusFinished && taken != c.saved
	c.saved = taken
	c.mu.Unlock()
	if !due {
		return
	}
	s := c.run.service
	if err := s.store.SaveCopySize(ctx, c.file.BackupID, c.file.ID, s.runner.id(), taken); err != nil {
		s.log.Debug("upload progress not saved", "drive_file_id", c.file.ID, "error", err)
	}
}
