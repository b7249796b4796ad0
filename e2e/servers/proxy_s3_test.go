package servers

import (
	"io"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// A server that checks signatures, which cover the host, takes what comes through
// the proxy, in one piece and in parts.
func TestHTTPProxyKeepsSignatures(t *testing.T) {
	s := S3(t)
	p := HTTPProxy(t, s.URL)
	c, err := minio.New(p.Address, &minio.Options{Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""), Region: s.Region, BucketLookup: minio.BucketLookupPath})
	if err != nil {
		t.Fatal(err)
	}
	busy := p.Add(HTTPRule{Method: "PUT", Query: "partNumber=2", Do: Busy(503, 0)})
	for _, size := range []int{1, 11 << 20} {
		text := strings.Repeat("z", size)
		if _, err := c.PutObject(t.Context(), s.Bucket, "a b/ü+file", strings.NewReader(text), int64(size), minio.PutObjectOptions{PartSize: 5 << 20}); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		o, err := c.GetObject(t.Context(), s.Bucket, "a b/ü+file", minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		back, err := io.ReadAll(o)
		if err != nil || string(back) != text {
			t.Errorf("%d bytes of %d came back, %v", len(back), size, err)
		}
		_ = o.Close()
	}
	if p.Done(busy) != 1 {
		t.Errorf("the rule was carried out %d times", p.Done(busy))
	}
}
