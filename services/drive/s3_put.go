package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/models"
)

const (
	// s3Mark is the metadata that tells which Put made an object, so that an upload
	// whose answer was lost is known for what it is.
	s3Mark = "Backupman-Put"
	// s3CleanUp bounds the clearing up after a failed Put.
	s3CleanUp = time.Minute
)

// s3Put is one Put on its way.
type s3Put struct {
	drive *S3
	key   string
	hint  Hint
	mark  string
	until time.Time
	taken atomic.Int64
	// broken says that a request was cut off, which the service may see late.
	broken atomic.Bool
	scan   *s3Scan
}

// Put sends content that fits one part in one request, and anything longer as an
// upload of several parts, which the service publishes at the end. It looks at r
// first, part by part, and then sends each part from hint.Again: several at once, and
// again when a fault may pass. Without hint.Again it keeps two parts in memory.
//
// Nothing signs the content: TLS guards it on its way, and the checksums where they
// are switched on. To sign it would mean to read it once more.
func (d *S3) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	if err := checkKey(key); err != nil {
		return Stored{}, err
	}
	guard := NewGuard(r)
	p := d.newPut(key, hint, guard)
	s3Puts.begin(d.id(key), p.mark)
	defer s3Puts.end(d.id(key))
	stored, err := p.run(ctx)
	if err != nil {
		return Stored{}, guard.Blame(err)
	}
	return stored, nil
}

func (d *S3) newPut(key string, hint Hint, r io.Reader) *s3Put {
	p := &s3Put{drive: d, key: key, hint: hint, mark: models.NewID()}
	if d.lock.days > 0 {
		p.until = time.Now().UTC().AddDate(0, 0, d.lock.days)
	}
	// Object Lock wants every request with content to have a checksum or an MD5.
	p.scan = &s3Scan{r: r, plan: d.plan.plan(hint.ExpectedSize), keep: hint.Again == nil,
		crc: d.checksums, md5: d.lock.days > 0 && !d.checksums}
	if p.scan.keep {
		p.scan.plan.largest = s3LargePart
	}
	return p
}

func (p *s3Put) run(ctx context.Context) (Stored, error) {
	first, err := p.scan.next()
	if err != nil {
		return Stored{}, err
	}
	if first.last {
		defer first.free()
		return p.whole(ctx, &first)
	}
	return p.inParts(ctx, first)
}

// whole sends content that fits one request.
func (p *s3Put) whole(ctx context.Context, part *s3Part) (Stored, error) {
	err := p.drive.policy.Do(ctx, func(ctx context.Context) error {
		err := p.send(ctx, part, p.putObject)
		if err != nil && Passing(err) && p.stands(ctx) {
			return nil // the answer was lost, not the object
		}
		return err
	})
	if err != nil && ctx.Err() == nil && !s3Stopped(err) {
		return Stored{}, p.refused(ctx, err)
	}
	if err != nil {
		return p.settle(ctx, err)
	}
	return p.verified(ctx)
}

func (p *s3Put) putObject(ctx context.Context, part *s3Part, body io.Reader) error {
	options := p.options()
	if part.crc != "" {
		options.UserMetadata["X-Amz-Checksum-Crc64nvme"] = part.crc
	}
	options.DisableContentSha256 = true
	info, err := p.drive.client.PutObject(ctx, p.drive.bucket, p.drive.name(p.key), body, part.size, part.md5, "", options)
	if err == nil && info.ETag == "" {
		return p.unclear("a copy that was sent")
	}
	return err
}

// options are what the object is stored with.
func (p *s3Put) options() minio.PutObjectOptions {
	own := map[string]string{"X-Amz-Meta-" + s3Mark: p.mark}
	for name, value := range p.drive.headers {
		own[name] = value
	}
	options := minio.PutObjectOptions{UserMetadata: own, StorageClass: p.drive.storageClass}
	if !p.until.IsZero() {
		options.Mode, options.RetainUntilDate = p.drive.lock.mode, p.until
	}
	return options
}

// unclear is the fault of an answer that says neither yes nor no.
func (p *s3Put) unclear(to string) error {
	return &PassingError{Cause: models.Conflictf("drive %q got no clear answer to %s: try again, and ask who runs the service if it happens again", p.drive.label, to)}
}

// send sends a part once.
func (p *s3Put) send(ctx context.Context, part *s3Part, request func(ctx context.Context, part *s3Part, body io.Reader) error) error {
	content, err := part.content(ctx, p.hint.Again)
	if err != nil {
		return &SourceError{Cause: err}
	}
	linger, end := s3Linger(ctx)
	defer end()
	watched, stall := newS3Stall(linger, p.drive.policy.Stall)
	defer stall.end()
	body := newS3Body(ctx, content, part.size, stall, p.progress)
	err = p.drive.call(watched, "store "+p.key, func(ctx context.Context) error { return request(ctx, part, body) })
	_ = body.Close() // what was read is compared by the service, or by its length
	switch own := body.guard.Err(); {
	case err != nil && own != nil:
		err = &SourceError{Cause: own}
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx) // the transport has words of its own for it
	case err != nil && stall.fired.Load():
		err = p.drive.passing("store "+p.key, 0, "its service has taken nothing and said nothing for "+stall.limit.String()+": see whether the network in between works")
	}
	if err != nil {
		p.broken.Store(true)
		body.takeBack()
	}
	return err
}

// s3Grace is how long a request that was sent whole may take to be answered after
// its context has ended. Until then the service may still carry it out, after
// whatever is asked next.
const s3Grace = 2 * time.Second

// s3Linger returns a context that ends a little later than ctx. What is not sent yet
// is cut off by the body, which ends with ctx.
func s3Linger(ctx context.Context) (linger context.Context, end func()) {
	linger, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(s3Grace, cancel)
		context.AfterFunc(linger, func() { timer.Stop() })
	})
	return linger, func() {
		stop()
		cancel()
	}
}

func (p *s3Put) progress(n int64) {
	taken := p.taken.Add(n)
	if p.hint.Progress != nil {
		p.hint.Progress(taken)
	}
}

// s3Stopped reports whether an error leaves open what the service did.
func s3Stopped(err error) bool {
	return Passing(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// stands reports whether the object that stands under the key is this Put's.
func (p *s3Put) stands(ctx context.Context) bool {
	info, err := p.drive.head(ctx, p.key)
	return err == nil && info.UserMetadata[s3Mark] == p.mark
}

// settle ends a Put whose last answer did not come: what is there and whole is
// good, anything else fails.
func (p *s3Put) settle(ctx context.Context, because error) (Stored, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s3CleanUp)
	defer cancel()
	if own, err := p.look(ctx); err != nil || !own {
		return Stored{}, because
	}
	return p.verified(ctx)
}

// refused removes what this Put published although its request failed, and returns
// why: some services store an object before they refuse to lock it. A service that
// refuses to be looked at as well has nothing new to tell.
func (p *s3Put) refused(ctx context.Context, because error) error {
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), s3CleanUp)
	defer cancel()
	own, err := p.look(clean)
	switch {
	case own:
		return p.undo(ctx, because)
	case err != nil && Passing(err):
		return s3Both(because, err)
	}
	return because
}

// look reports whether what stands under the key is this Put's. It asks a few times,
// during a second and a half, for whoever ended the Put is waiting.
func (p *s3Put) look(ctx context.Context) (own bool, err error) {
	policy := p.drive.cleaning()
	policy.Attempts = 5
	err = policy.Do(ctx, func(ctx context.Context) error {
		info, err := p.drive.head(ctx, p.key)
		own = err == nil && info.UserMetadata[s3Mark] == p.mark
		if errors.Is(err, models.ErrNotFound) {
			return nil
		}
		return err
	})
	return own, err
}

// verified compares what the service holds with what was read.
func (p *s3Put) verified(ctx context.Context) (Stored, error) {
	var info minio.ObjectInfo
	err := p.drive.policy.Do(ctx, func(ctx context.Context) (err error) {
		info, err = p.drive.head(ctx, p.key)
		return err
	})
	switch made := info.UserMetadata[s3Mark]; {
	case errors.Is(err, models.ErrNotFound):
		return Stored{}, p.unclear("an upload, and the copy is not there")
	case err != nil:
		return Stored{}, p.undo(ctx, err)
	case made != p.mark && !s3Puts.made(p.drive.id(p.key), made):
		return Stored{}, p.unclear("an upload, and another copy stands there")
	case made != p.mark:
		return p.drive.stored(ctx, p.key, info) // a Put that ended later has replaced ours
	}
	stored := Stored{}
	if err = p.compare(info); err == nil {
		err = p.drive.policy.Do(ctx, func(ctx context.Context) (err error) {
			stored, err = p.drive.stored(ctx, p.key, info)
			return err
		})
	}
	if err == nil {
		err = p.locked(stored)
	}
	if err != nil {
		return Stored{}, p.undo(ctx, err)
	}
	return stored, nil
}

func (p *s3Put) compare(info minio.ObjectInfo) error {
	if info.Size != p.scan.offset {
		return &PassingError{Cause: models.Conflictf("drive %q: the service holds %d bytes of %s, and %d were sent: try again, and ask who runs the service if it happens again",
			p.drive.label, info.Size, p.key, p.scan.offset)}
	}
	if sum := s3Checksum(info); sum != "" && p.scan.crc && sum != p.scan.checksum() {
		return &PassingError{Cause: models.Conflictf("drive %q: the service holds %s with another checksum than was sent: try again, and ask who runs the service if it happens again",
			p.drive.label, p.key)}
	}
	return nil
}

// undo removes what this Put published, and returns why.
func (p *s3Put) undo(ctx context.Context, because error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s3CleanUp)
	defer cancel()
	return s3Both(because, p.drive.cleaning().Do(ctx, p.removeOwn))
}

// removeOwn removes what stands under the key as long as this Put made it: one that
// was sent twice is two versions, in a bucket that keeps them.
func (p *s3Put) removeOwn(ctx context.Context) error {
	for {
		info, err := p.drive.head(ctx, p.key)
		if errors.Is(err, models.ErrNotFound) || (err == nil && info.UserMetadata[s3Mark] != p.mark) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.drive.remove(ctx, p.key, info); err != nil || info.VersionID == "" {
			return err
		}
	}
}

// s3Both adds what clearing up met to why it was needed, which stays what callers
// tell faults by: what clearing up met is only told.
func s3Both(because, alsoMet error) error {
	if alsoMet == nil {
		return because
	}
	return fmt.Errorf("%w; and clearing up: %v", because, alsoMet) //nolint:errorlint // only told
}

// cleaning is how clearing up is tried: a few times, and soon.
func (d *S3) cleaning() Policy {
	return Policy{Attempts: 8, First: 100 * time.Millisecond, Most: 10 * time.Second}
}
