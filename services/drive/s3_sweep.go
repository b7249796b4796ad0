package drive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/models"
)

// s3Alive is what this process's Puts to S3 are doing, over all drives.
type s3Alive struct {
	mu sync.Mutex
	// uploads are the ids of those of several parts.
	uploads map[string]bool
	// names has what goes on under a name.
	names map[string]*s3Name
	// swept has the newest uploads that sweeps gave up: under which name, by id, by
	// the key that was swept.
	swept map[string]map[string]string
}

// s3Name is what goes on under one name.
type s3Name struct {
	// puts and starts count Puts, and uploads that have no id yet.
	puts, starts int
	// marks are those of all Puts since the name was last quiet.
	marks map[string]bool
}

var s3Puts = &s3Alive{uploads: map[string]bool{}, names: map[string]*s3Name{}, swept: map[string]map[string]string{}}

// id tells the places of copies apart, over all drives of this process.
func (d *S3) id(key string) string {
	return fmt.Sprintf("%s\n%s\n%s", d.client.EndpointURL().Host, d.bucket, d.name(key))
}

func (a *s3Alive) begin(name, mark string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.names[name] == nil {
		a.names[name] = &s3Name{marks: map[string]bool{}}
	}
	a.names[name].puts++
	a.names[name].marks[mark] = true
}

func (a *s3Alive) end(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.names[name].puts--; a.names[name].puts == 0 {
		delete(a.names, name)
	}
}

// made reports whether a Put at the same time as the one that asks has the mark.
func (a *s3Alive) made(name, mark string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.names[name] != nil && a.names[name].marks[mark]
}

// starting counts the uploads that are being opened, and have no id yet.
func (a *s3Alive) starting(name string, by int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names[name].starts += by
}

func (a *s3Alive) remember(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.uploads[id] = true
}

func (a *s3Alive) forget(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.uploads, id)
}

// s3Swept bounds how many keys are remembered whose uploads were given up.
const s3Swept = 100

func (a *s3Alive) gaveUp(key, name, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.swept[key] == nil {
		if len(a.swept) >= s3Swept {
			clear(a.swept)
		}
		a.swept[key] = map[string]string{}
	}
	a.swept[key][id] = name
}

// givenUp returns the names of uploads that earlier sweeps of a key gave up, by id.
func (a *s3Alive) givenUp(key string) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.swept[key])
}

// spares reports whether an upload that was listed may be one of this process.
func (a *s3Alive) spares(name, id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.uploads[id] || (a.names[name] != nil && a.names[name].starts > 0)
}

// Sweep gives up what is open of uploads to key, and to the manifest beside it.
func (d *S3) Sweep(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return d.sweep(ctx, key, key, key+manifestEnd)
}

// sweep gives up uploads to the keys, which all begin with the first.
func (d *S3) sweep(ctx context.Context, keys ...string) error {
	open, err := d.uploads(ctx, d.name(keys[0]))
	if err != nil {
		return err
	}
	failures := []error{d.forgetAgain(ctx, keys[0])}
	for _, u := range open {
		own := slices.ContainsFunc(keys, func(key string) bool {
			return u.Key == d.name(key) && !s3Puts.spares(d.id(key), u.UploadID)
		})
		if own {
			failures = append(failures, d.forget(ctx, u.Key, u.UploadID))
			s3Puts.gaveUp(d.id(keys[0]), u.Key, u.UploadID)
		}
	}
	return errors.Join(failures...)
}

// forgetAgain gives up once more what earlier sweeps of the key gave up: a service that
// was still taking in a part may have kept it, and lists it no more.
func (d *S3) forgetAgain(ctx context.Context, key string) error {
	var failures []error
	for id, name := range s3Puts.givenUp(d.id(key)) {
		failures = append(failures, d.call(ctx, "give an upload up", func(ctx context.Context) error {
			return s3Gone(d.client.AbortMultipartUpload(ctx, d.bucket, name, id))
		}))
	}
	return errors.Join(failures...)
}

// uploads lists the open uploads to names with a prefix.
func (d *S3) uploads(ctx context.Context, prefix string) ([]minio.ObjectMultipartInfo, error) {
	var found []minio.ObjectMultipartInfo
	key, id := "", ""
	for {
		var page minio.ListMultipartUploadsResult
		err := d.call(ctx, "list its open uploads", func(ctx context.Context) (err error) {
			page, err = d.client.ListMultipartUploads(ctx, d.bucket, prefix, key, id, "", 1000)
			return err
		})
		if err != nil {
			return nil, err
		}
		found = append(found, page.Uploads...)
		if !page.IsTruncated || (page.NextKeyMarker == key && page.NextUploadIDMarker == id) {
			return found, nil
		}
		key, id = page.NextKeyMarker, page.NextUploadIDMarker
	}
}

// forget gives an upload up until the service knows nothing of it any more.
func (d *S3) forget(ctx context.Context, name, id string) error {
	return d.cleaning().Do(ctx, func(ctx context.Context) error {
		err := d.call(ctx, "give an upload up", func(ctx context.Context) error {
			return s3Gone(d.client.AbortMultipartUpload(ctx, d.bucket, name, id))
		})
		if err != nil {
			return err
		}
		return d.forgotten(ctx, name, id)
	})
}

// forgotten returns nil when the service knows nothing of an upload, or does not
// let this key ask.
func (d *S3) forgotten(ctx context.Context, name, id string) error {
	there := false
	err := d.call(ctx, "look for an upload that was given up", func(ctx context.Context) error {
		_, err := d.client.ListObjectParts(ctx, d.bucket, name, id, 0, 1)
		there = err == nil
		return s3Gone(err)
	})
	switch {
	case there:
		return &PassingError{Cause: fmt.Errorf("drive %q: the service still holds an upload that was given up", d.label)}
	case errors.Is(err, models.ErrUnauthorized), errors.Is(err, models.ErrInvalid):
		return nil
	}
	return err
}

// s3Gone leaves aside that an upload is gone.
func s3Gone(err error) error {
	if s3Code(err) == "NoSuchUpload" || s3Code(err) == "NoSuchKey" {
		return nil
	}
	return err
}
