package servers

import (
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"golang.org/x/sys/unix"

	"github.com/backupman/backupman/e2e/needs"
)

// S3Server is versitygw, a gateway that speaks S3 and keeps objects as files in a
// folder, and one bucket of it that no other test has.
type S3Server struct {
	// Endpoint is host:port, and URL the same with its scheme, which is http.
	Endpoint, URL string
	// Domain is the name below which buckets have names of their own: a request
	// for BUCKET.DOMAIN is one to the bucket. Nobody resolves it.
	Domain               string
	AccessKey, SecretKey string
	Region, Bucket       string

	daemon *daemon
}

var s3 once[S3Server]

// S3 returns this process's S3 server, started at the first call, with a fresh
// bucket. It needs the program that .ci/versitygw builds, in BACKUPMAN_VERSITYGW
// or in PATH.
func S3(t testing.TB) S3Server {
	t.Helper()
	server := s3Started(t)
	return server.withBucket(t, minio.MakeBucketOptions{Region: server.Region})
}

// S3Locking is S3 with a bucket that keeps versions and can lock them.
func S3Locking(t testing.TB) S3Server {
	t.Helper()
	server := s3Started(t)
	return server.withBucket(t, minio.MakeBucketOptions{Region: server.Region, ObjectLocking: true})
}

// S3Versioning is S3 with a bucket that keeps versions.
func S3Versioning(t testing.TB) S3Server {
	t.Helper()
	server := S3(t)
	if err := server.Client(t).EnableVersioning(t.Context(), server.Bucket); err != nil {
		t.Fatal(err)
	}
	return server
}

func s3Started(t testing.TB) S3Server {
	t.Helper()
	program := os.Getenv("BACKUPMAN_VERSITYGW")
	if program == "" {
		program = lookPath("versitygw")
	}
	if program == "" {
		needs.Missing(t, `needs versitygw, which is not installed: export BACKUPMAN_VERSITYGW="$(.ci/versitygw)"`)
	}
	server, err := s3.get(func() (*S3Server, error) { return startS3(program) })
	if err != nil {
		t.Fatalf("start versitygw: %v", err)
	}
	return *server
}

func startS3(program string) (s *S3Server, err error) {
	d, err := newDaemon("s3")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.discard()
		}
	}()
	d.account = nil // it may run as root, and the program may be where others cannot read
	for _, folder := range []string{"data", "versions", "meta"} {
		if err := os.Mkdir(d.path(folder), 0o700); err != nil {
			return nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s = &S3Server{Endpoint: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Domain: "s3.test",
		AccessKey: "tester", SecretKey: Password, Region: "us-east-1", daemon: d}
	s.URL = "http://" + s.Endpoint
	argv := []string{program, "--access", s.AccessKey, "--secret", s.SecretKey, "--region", s.Region,
		"--port", s.Endpoint, "--virtual-domain", s.Domain, "--quiet", "--keep-alive", "--health", "/health",
		"posix", "--versioning-dir", d.path("versions")}
	if unix.Setxattr(d.path("data"), "user.backupman", []byte("1"), 0) != nil {
		argv = append(argv, "--sidecar", d.path("meta")) // this file system keeps no attributes
	}
	if err := d.start(syscall.SIGKILL, append(argv, d.path("data"))...); err != nil {
		return nil, err
	}
	return s, d.await(s.ready)
}

func (s *S3Server) ready() error {
	answer, err := http.Get(s.URL + "/health")
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (s S3Server) withBucket(t testing.TB, options minio.MakeBucketOptions) S3Server {
	t.Helper()
	s.Bucket = strings.ReplaceAll(uniqueName(), "_", "-")
	if err := s.Client(t).MakeBucket(t.Context(), s.Bucket, options); err != nil {
		t.Fatal(err)
	}
	return s
}

// Client returns a client of the server, for looking at it by other means than a
// drive.
func (s S3Server) Client(t testing.TB) *minio.Client {
	t.Helper()
	client, err := minio.New(s.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""), Region: s.Region})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// uploadsFolder is where versitygw keeps the parts of unfinished uploads, inside a
// bucket's folder: uploadsFolder/HASH OF THE KEY/ID OF THE UPLOAD/PART.
const uploadsFolder = ".sgwtmp"

// Names returns the keys of the bucket's objects, hidden ones included, its earlier
// versions as "version …", and its unfinished uploads as "upload …", all as they are
// on the disk.
func (s S3Server) Names(t testing.TB) []string {
	t.Helper()
	bucket := s.daemon.path(filepath.Join("data", s.Bucket))
	names := s3Below(t, bucket, func(name string, e fs.DirEntry) string {
		if strings.HasPrefix(name, uploadsFolder+"/") {
			if parts := strings.Split(name, "/"); e.IsDir() && len(parts) == 4 && parts[1] == "multipart" {
				return "upload " + parts[3]
			}
			return ""
		}
		return s3File(name, e)
	})
	return append(names, s3Below(t, s.daemon.path(filepath.Join("versions", s.Bucket)), func(name string, e fs.DirEntry) string {
		if file := s3File(name, e); file != "" {
			return "version " + file
		}
		return ""
	})...)
}

func s3File(name string, e fs.DirEntry) string {
	if e.IsDir() {
		return ""
	}
	return name
}

// s3Below returns what name makes of everything below a folder that may be missing.
func s3Below(t testing.TB, folder string, name func(name string, e fs.DirEntry) string) []string {
	t.Helper()
	var names []string
	if _, err := os.Stat(folder); os.IsNotExist(err) {
		return nil
	}
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			if n := name(path, e); n != "" {
				names = append(names, n)
			}
		}
		return nil // what went away meanwhile is not there
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Host returns the endpoint's address as a URL, which tests put a proxy in front of.
func (s S3Server) Host() *url.URL { return &url.URL{Scheme: "http", Host: s.Endpoint} }

// WriteAged puts an empty object into the bucket that was changed last at a time.
func (s S3Server) WriteAged(t testing.TB, key string, changed time.Time) {
	t.Helper()
	if _, err := s.Client(t).PutObject(t.Context(), s.Bucket, key, strings.NewReader(""), 0, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(s.daemon.path(filepath.Join("data", s.Bucket, key)), changed, changed); err != nil {
		t.Fatal(err)
	}
}
