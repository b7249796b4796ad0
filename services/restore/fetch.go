package restore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/disk"
)

// copyName is the file in a run's folder that the dump file is read into.
const copyName = "copy"

// fetch brings the dump file into the run's folder and compares it with its digest. What
// is checked there is what is restored, whatever happens to the copy meanwhile. When no
// copy is good and each of them was read and is damaged, the error is a disproof.
func (r *run) fetch(ctx context.Context) (dump, error) {
	d := dump{path: r.folder.file(copyName), facts: r.subject.manifest.File}
	r.enter(models.RestoreFetching, d.facts.Size)
	if r.subject.uploadID != "" {
		return d, r.takeUpload(ctx, d)
	}
	if err := r.service.room(r.service.Dir, d.facts.Size); err != nil {
		return d, err
	}
	all, err := r.service.copies(ctx, r.subject.backup)
	if err != nil {
		return d, err
	}
	try, err := chosen(r.subject.backup, all, r.wanted)
	if err != nil {
		return d, err
	}
	return d, r.fetchFirst(ctx, d, try)
}

// takeUpload gives the run a name of its own for the file: removing the upload takes
// nothing from it.
func (r *run) takeUpload(ctx context.Context, d dump) error {
	if err := os.Link(r.service.uploadFile(r.subject.uploadID), d.path); err != nil {
		return models.NotFoundf("the uploaded file %s is no longer there: upload it again", r.subject.label)
	}
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer f.Close()
	return compare(&passing{ctx: ctx, from: f, read: &r.done}, io.Discard, d.facts)
}

// fetchFirst reads the first copy that is good.
func (r *run) fetchFirst(ctx context.Context, d dump, try []models.RestoreCopy) error {
	var failed []string
	damaged := true
	for _, c := range try {
		r.log.Say("reading the copy on %s (%s)", c.Drive, c.Why)
		r.change(func(p *models.RunProgress) { p.DriveFileID = c.DriveFileID })
		err := r.fetchCopy(ctx, d, c)
		if err == nil {
			r.log.Say("the copy has the length and the SHA-256 that it should have")
			return nil
		}
		var here *localError
		if ctx.Err() != nil || errors.As(err, &here) {
			return because(ctx, err)
		}
		r.log.Say("the copy on %s can't be used: %s", c.Drive, sentence(err))
		failed = append(failed, c.Drive+": "+sentence(err))
		damaged = damaged && isDamaged(err)
		if isDamaged(err) || errors.Is(err, models.ErrNotFound) {
			r.report(c)
		}
	}
	switch others := finishedCopies(r.subject.backup) - len(try); {
	case damaged && others > 0:
		return models.Conflictf("the copies that were read are damaged (%s), and %d more of this backup may be good: read those", strings.Join(failed, "; "), others)
	case damaged:
		return disproven("no copy is good (%s)", strings.Join(failed, "; "))
	}
	return models.Conflictf("no copy could be read (%s)", strings.Join(failed, "; "))
}

func isDamaged(err error) bool {
	var damaged *archive.DamagedError
	return errors.As(err, &damaged)
}

// report lets a copy that is missing or damaged be looked at beside the run, so that it
// is marked as lost and made again. A run that ends meanwhile waits for that; one that is
// stopped does not.
func (r *run) report(c models.RestoreCopy) {
	r.beside.Go(func() {
		_, err := r.service.Copies.Verify(r.whole, r.subject.backup.ID, c.DriveFileID)
		if err != nil && r.whole.Err() == nil {
			r.service.Log.Warn("a damaged copy is not marked as lost", "backup_id", r.subject.backup.ID, "drive_id", c.DriveID, "error", err)
		}
	})
}

// localError is a fault of this machine's own disk.
type localError struct{ cause error }

func (e *localError) Error() string { return e.cause.Error() }

func (e *localError) Unwrap() error { return e.cause }

func (r *run) fetchCopy(ctx context.Context, d dump, c models.RestoreCopy) error {
	r.done.Store(0)
	from, _, err := r.service.Copies.Open(ctx, r.subject.backup.ID, c.DriveFileID)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return &localError{err}
	}
	reading := &passing{ctx: ctx, from: from, read: &r.done}
	err = compare(reading, f, d.facts)
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = closeErr
	}
	if err == nil || reading.err != nil || isDamaged(err) {
		return err
	}
	if disk.Full(err) {
		err = models.NoSpacef("no space for a copy of the dump file in %s: free space there", r.service.Dir)
	}
	return &localError{fmt.Errorf("keep a copy of the dump file: %w", err)}
}

// compare writes what is read to a file and returns an archive.DamagedError when it is
// not what the facts say.
func compare(from io.Reader, to io.Writer, facts models.FileFacts) error {
	sum := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(to, sum), io.LimitReader(from, facts.Size+1), make([]byte, 256<<10))
	switch {
	case err != nil:
		return err
	case n < facts.Size:
		return archive.Damagedf("the copy is %d bytes long and the manifest says %d", n, facts.Size)
	case n > facts.Size:
		return archive.Damagedf("the copy is longer than the %d bytes that the manifest says", facts.Size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != facts.SHA256 {
		return archive.Damagedf("the SHA-256 of the copy is %s and the manifest says %s", got, facts.SHA256)
	}
	return nil
}

// passing counts what is read, keeps why no more could be, and ends with its context.
type passing struct {
	ctx  context.Context
	from io.Reader
	read *atomic.Int64
	err  error
}

func (p *passing) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		p.err = context.Cause(p.ctx)
		return 0, p.err
	}
	n, err := p.from.Read(b)
	p.read.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}
