package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

// copyAgain makes the missing copies of a dump that was proven earlier, from
// the spool or, when that is gone, from a copy that is good.
func (r *run) copyAgain(ctx context.Context) error {
	r.enter(models.PhaseUploading)
	r.missCopies(ctx)
	if !fileExists(r.service.spoolPath(r.backup)) {
		r.findPublished(ctx)
		if !r.lacksCopy() {
			r.findLocal(ctx)
			return nil
		}
	}
	spool, err := r.provenSpool(ctx)
	if err != nil {
		return err
	}
	defer spool.Close()
	spool.Fence(r.confirm)
	r.log.Say("the dump of %s is still there; only missing copies are made", r.backup.DumpedAt.Format("2006-01-02 15:04:05"))
	r.startUploads(ctx, spool, spool.Path(), r.backup.Size).Wait()
	r.findLocal(ctx)
	return nil
}

// missCopies finds finished copies that are no longer on their drive, so that they
// are made again. A drive that cannot be asked keeps what it is believed to have.
func (r *run) missCopies(ctx context.Context) {
	for _, c := range r.copies {
		if c.state().Status != models.StatusFinished {
			continue
		}
		there, err := r.service.isThere(ctx, c.file, r.backup.Size)
		switch {
		case err != nil:
			r.log.Say("copy %s could not be looked for: %v", c.file.ID, err)
		case !there:
			c.lose(ctx, "the copy is no longer on its drive")
		}
	}
}

// findPublished finds copies that a process published and did not live to write down,
// perhaps on another node: without the spool they may be all there is of the dump.
func (r *run) findPublished(ctx context.Context) {
	var looks sync.WaitGroup
	for _, c := range r.copies {
		if c.state().Status != models.StatusFinished {
			looks.Go(func() { c.findPublished(ctx) })
		}
	}
	looks.Wait()
}

func (c *copyRun) findPublished(ctx context.Context) {
	d, _, err := c.run.service.catalog.OpenDrive(ctx, c.file.DriveID)
	if err != nil {
		return // whoever makes the copy says why it can't
	}
	stored, there := c.already(ctx, d)
	if !there {
		return
	}
	if err := c.describe(ctx, d); err != nil {
		c.run.log.Say("copy %s is there, and could not be described: %v", c.file.ID, err)
		return
	}
	c.finish(ctx, stored)
}

// lacksCopy reports whether a copy is still to be made.
func (r *run) lacksCopy() bool {
	return slices.ContainsFunc(r.files(), func(f models.DriveFile) bool { return f.Status != models.StatusFinished })
}

// provenSpool opens the spool and makes sure that it is still what was proven.
func (r *run) provenSpool(ctx context.Context) (*archive.Spool, error) {
	path := r.service.spoolPath(r.backup)
	if err := verifyFile(path, r.backup); err != nil {
		if err := r.refill(ctx, path); err != nil {
			return nil, err
		}
	}
	if err := r.spoolIsHere(ctx); err != nil {
		return nil, err
	}
	return archive.OpenSpool(path)
}

// spoolIsHere writes down that the spool is on this node, unless that is known.
func (r *run) spoolIsHere(ctx context.Context) error {
	if r.backup.SpoolNode == r.service.node() {
		return nil
	}
	if err := r.service.store.SetSpoolNode(ctx, r.backup.ID, r.service.runner.id(), r.service.node()); err != nil {
		return err
	}
	r.backup.SpoolNode = r.service.node()
	return nil
}

// errSpoolElsewhere says that the dump is on a node that is away.
var errSpoolElsewhere = models.Conflictf("the dump lies in the spool of another server, which has not been heard of, and no drive has a good copy of it: the copies are made when that server is back, or retry dumps the database again")

func verifyFile(path string, b models.Backup) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the spool: %w", err)
	}
	defer f.Close()
	return archive.Verify(f, b.Size, b.SHA256)
}

// refill brings the dump back from a finished copy, when a drive is there to take it.
func (r *run) refill(ctx context.Context, path string) error {
	if r.service.liesElsewhere(r.backup) && !r.hasCopy() {
		return errSpoolElsewhere
	}
	if err := r.somebodyTakes(ctx); err != nil {
		return err
	}
	var failures []error
	for _, c := range r.copies {
		if c.state().Status != models.StatusFinished {
			continue // it is missing, or was found to be lost a moment ago
		}
		err := r.fetch(ctx, c, path)
		if err == nil {
			return nil
		}
		var lost *lostCopyError
		if errors.As(err, &lost) {
			c.lose(ctx, sentence(err)) // so that the next retry dumps anew
		}
		failures = append(failures, err)
	}
	if len(failures) == 0 {
		return models.Conflictf("the dump is in the spool no longer and no drive has a good copy of it: retry dumps the database again")
	}
	return errors.Join(append([]error{models.Conflictf("the dump is in the spool no longer and no good copy of it could be read (%s): mend that and retry", sentence(errors.Join(failures...)))}, failures...)...)
}

// hasCopy reports whether a drive is believed to have the copy.
func (r *run) hasCopy() bool {
	for _, f := range r.files() {
		if f.Status == models.StatusFinished {
			return true
		}
	}
	return false
}

// somebodyTakes returns nil when a drive that lacks its copy works, or none lacks one:
// a whole dump is not fetched from afar for drives that are away.
func (r *run) somebodyTakes(ctx context.Context) error {
	var failures []error
	for _, c := range r.copies {
		if c.state().Status == models.StatusFinished {
			continue
		}
		err := r.service.works(ctx, c.file.DriveID)
		if err == nil {
			return nil
		}
		failures = append(failures, err)
	}
	if len(failures) == 0 {
		return nil
	}
	err := errors.Join(failures...)
	return errors.Join(models.Conflictf("no drive that lacks its copy takes one now (%s)", sentence(err)), err)
}

// lostCopyError says that a drive answered and does not have the copy whole.
type lostCopyError struct{ Cause error }

func (e *lostCopyError) Error() string { return e.Cause.Error() }

func (e *lostCopyError) Unwrap() error { return e.Cause }

func (r *run) fetch(ctx context.Context, c *copyRun, path string) error {
	d, _, err := r.service.catalog.OpenDrive(ctx, c.file.DriveID)
	if err != nil {
		return err
	}
	from, err := d.Open(ctx, c.file.Key)
	if isGone(ctx, d, err) {
		return &lostCopyError{Cause: err}
	}
	if err != nil {
		return err
	}
	defer from.Close()
	if err := r.roomInSpool(r.backup.Size); err != nil {
		return err
	}
	spool, err := archive.CreateSpool(path)
	if err != nil {
		return err
	}
	defer spool.Close()
	if _, err := io.Copy(spool, from); err != nil {
		return errors.Join(err, spool.Remove())
	}
	if err := spool.Finish(); err != nil {
		return errors.Join(err, spool.Remove())
	}
	if err := verifyFile(path, r.backup); isDamaged(err) {
		return errors.Join(&lostCopyError{Cause: err}, spool.Remove())
	} else if err != nil {
		return errors.Join(err, spool.Remove())
	}
	return nil
}

// findLocal looks for copies on this machine that an earlier attempt made.
func (r *run) findLocal(ctx context.Context) {
	for _, c := range r.copies {
		if c.localPath() != "" || c.state().Status != models.StatusFinished {
			continue
		}
		d, _, err := r.service.catalog.OpenDrive(ctx, c.file.DriveID)
		if err != nil {
			continue
		}
		if stored, err := d.Stat(ctx, c.file.Key); err == nil {
			c.mu.Lock()
			c.local = stored.LocalPath
			c.mu.Unlock()
		}
	}
}
