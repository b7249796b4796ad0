package drive

import (
	"context"
	"errors"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/models"
)

// s3Versions bounds how many versions of one copy are removed at once.
const s3Versions = 1000

// Delete removes a copy. In a bucket that keeps versions it removes the versions
// themselves, from the current one back, because a delete marker would only hide
// them and free no space. What Object Lock holds is models.ErrConflict, and stays
// in sight.
func (d *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	for range s3Versions {
		info, err := d.head(ctx, key)
		if errors.Is(err, models.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := d.remove(ctx, key, info); err != nil {
			return err
		}
		if info.VersionID == "" {
			return nil
		}
	}
	return models.Conflictf("drive %q: %s has more than %d versions: remove them on the service", d.label, key, s3Versions)
}

// remove deletes one version of a copy, or the copy where there are no versions.
func (d *S3) remove(ctx context.Context, key string, info minio.ObjectInfo) error {
	if err := d.unlocked(ctx, key, info); err != nil {
		return err
	}
	err := d.removeVersion(ctx, key, info.VersionID)
	if errors.Is(err, models.ErrUnauthorized) && info.VersionID != "" {
		return d.heldBack(ctx, key, info, err)
	}
	return err
}

func (d *S3) removeVersion(ctx context.Context, key, version string) error {
	return d.call(ctx, "delete "+key, func(ctx context.Context) error {
		return s3Gone(d.client.RemoveObject(ctx, d.bucket, d.name(key), minio.RemoveObjectOptions{VersionID: version}))
	})
}

// unlocked returns models.ErrConflict for a copy that is locked.
func (d *S3) unlocked(ctx context.Context, key string, info minio.ObjectInfo) error {
	if info.Headers.Get("X-Amz-Object-Lock-Legal-Hold") == "ON" {
		return models.Conflictf("drive %q holds %s by a legal hold, which has no end: remove the hold on the service first", d.label, key)
	}
	until, err := d.lockedUntil(ctx, key, info)
	if err != nil || until.IsZero() {
		return err
	}
	return models.Conflictf("drive %q holds %s locked until %s: it can be deleted after that", d.label, key, until.Format("2 January 2006, 15:04 UTC"))
}

// heldBack tells a lock from a key that may not delete: AWS calls both a refusal of
// access, and shows locks only to keys that may see them.
func (d *S3) heldBack(ctx context.Context, key string, info minio.ObjectInfo, refusal error) error {
	until, err := d.retention(ctx, key, info.VersionID)
	if err != nil || until.IsZero() {
		return refusal
	}
	return models.Conflictf("drive %q holds %s locked until %s: it can be deleted after that", d.label, key, until.Format("2 January 2006, 15:04 UTC"))
}
