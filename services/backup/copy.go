package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/runs"
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
	// readBack says that the drive's own checksums are not to be trusted.
	readBack bool

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
		wait.Go(func() {
			c.make(ctx, spool, drive.Hint{ExpectedSize: expected, Local: local, Again: spool.NewReaderAt, Progress: c.taken.Store})
		})
	}
	return wait
}

// make stores, checks and describes the copy, and writes down how that went.
func (c *copyRun) make(ctx context.Context, spool *archive.Spool, hint drive.Hint) {
	var stored drive.Stored
	err := c.run.guarded("copy", func() (err error) {
		stored, err = c.store(ctx, spool, hint)
		return err
	})
	if err != nil && c.isLeftToOthers(ctx, err) {
		c.run.log.Say("copy %s was not finished, because this process no longer makes it", c.file.ID)
		return
	}
	if err = whyNotStored(ctx, err); err != nil {
		change := c.failure(ctx, err)
		c.run.log.Say("copy %s failed: %s", c.file.ID, change.Error)
		c.save(ctx, change, "")
		return
	}
	c.finish(ctx, stored)
}

// finish writes down a copy that is on its drive and was found identical.
func (c *copyRun) finish(ctx context.Context, stored drive.Stored) {
	at := models.Now()
	c.run.log.Say("copy stored and found identical: %s", stored.Path)
	c.save(ctx, models.DriveFileChange{Status: models.StatusFinished, Path: &stored.Path, Size: stored.Size, VerifiedAt: &at, LockedUntil: lockedUntil(stored)}, stored.LocalPath)
}

func lockedUntil(s drive.Stored) *time.Time {
	if s.LockedUntil.IsZero() {
		return nil
	}
	return &s.LockedUntil
}

func (c *copyRun) store(ctx context.Context, spool *archive.Spool, hint drive.Hint) (drive.Stored, error) {
	placed := sync.OnceFunc(c.run.onePlaced)
	defer placed()
	d, row, err := c.run.service.catalog.OpenDrive(ctx, c.file.DriveID)
	if err != nil {
		return drive.Stored{}, err
	}
	ctx = drive.WithPauses(ctx, func(fault error) {
		c.run.log.Say("the copy on %s waits and is tried again: %s", row.Label, sentence(fault))
	})
	if row.Settings[drive.SettingVerify] == drive.VerifyReadBack {
		c.readBack = true
	}
	c.sweepEarlier(ctx, d)
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
	if err := c.check(ctx, d, stored); err != nil {
		return stored, errors.Join(err, c.discard(ctx, d, err))
	}
	c.sweepOnceMore(ctx, d)
	return stored, c.describe(ctx, d)
}

// sweepOnceMore removes what a process that died in this attempt had under way when
// its left-overs were swept: a provider may take the rest of a request for a while.
func (c *copyRun) sweepOnceMore(ctx context.Context, d drive.Drive) {
	if !c.run.carriedOn || c.run.confirm(ctx) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if err := d.Sweep(ctx, c.file.Key); err != nil {
		c.run.log.Say("what the process that died left of copy %s could not be looked for once more: %v", c.file.ID, err)
	}
}

// sweepEarlier removes what earlier attempts left and could not clean up, because the
// drive was away.
func (c *copyRun) sweepEarlier(ctx context.Context, d drive.Drive) {
	if c.run.backup.Attempt < 2 || c.run.confirm(ctx) != nil {
		return
	}
	if err := d.Sweep(ctx, c.file.Key); err != nil {
		c.run.log.Say("what earlier attempts left of copy %s could not be looked for: %v", c.file.ID, err)
	}
}

// discard removes a copy that was found to be another than the dump. One that could
// not be read back for now stays: it may be whole, and the next attempt looks.
func (c *copyRun) discard(ctx context.Context, d drive.Drive, why error) error {
	if !isDamaged(why) {
		return nil
	}
	if !c.run.holds(ctx) {
		return errLeaseLost // what is there may be somebody else's by now
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.run.service.options.SettleTime)
	defer cancel()
	return d.Delete(ctx, c.file.Key)
}

// already finds a copy that an earlier attempt published before it died. It is read
// back in any case: a copy that was found damaged may have the provider's checksum of
// what was once sent.
func (c *copyRun) already(ctx context.Context, d drive.Drive) (drive.Stored, bool) {
	if c.run.progress().Phase == models.PhaseDumping {
		return drive.Stored{}, false
	}
	stored, err := d.Stat(ctx, c.file.Key)
	if err != nil || stored.Size != c.run.backup.Size {
		return stored, false
	}
	return stored, readBack(ctx, d, c.file.Key, c.run.backup) == nil
}

// check compares the copy with the proven dump: by what the provider itself computed
// over all of it, or else by reading it back.
func (c *copyRun) check(ctx context.Context, d drive.Drive, stored drive.Stored) error {
	b := c.run.backup
	if stored.Size != b.Size {
		return archive.Damagedf("the copy is damaged: it is %d bytes long, and %d were sent", stored.Size, b.Size)
	}
	if !c.readBack && archive.Vouches(stored.Checksum, b.SHA256, b.CRC64) {
		return nil
	}
	return readBack(ctx, d, c.file.Key, b)
}

// isDamaged reports whether a copy was read and is another than the dump.
func isDamaged(err error) bool {
	var damaged *archive.DamagedError
	return errors.As(err, &damaged)
}

// readBack reads a whole copy and compares it with the dump of its backup.
func readBack(ctx context.Context, d drive.Drive, key string, b models.Backup) error {
	r, err := d.Open(ctx, key)
	if err != nil {
		return err
	}
	defer r.Close()
	return archive.Verify(r, b.Size, b.SHA256)
}

// describe writes the manifest beside the copy.
func (c *copyRun) describe(ctx context.Context, d drive.Drive) error {
	return c.run.service.putManifest(ctx, d, c.run.backup.ID, c.file.Key)
}

func (s *Service) putManifest(ctx context.Context, d drive.Drive, backupID, key string) error {
	m, err := s.store.Manifest(ctx, backupID)
	if err != nil {
		return err
	}
	text, err := archive.EncodeManifest(m)
	if err != nil {
		return err
	}
	again := func(_ context.Context, offset int64) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(text[min(offset, int64(len(text))):])), nil
	}
	hint := drive.Hint{ExpectedSize: int64(len(text)), Again: again}
	if _, err := d.Put(ctx, archive.ManifestKey(key), bytes.NewReader(text), hint); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// lose writes down that a copy which was finished is not there any more.
func (c *copyRun) lose(ctx context.Context, why string) {
	c.run.log.Say("copy %s is lost: %s", c.file.ID, why)
	now := models.Now()
	c.save(ctx, models.DriveFileChange{Status: models.StatusFailed, Error: why, HealAt: &now}, "")
}

func (c *copyRun) save(ctx context.Context, change models.DriveFileChange, local string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.run.service.options.SettleTime)
	defer cancel()
	err := runs.Insist(ctx, func() error { return c.record(ctx, change) })
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
