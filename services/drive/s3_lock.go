package drive

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/models"
)

// s3Unlocked is the answer to who asks for the lock of a copy that has none.
const s3Unlocked = "NoSuchObjectLockConfiguration"

// s3RetainUntil is the header in which most services show a lock with the copy.
const s3RetainUntil = "X-Amz-Object-Lock-Retain-Until-Date"

// lockedUntil returns when a copy may be deleted; zero when it may be now.
func (d *S3) lockedUntil(ctx context.Context, key string, info minio.ObjectInfo) (time.Time, error) {
	told := info.Headers.Get(s3RetainUntil)
	if told == "" && d.lock.days > 0 {
		return d.retention(ctx, key, info.VersionID)
	}
	until, err := time.Parse(time.RFC3339Nano, told)
	if err != nil {
		return time.Time{}, nil
	}
	return s3Until(until), nil
}

// retention asks for the lock of a version, for services that do not show it with
// the version itself. In a bucket that cannot lock nothing is locked.
func (d *S3) retention(ctx context.Context, key, version string) (time.Time, error) {
	var until *time.Time
	err := d.call(ctx, "ask for the lock of "+key, func(ctx context.Context) (err error) {
		_, until, err = d.client.GetObjectRetention(ctx, d.bucket, d.name(key), version)
		if s3Code(err) == s3Unlocked || s3CannotLock(minio.ToErrorResponse(err)) {
			return nil
		}
		return err
	})
	if err != nil || until == nil {
		return time.Time{}, err
	}
	return s3Until(*until), nil
}

// lockable asks for the lock of a probe, which mostly has none, to learn whether the
// bucket can lock copies and the key may look at locks.
func (d *S3) lockable(ctx context.Context, probe string) error {
	if d.lock.days == 0 {
		return nil
	}
	info, err := d.head(ctx, probe)
	if err != nil || info.Headers.Get(s3RetainUntil) != "" {
		return err
	}
	return d.call(ctx, "ask for the lock of a probe", func(ctx context.Context) error {
		_, _, err := d.client.GetObjectRetention(ctx, d.bucket, d.name(probe), info.VersionID)
		if s3Code(err) == s3Unlocked {
			return nil
		}
		return err
	})
}

// s3CannotLock reports whether a service says that its bucket was made without
// Object Lock. The services have the code for it in common with other mistakes, and
// write the sentence each in its own way.
func s3CannotLock(e minio.ErrorResponse) bool {
	if e.Code == "ObjectLockConfigurationNotFoundError" {
		return true
	}
	said := strings.ReplaceAll(strings.ToLower(e.Message), " ", "")
	return e.Code == "InvalidRequest" && e.StatusCode == http.StatusBadRequest && strings.Contains(said, "objectlock") &&
		(strings.Contains(said, "missing") || strings.Contains(said, "notconfigured") || strings.Contains(said, "notenabled"))
}

// locked returns an error for a copy that was to be locked and is not.
func (p *s3Put) locked(stored Stored) error {
	if p.until.IsZero() || !stored.LockedUntil.IsZero() {
		return nil
	}
	return models.Invalidf("drive %q: the service did not lock %s: see whether it and the bucket %q know Object Lock, or remove object_lock_days",
		p.drive.label, p.key, p.drive.bucket)
}

// s3Until forgets locks that have ended, and parts of seconds.
func s3Until(until time.Time) time.Time {
	if until.Before(time.Now()) {
		return time.Time{}
	}
	return until.UTC().Truncate(time.Second)
}
