package drive

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/models"
)

// Check writes a probe, reads it back and deletes it, after those that checks of
// this installation left behind when they died. Where copies are to be locked it
// finds a bucket that cannot. S3 tells of no free space.
func (d *S3) Check(ctx context.Context) (Report, error) {
	if err := d.sweepProbes(ctx); err != nil {
		return Report{}, err
	}
	if err := d.probe(ctx, newProbe(d.installation)); err != nil {
		return Report{}, err
	}
	return Report{Free: -1, Total: -1}, nil
}

func (d *S3) sweepProbes(ctx context.Context) error {
	var stale []string
	options := minio.ListObjectsOptions{Prefix: d.prefix + probePrefix(d.installation), Recursive: true}
	err := d.each(ctx, options, func(o minio.ObjectInfo) error {
		if name := strings.TrimPrefix(o.Key, d.prefix); isStaleProbe(name, d.installation, o.LastModified) {
			stale = append(stale, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range stale {
		if err := d.removeProbe(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (d *S3) probe(ctx context.Context, name string) (err error) {
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s3CleanUp)
		defer cancel()
		if e := d.removeProbe(ctx, name); err == nil {
			err = e
		}
	}()
	err = d.call(ctx, "write a probe", func(ctx context.Context) error {
		return d.writeProbe(ctx, name)
	})
	if err != nil {
		return err
	}
	var back []byte
	err = d.call(ctx, "read a probe back", func(ctx context.Context) error {
		back, err = d.readProbe(ctx, name)
		return err
	})
	if err == nil && string(back) != name {
		return models.Conflictf("drive %q did not give back what was written to it: ask who runs the service of %s", d.label, d.place())
	}
	if err == nil {
		err = d.lockable(ctx, name)
	}
	return err
}

// writeProbe writes as Put does, but never locks.
func (d *S3) writeProbe(ctx context.Context, name string) error {
	p := d.newPut(name, Hint{}, strings.NewReader(name))
	p.until = time.Time{}
	part, err := p.scan.next()
	if err != nil {
		return err
	}
	defer part.free()
	body, err := part.content(ctx, nil)
	if err != nil {
		return err
	}
	return p.putObject(ctx, &part, body)
}

func (d *S3) readProbe(ctx context.Context, name string) ([]byte, error) {
	body, _, _, err := d.client.GetObject(ctx, d.bucket, d.name(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, 1<<10))
}

// removeProbe removes a probe, which no check ever locks. Where the bucket itself
// locks whatever is written to it no check could ever remove one: there a delete
// marker hides it.
func (d *S3) removeProbe(ctx context.Context, name string) error {
	info, err := d.head(ctx, name)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	err = d.removeVersion(ctx, name, info.VersionID)
	if err == nil || Passing(err) || info.VersionID == "" {
		return err
	}
	err = d.remove(ctx, name, info) // which tells a lock from a key that may not delete
	if errors.Is(err, models.ErrConflict) && !Passing(err) && info.VersionID != "" {
		return d.removeVersion(ctx, name, "")
	}
	return err
}
