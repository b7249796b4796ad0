package drive

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/models"
)

const (
	// s3AtOnce is how many parts are on their way at once when content can be
	// opened again, s3KeptAtOnce when parts are kept in memory.
	s3AtOnce     = 4
	s3KeptAtOnce = 2
)

// s3Upload is an upload of several parts.
type s3Upload struct {
	*s3Put
	id string

	mu    sync.Mutex
	parts []minio.CompletePart
}

// inParts sends content of which the first part has been read.
func (p *s3Put) inParts(ctx context.Context, first s3Part) (Stored, error) {
	u := &s3Upload{s3Put: p}
	if err := u.begin(ctx); err != nil {
		first.free()
		return Stored{}, err
	}
	defer s3Puts.forget(u.id)
	if err := u.sendAll(ctx, first); err != nil {
		return Stored{}, s3Both(err, u.abort(ctx))
	}
	if err := u.complete(ctx); err != nil {
		return u.settle(ctx, s3Both(err, u.abort(ctx)))
	}
	return u.verified(ctx)
}

// begin opens the upload. When an answer is lost an upload may be open that nobody
// knows the id of, which is swept.
func (u *s3Upload) begin(ctx context.Context) error {
	lost := false
	name := u.drive.id(u.key)
	s3Puts.starting(name, 1)
	err := u.drive.policy.Do(ctx, func(ctx context.Context) error {
		err := u.drive.call(ctx, "begin an upload", u.open)
		lost = lost || (err != nil && s3Stopped(err))
		return err
	})
	s3Puts.starting(name, -1)
	if !lost {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s3CleanUp)
	defer cancel()
	swept := u.drive.cleaning().Do(ctx, func(ctx context.Context) error { return u.drive.sweep(ctx, u.key, u.key) })
	if err == nil {
		return nil // the upload is good; what could not be swept now is swept another time
	}
	return s3Both(err, swept)
}

func (u *s3Upload) open(ctx context.Context) error {
	options := u.options()
	if u.scan.crc {
		options.UserMetadata["X-Amz-Checksum-Algorithm"] = "CRC64NVME"
		options.UserMetadata["X-Amz-Checksum-Type"] = "FULL_OBJECT"
	}
	id, err := u.drive.client.NewMultipartUpload(ctx, u.drive.bucket, u.drive.name(u.key), options)
	if err != nil {
		return err
	}
	if id == "" {
		return u.unclear("the beginning of an upload")
	}
	u.id = id
	s3Puts.remember(id)
	return nil
}

// sendAll reads parts and sends them, several at once. When it returns nothing is on
// its way any more.
func (u *s3Upload) sendAll(ctx context.Context, part s3Part) error {
	ctx, fail := context.WithCancelCause(ctx)
	var senders sync.WaitGroup
	slots := make(chan struct{}, u.atOnce())
	for more := true; more; {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			more = false
			part.free()
			continue
		}
		sending := part
		senders.Go(func() {
			if err := u.sendPart(ctx, &sending); err != nil {
				fail(err)
			}
			sending.free()
			<-slots
		})
		part, more = u.following(ctx, part, fail, slots)
	}
	senders.Wait()
	err := context.Cause(ctx)
	fail(nil)
	return err
}

func (u *s3Upload) atOnce() int {
	if u.hint.Again == nil {
		return s3KeptAtOnce
	}
	return s3AtOnce
}

// following reads the part after one. It waits until there is room for it.
func (u *s3Upload) following(ctx context.Context, part s3Part, fail context.CancelCauseFunc, slots chan struct{}) (s3Part, bool) {
	if part.last {
		return s3Part{}, false
	}
	select { // only the room is looked for here: whoever sends takes it
	case slots <- struct{}{}:
		<-slots
	case <-ctx.Done():
		return s3Part{}, false
	}
	if part.number == u.drive.plan.parts {
		fail(models.Invalidf("drive %q: the backup is too long for an upload of %d parts: raise max_parts if the service allows more", u.drive.label, part.number))
		return s3Part{}, false
	}
	next, err := u.scan.next()
	if err != nil {
		fail(err)
		return s3Part{}, false
	}
	return next, next.size > 0
}

// sendPart sends a part until the service has it.
func (u *s3Upload) sendPart(ctx context.Context, part *s3Part) error {
	return u.drive.policy.Do(ctx, func(ctx context.Context) error { return u.send(ctx, part, u.putPart) })
}

func (u *s3Upload) putPart(ctx context.Context, part *s3Part, body io.Reader) error {
	options := minio.PutObjectPartOptions{DisableContentSha256: true, Md5Base64: part.md5}
	if part.crc != "" {
		options.CustomHeader = http.Header{"X-Amz-Checksum-Crc64nvme": {part.crc}}
	}
	sent, err := u.drive.client.PutObjectPart(ctx, u.drive.bucket, u.drive.name(u.key), u.id, part.number, body, part.size, options)
	if err != nil {
		return err
	}
	if sent.ETag == "" {
		return u.unclear("a part that was sent")
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.parts = append(u.parts, minio.CompletePart{PartNumber: part.number, ETag: sent.ETag, ChecksumCRC64NVME: part.crc})
	return nil
}

// complete has the service put the parts together.
func (u *s3Upload) complete(ctx context.Context) error {
	slices.SortFunc(u.parts, func(a, b minio.CompletePart) int { return a.PartNumber - b.PartNumber })
	return u.drive.policy.Do(ctx, func(ctx context.Context) error {
		err := u.drive.call(ctx, "put an upload together", u.publish)
		if err != nil && u.stands(ctx) {
			return nil // the answer was lost, or an earlier one was
		}
		return err
	})
}

func (u *s3Upload) publish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s3Silence)
	defer cancel()
	options := minio.PutObjectOptions{UserMetadata: map[string]string{}}
	if u.scan.crc {
		options.UserMetadata["X-Amz-Checksum-Crc64nvme"] = s3Base64(u.scan.whole)
		options.UserMetadata["X-Amz-Checksum-Type"] = "FULL_OBJECT"
	}
	_, err := u.drive.client.CompleteMultipartUpload(ctx, u.drive.bucket, u.drive.name(u.key), u.id, u.parts, options)
	return err
}

// abort gives the upload up, and sees to it that the service has forgotten it: one
// may still take in a part while it forgets the others.
func (u *s3Upload) abort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s3CleanUp)
	defer cancel()
	err := u.drive.forget(ctx, u.drive.name(u.key), u.id)
	for _, pause := range s3Quiet {
		if err != nil || !u.broken.Load() {
			return err
		}
		if !(Policy{First: pause, Most: pause}).Pause(ctx, 1, nil) {
			return ctx.Err()
		}
		err = u.drive.forget(ctx, u.drive.name(u.key), u.id)
	}
	return err
}

// s3Quiet is when an upload whose requests were cut off is looked for again after it
// was given up: a service that still works on one brings the upload back.
var s3Quiet = []time.Duration{50 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond}
