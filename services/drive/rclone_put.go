package drive

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// rcloneChunk is how much content is handed to rclone at a time, in bytes.
	rcloneChunk = 256 << 10
	// rcloneCleanTime bounds how long a failed Put takes to clear up behind itself.
	rcloneCleanTime = 30 * time.Second
)

// Put streams to a hidden name of its own, compares the length that the remote
// tells, and moves. A break is a passing fault: rclone cannot carry on with a stream.
func (d *Rclone) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	if err := checkKey(key); err != nil {
		return Stored{}, err
	}
	name, done := newPartial(key)
	defer done()
	stored, err := d.make(ctx, name, key, r, hint)
	if err != nil {
		d.clean(ctx, name)
		return Stored{}, err
	}
	return stored, nil
}

// clean removes a temporary file. When the remote cannot be reached the file stays
// for Sweep.
func (d *Rclone) clean(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rcloneCleanTime)
	defer cancel()
	_ = d.remove(ctx, name)
}

// make fills the temporary file and publishes it under key.
func (d *Rclone) make(ctx context.Context, name, key string, r io.Reader, hint Hint) (Stored, error) {
	size, err := d.send(ctx, name, r, hint)
	if err != nil {
		return Stored{}, err
	}
	if _, err := d.holds(ctx, name, size); err != nil {
		return Stored{}, err
	}
	unlock, err := d.lock(ctx, key)
	if err != nil {
		return Stored{}, err
	}
	defer unlock()
	// Without --ignore-times a file of the same length and time is taken for the
	// same: the earlier copy would stay and the new one be removed.
	if _, err := d.run(ctx, nil, "moveto", "--ignore-times", "--", d.path(name), d.path(key)); err != nil {
		return Stored{}, d.fault("name a finished file", err)
	}
	return d.holds(ctx, key, size)
}

// send streams the content, and returns its length.
func (d *Rclone) send(ctx context.Context, name string, r io.Reader, hint Hint) (int64, error) {
	p, err := d.command(ctx, slices.Concat([]string{"rcat"}, rcloneParts(hint.ExpectedSize), []string{"--", d.path(name)})...)
	if err != nil {
		return 0, err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return 0, fmt.Errorf("connect to rclone: %w", err)
	}
	if err := d.start(p); err != nil {
		return 0, err
	}
	guard := NewGuard(r)
	w := &rcloneWriter{to: p.stdin, progress: hint.Progress}
	_, err = io.CopyBuffer(w, struct{ io.Reader }{guard}, make([]byte, rcloneChunk))
	if guard.Err() != nil {
		p.end()
		return 0, guard.Err()
	}
	if ctx.Err() != nil {
		p.end()
		return 0, ctx.Err()
	}
	// An error of writing is that rclone has ended, which its status tells of.
	closed := p.stdin.Close()
	if failed := p.wait(ctx); failed != nil {
		return 0, d.fault("write a file", failed)
	}
	if err := errors.Join(err, closed); err != nil {
		return 0, &PassingError{Cause: models.Conflictf("drive %q: rclone took a part of a file only, and does not say why: try again", d.place.Label)}
	}
	return w.written, nil
}

// rcloneParts makes parts longer where a file would have more of them than S3 and its
// like take, which is 10,000: rclone chooses their length before it knows that of the
// file. What was expected may come to half as much again.
func rcloneParts(expected int64) []string {
	mib := expected * 3 / 2 / 10_000 >> 20
	if mib < 5 {
		return nil // what rclone does by itself
	}
	length := strconv.FormatInt(mib+1, 10) + "M"
	return []string{"--s3-chunk-size=" + length, "--s3-upload-concurrency=2", "--azureblob-chunk-size=" + length}
}

// rcloneWriter reports progress.
type rcloneWriter struct {
	to       io.Writer
	progress func(int64)
	written  int64
}

func (w *rcloneWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.written += int64(n)
	if w.progress != nil {
		w.progress(w.written)
	}
	return n, err
}

// holds describes a file that must have the given length.
func (d *Rclone) holds(ctx context.Context, name string, size int64) (Stored, error) {
	found, err := d.stat(ctx, name)
	if err != nil {
		return Stored{}, err
	}
	if found.Size != size {
		return Stored{}, models.Conflictf("drive %q: %s holds %d bytes of %s, and %d were sent: find out what changes files there, and try again",
			d.place.Label, d.remote, found.Size, name, size)
	}
	return found, nil
}

// rcloneMoves are held while a file is named: rclone removes an earlier file of the
// name first, so that two moves at one time would fail.
var rcloneMoves = func() (locks [64]chan struct{}) {
	for i := range locks {
		locks[i] = make(chan struct{}, 1)
	}
	return locks
}()

var rcloneSeed = maphash.MakeSeed()

// lock waits until no other Put of this process names the same file.
func (d *Rclone) lock(ctx context.Context, key string) (unlock func(), err error) {
	held := rcloneMoves[maphash.String(rcloneSeed, d.path(key))%uint64(len(rcloneMoves))]
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case held <- struct{}{}:
		return func() { <-held }, nil
	}
}
