package servers

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

func TestS3ShowsWhatIsOnTheDisk(t *testing.T) {
	s := S3(t)
	client := s.Client(t)
	if _, err := client.PutObject(t.Context(), s.Bucket, "a/.b", strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	core := minio.Core{Client: client}
	id, err := core.NewMultipartUpload(t.Context(), s.Bucket, "a/c", minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := core.PutObjectPart(t.Context(), s.Bucket, "a/c", id, 1, bytes.NewReader(make([]byte, 10)), 10, minio.PutObjectPartOptions{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"a/.b", "upload " + id}
	got := s.Names(t)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := core.AbortMultipartUpload(t.Context(), s.Bucket, "a/c", id); err != nil {
		t.Fatal(err)
	}
	if got := s.Names(t); len(got) != 1 {
		t.Errorf("after the upload was given up: %q", got)
	}
}

func TestS3KeepsVersions(t *testing.T) {
	for name, s := range map[string]S3Server{"versioning": S3Versioning(t), "locking": S3Locking(t)} {
		for range 2 {
			if _, err := s.Client(t).PutObject(t.Context(), s.Bucket, "a", strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.Names(t); len(got) != 2 {
			t.Errorf("%s: %q", name, got)
		}
	}
}
