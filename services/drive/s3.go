package drive

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// S3 keeps copies as objects in a bucket of AWS S3, or of a service that speaks its
// protocol.
type S3 struct {
	label string
	// installation is part of the names of probes.
	installation string
	policy       Policy
	client       *minio.Core
	bucket       string
	// prefix is empty or ends with a slash.
	prefix string
	// checksums says that CRC64NVME checksums are sent and asked for.
	checksums bool
	links     bool
	// renews says that credentials come from somewhere that renews them.
	renews       bool
	lock         s3Lock
	plan         s3Limits
	storageClass string
	headers      map[string]string
}

var (
	_ Drive   = (*S3)(nil)
	_ Linker  = (*S3)(nil)
	_ Scanner = (*S3)(nil)
)

func openS3(p Place) (*S3, error) { return openS3Through(p, nil) }

// openS3Through opens a drive with something around its transport.
func openS3Through(p Place, wrap func(*http.Transport) http.RoundTripper) (*S3, error) {
	r := &s3Reader{place: p}
	d := &S3{
		label: p.Label, installation: p.Installation, policy: p.Policy,
		bucket: r.text("bucket"), prefix: r.prefix(), storageClass: r.text("storage_class"), headers: r.headers(),
		renews: r.text("access_key") == "", lock: r.lock(),
		links: r.text("presigned_links") == "" || p.Settings.Bool("presigned_links"),
		plan:  s3Limits{parts: r.number("max_parts", s3MaxParts, 10, s3MaxParts), size: int64(r.number("part_size_mib", 0, 16, 64)) << 20},
	}
	if err := s3utils.CheckValidBucketName(d.bucket); err != nil {
		r.wrong("its bucket %q is not a name of a bucket: %v", d.bucket, err)
	}
	if d.client = s3Client(r, wrap); r.err != nil {
		return nil, r.err
	}
	d.checksums = r.text("checksums") == "on" || (r.text("checksums") != "off" && s3utils.IsAmazonEndpoint(*d.client.EndpointURL()))
	return d, nil
}

// name is the object that a key stands for.
func (d *S3) name(key string) string { return d.prefix + key }

// place is where the drive keeps its copies, for people.
func (d *S3) place() string { return "s3://" + d.bucket + "/" + d.prefix }

// Open reads a copy.
func (d *S3) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	var body io.ReadCloser
	var info minio.ObjectInfo
	err := d.call(ctx, "read "+key, func(ctx context.Context) (err error) {
		body, info, _, err = d.client.GetObject(ctx, d.bucket, d.name(key), minio.GetObjectOptions{})
		return err
	})
	if err != nil {
		return nil, err
	}
	if info.Size < 0 {
		_ = body.Close()
		return nil, fmt.Errorf("drive %q could not read %s: the service does not tell how long it is", d.label, key)
	}
	return &s3Object{drive: d, key: key, body: body, left: info.Size}, nil
}

// s3Object is a copy that is being read. It ends only where the service said that
// the copy does.
type s3Object struct {
	drive *S3
	key   string
	body  io.ReadCloser
	left  int64
}

// Read reads on.
func (o *s3Object) Read(p []byte) (int, error) {
	n, err := o.body.Read(p)
	o.left -= int64(n)
	if errors.Is(err, io.EOF) && o.left == 0 {
		return n, io.EOF
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		err = o.drive.fault("read "+o.key+" to its end", 0, err)
	}
	return n, err
}

// Close ends the reading.
func (o *s3Object) Close() error { return o.body.Close() }

// Stat describes a copy.
func (d *S3) Stat(ctx context.Context, key string) (Stored, error) {
	if err := checkKey(key); err != nil {
		return Stored{}, err
	}
	info, err := d.head(ctx, key)
	if err != nil {
		return Stored{}, err
	}
	return d.stored(ctx, key, info)
}

// head asks for what the service knows of a copy. Services that are not sent
// checksums are not asked for them either.
func (d *S3) head(ctx context.Context, key string) (info minio.ObjectInfo, err error) {
	err = d.call(ctx, "find "+key, func(ctx context.Context) (err error) {
		info, err = d.client.StatObject(ctx, d.bucket, d.name(key), minio.StatObjectOptions{Checksum: d.checksums})
		return err
	})
	return info, err
}

func (d *S3) stored(ctx context.Context, key string, info minio.ObjectInfo) (Stored, error) {
	until, err := d.lockedUntil(ctx, key, info)
	if err != nil {
		return Stored{}, err
	}
	return Stored{Key: key, Size: info.Size, Path: d.place() + key, Checksum: s3Checksum(info), LockedUntil: until}, nil
}

// s3Checksum is the checksum of the whole object, when that is what the service
// keeps: one that is put together from those of the parts ends in their number.
func s3Checksum(info minio.ObjectInfo) string {
	sum, err := base64.StdEncoding.DecodeString(info.ChecksumCRC64NVME)
	if err != nil || len(sum) != 8 || info.ChecksumMode == "COMPOSITE" {
		return ""
	}
	return s3Algorithm + hex.EncodeToString(sum)
}

// List calls fn for every copy below prefix, in key order. What it tells has neither
// checksum nor lock: a list of S3 does not hold them.
func (d *S3) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	return d.each(ctx, minio.ListObjectsOptions{Prefix: d.prefix + prefix, Recursive: true}, func(o minio.ObjectInfo) error {
		key, below := strings.CutPrefix(o.Key, d.prefix)
		if !below || checkKey(key) != nil { // hidden, or a folder that some tool made
			return nil
		}
		return fn(Stored{Key: key, Size: o.Size, Path: d.place() + key})
	})
}

// each calls fn for every object of a list.
func (d *S3) each(ctx context.Context, options minio.ListObjectsOptions, fn func(minio.ObjectInfo) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var own error
	err := d.call(ctx, "list its bucket", func(ctx context.Context) error {
		for o := range d.client.ListObjectsIter(ctx, d.bucket, options) {
			if o.Err != nil {
				return o.Err
			}
			if own = fn(o); own != nil {
				return nil
			}
		}
		return ctx.Err()
	})
	return errors.Join(own, err)
}

// s3Code is the service's word for a fault, empty when it said none.
func s3Code(err error) string {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// Scans says that the content is read ahead of what is sent.
func (d *S3) Scans() {}
