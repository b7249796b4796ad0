package drive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest"
)

const s3Part = 16 << 20 // the smallest parts that the driver sends

// s3Policy tries often and without pauses.
var s3Policy = drive.Policy{Attempts: 4}

func s3Settings(s servers.S3Server, more models.Settings) models.Settings {
	settings := models.Settings{"bucket": s.Bucket, "region": s.Region, "endpoint": s.URL,
		"access_key": s.AccessKey, "secret_key": s.SecretKey, "prefix": "backups/all"}
	maps.Copy(settings, more)
	return settings
}

func openS3(t *testing.T, s servers.S3Server, more models.Settings, wrap func(*http.Transport) http.RoundTripper) *drive.S3 {
	t.Helper()
	d, err := drive.OpenS3(drive.Place{Label: "offsite", Settings: s3Settings(s, more), Installation: "here", Policy: s3Policy}, wrap)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestS3Conforms(t *testing.T) {
	server := servers.S3(t)
	for name, settings := range map[string]models.Settings{
		"checksums on": {"checksums": "on"},
		"checksums off, no prefix, region not told, by path": {"prefix": "", "region": "", "force_path_style": "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			d := openS3(t, server, settings, nil)
			drivetest.Conform(t, drivetest.Fixture{Drive: d, PartSize: s3Part, Variant: name != "checksums on",
				Leftovers: func(t *testing.T) []string { return server.Names(t) }})
		})
	}
}

// The bucket is part of the host name, which nobody but this test resolves.
func TestS3PutsTheBucketIntoTheHostName(t *testing.T) {
	server := servers.S3(t)
	hosts := map[string]bool{}
	d := openS3(t, server, models.Settings{"endpoint": "http://" + server.Domain, "address_style": "virtual"}, func(inner *http.Transport) http.RoundTripper {
		inner.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Endpoint)
		}
		return s3Tripper(func(r *http.Request) (*http.Response, error) {
			hosts[r.URL.Host] = true
			return inner.RoundTrip(r)
		})
	})
	put(t, d, "a/b", []byte("x"))
	if want := server.Bucket + "." + server.Domain; len(hosts) != 1 || !hosts[want] {
		t.Errorf("asked %v, want only %s", hosts, want)
	}
	if names := server.Names(t); !slices.Contains(names, "backups/all/a/b") {
		t.Errorf("the bucket holds %q", names)
	}
}

type s3Tripper func(*http.Request) (*http.Response, error)

func (f s3Tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestS3DeleteFreesWhatVersionsHold(t *testing.T) {
	server := servers.S3Versioning(t)
	d := openS3(t, server, nil, nil)
	for _, data := range [][]byte{[]byte("first"), content(s3Part + 1), []byte("third")} {
		put(t, d, "a/file", data)
	}
	put(t, d, "a/file2", []byte("other"))
	failed := errors.New("the dump died")
	for range 2 {
		r := io.MultiReader(bytes.NewReader(content(s3Part+1)), atEOF(func() error { return failed }))
		if _, err := d.Put(t.Context(), "a/file", r, drive.Hint{}); !errors.Is(err, failed) {
			t.Error(err)
		}
	}
	if names := server.Names(t); len(names) != 4 {
		t.Errorf("the bucket holds %q", names)
	}
	if err := d.Delete(t.Context(), "a/file"); err != nil {
		t.Fatal(err)
	}
	if names := server.Names(t); len(names) != 1 || string(get(t, d, "a/file2")) != "other" {
		t.Errorf("after the delete the bucket holds %q", names)
	}
	if _, err := d.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if names := server.Names(t); len(names) != 1 {
		t.Errorf("after the check the bucket holds %q", names)
	}
}

func TestS3KeepsTheServicesChecksum(t *testing.T) {
	server := servers.S3(t)
	d := openS3(t, server, models.Settings{"checksums": "on"}, nil)
	// The check value of CRC-64/NVME in the catalogue of CRCs.
	if s := put(t, d, "a/check", []byte("123456789")); s.Checksum != "crc64nvme:ae8b14860a799888" {
		t.Errorf("got %q", s.Checksum)
	}
	data := content(3*s3Part + 5)
	one, many := put(t, d, "a/one", data[:100]), put(t, d, "a/many", data)
	if one.Checksum == "" || many.Checksum == "" || one.Checksum == many.Checksum {
		t.Errorf("got %q and %q", one.Checksum, many.Checksum)
	}
	if s := put(t, openS3(t, server, nil, nil), "a/off", data[:100]); s.Checksum != "" {
		t.Errorf("with checksums off: %q", s.Checksum)
	}
}

func TestS3StoresInParts(t *testing.T) {
	server := servers.S3(t)
	for _, checksums := range []string{"on", "off"} {
		d := openS3(t, server, models.Settings{"checksums": checksums}, nil)
		data := content(5*s3Part + 12345)
		for name, hint := range map[string]drive.Hint{"again": {Again: s3Again(data), ExpectedSize: 1}, "kept": {}} {
			var told atomic.Int64
			hint.Progress = func(n int64) { told.Store(max(told.Load(), n)) }
			if _, err := d.Put(t.Context(), "a/"+name, bytes.NewReader(data), hint); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(get(t, d, "a/"+name), data) {
				t.Errorf("%s, checksums %s: the copy came back changed", name, checksums)
			}
			if told.Load() == 0 || told.Load() > int64(len(data)) {
				t.Errorf("progress told of %d bytes of %d", told.Load(), len(data))
			}
		}
	}
}

// s3Again opens content from an offset, as the spool does.
func s3Again(data []byte) func(context.Context, int64) (io.ReadCloser, error) {
	return func(_ context.Context, offset int64) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data[min(offset, int64(len(data))):])), nil
	}
}

func TestS3RefusesWrongSettings(t *testing.T) {
	whole := models.Settings{"bucket": "shop", "access_key": "k", "secret_key": "s"}
	for name, wrong := range map[string]models.Settings{
		"endpoint with a path":  {"endpoint": "https://host/bucket"},
		"endpoint with a login": {"endpoint": "https://a:b@host"},
		"other scheme":          {"endpoint": "ftp://host"},
		"half a key":            {"secret_key": ""},
		"bucket":                {"bucket": "No Bucket"},
		"prefix":                {"prefix": "a/../b"},
		"part size":             {"part_size_mib": "65"},
		"parts":                 {"max_parts": "10001"},
		"lock":                  {"object_lock_days": "-1"},
		"kms key alone":         {"sse_kms_key": "k"},
		"authority":             {"tls_ca": "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := maps.Clone(whole)
			maps.Copy(settings, wrong)
			_, err := drive.OpenS3(drive.Place{Label: "offsite", Settings: settings}, nil)
			if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), `"offsite"`) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := drive.OpenS3(drive.Place{Settings: whole}, nil); err != nil {
		t.Errorf("the settings that all were made from: %v", err)
	}
}

func TestS3SaysWhatIsWrong(t *testing.T) {
	server := servers.S3(t)
	for name, c := range map[string]struct {
		settings models.Settings
		is       error
		says     string
	}{
		"key":    {models.Settings{"access_key": "nobody"}, models.ErrUnauthorized, "access_key"},
		"secret": {models.Settings{"secret_key": "wrong"}, models.ErrUnauthorized, "secret_key"},
		"bucket": {models.Settings{"bucket": "not-there"}, models.ErrInvalid, `"not-there"`},
		"tls":    {models.Settings{"endpoint": server.Endpoint}, models.ErrInvalid, "http://"},
	} {
		t.Run(name, func(t *testing.T) {
			d := openS3(t, server, c.settings, nil)
			_, putErr := d.Put(t.Context(), "a/b", strings.NewReader("x"), drive.Hint{})
			_, bigErr := d.Put(t.Context(), "a/b", strings.NewReader(string(content(s3Part+1))), drive.Hint{})
			_, checkErr := d.Check(t.Context())
			for doing, err := range map[string]error{"put": putErr, "put in parts": bigErr, "check": checkErr} {
				if !errors.Is(err, c.is) || drive.Passing(err) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), `"offsite"`) {
					t.Errorf("%s: %v", doing, err)
				}
			}
		})
	}
}

func TestS3WithoutAnyAccessKey(t *testing.T) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_ACCESS_KEY": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SECRET_KEY": "",
		"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"} {
		t.Setenv(name, value)
	}
	server := servers.S3(t)
	d := openS3(t, server, models.Settings{"access_key": "", "secret_key": ""}, nil)
	if _, err := d.Stat(t.Context(), "a/b"); !errors.Is(err, models.ErrUnauthorized) || !strings.Contains(err.Error(), "access_key") {
		t.Errorf("got %v", err)
	}
}

func TestS3TakesTheKeyOfTheEnvironment(t *testing.T) {
	server := servers.S3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
	put(t, openS3(t, server, models.Settings{"access_key": "", "secret_key": ""}, nil), "a/b", []byte("x"))
}

func TestS3FaultsThatPass(t *testing.T) {
	d, err := drive.OpenS3(drive.Place{Label: "offsite", Settings: models.Settings{"bucket": "shop"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code   string
		status int
		passes bool
		is     error
	}{
		{"SlowDown", 503, true, nil}, {"InternalError", 500, true, nil}, {"", 502, true, nil}, {"TooManyRequests", 429, true, nil},
		{"RequestTimeout", 400, true, nil}, {"InternalError", 200, true, nil}, {"BadDigest", 400, true, nil}, {"ExpiredToken", 400, true, nil},
		{"AccessDenied", 403, false, models.ErrUnauthorized}, {"InvalidAccessKeyId", 403, false, models.ErrUnauthorized},
		{"RequestTimeTooSkewed", 403, false, models.ErrInvalid}, {"NoSuchBucket", 404, false, models.ErrInvalid},
		{"NoSuchKey", 404, false, models.ErrNotFound}, {"QuotaExceeded", 403, false, models.ErrNoSpace}, {"X", 507, false, models.ErrNoSpace},
		{"NotImplemented", 501, false, models.ErrInvalid}, {"PermanentRedirect", 301, false, models.ErrInvalid}, {"NoSuchUpload", 404, false, models.ErrConflict},
	} {
		err := drive.S3Fault(d, "store a/b", minio.ErrorResponse{Code: c.code, StatusCode: c.status})
		if drive.Passing(err) != c.passes || (c.is != nil && !errors.Is(err, c.is)) || !strings.Contains(err.Error(), `"offsite"`) {
			t.Errorf("%s %d: passing %v, %v", c.code, c.status, drive.Passing(err), err)
		}
	}
}

func TestS3PartsFitWhatTheServiceAllows(t *testing.T) {
	const mib, tib = int64(1) << 20, int64(1) << 40
	for _, c := range []struct {
		parts, sizeMiB int
		expected       int64
		first, fits    int64
	}{
		{10000, 0, 0, 16 * mib, 5 * tib},
		{10000, 0, 1 << 30, 16 * mib, 5 * tib},
		{10000, 0, 20 << 30, 31 * mib, 5 * tib},
		{10000, 0, 200 << 30, 64 * mib, 5 * tib},
		{10000, 0, 3 * tib, 472 * mib, 5 * tib},
		{10000, 64, 0, 64 * mib, 5 * tib},
		{1000, 0, 0, 16 * mib, 8 * tib / 10},
		{1000, 0, 200 << 30, 308 * mib, tib},
	} {
		t.Run(fmt.Sprint(c.parts, c.sizeMiB, c.expected), func(t *testing.T) {
			first, size := drive.S3PartSizes(c.parts, c.sizeMiB, c.expected)
			var all int64
			for n := 1; n <= c.parts; n++ {
				if got := size(n); got < 5*mib || got > 5<<30 || (n > 1 && got < size(n-1)) {
					t.Fatalf("part %d has %d bytes", n, got)
				}
				all += size(n)
			}
			if first != c.first || size(1) != first || all < c.fits {
				t.Errorf("first part %d MiB, all %d GiB; want %d MiB and at least %d GiB", first>>20, all>>30, c.first>>20, c.fits>>30)
			}
		})
	}
}

func TestS3ListsInKeyOrder(t *testing.T) {
	server := servers.S3(t)
	d := openS3(t, server, nil, nil)
	want := []string{"a-b/c", "a.b/c", "a/b", "a/c.json", "ab/c", "é/ö ü+&%"}
	for _, key := range want {
		put(t, d, key, []byte(key))
	}
	_, err := server.Client(t).PutObject(t.Context(), server.Bucket, "backups/all/a/.hidden", strings.NewReader(""), 0, minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := d.List(t.Context(), "", func(s drive.Stored) error { got = append(got, s.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestS3LinkDownloadsAndEnds(t *testing.T) {
	server := servers.S3(t)
	d := openS3(t, server, nil, nil)
	put(t, d, "a/b", []byte("dump"))
	linker, ok := drive.As[drive.Linker](d)
	if !ok {
		t.Fatal("the drive makes no links")
	}
	link, err := linker.Link(t.Context(), "a/b", `shop "é".zst`, 60)
	if err != nil {
		t.Fatal(err)
	}
	status, body, saveAs := s3Download(t, link)
	if status != http.StatusOK || body != "dump" || !strings.Contains(saveAs, "attachment") {
		t.Errorf("got %d, %q, %q", status, body, saveAs)
	}
	if status, body, _ := s3Download(t, strings.Replace(link, "X-Amz-Expires=60", "X-Amz-Expires=61", 1)); status != http.StatusForbidden {
		t.Errorf("a link that somebody made longer: %d, %q", status, body)
	}
	if strings.Contains(link, server.SecretKey) {
		t.Error("the secret is in the link")
	}
	if !strings.Contains(link, "X-Amz-Expires=60&") {
		t.Errorf("the link does not say when it ends: %s", link)
	}
	_, err = openS3(t, server, models.Settings{"presigned_links": "off"}, nil).Link(t.Context(), "a/b", "b", 60)
	if !errors.Is(err, models.ErrConflict) {
		t.Errorf("without links: %v", err)
	}
}

func s3Download(t *testing.T, link string) (status int, body, saveAs string) {
	t.Helper()
	answer, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(all), answer.Header.Get("Content-Disposition")
}

func TestS3LocksCopies(t *testing.T) {
	for _, checksums := range []string{"on", "off"} {
		t.Run("checksums "+checksums, func(t *testing.T) {
			server := servers.S3Locking(t)
			d := openS3(t, server, models.Settings{"object_lock_days": "3", "checksums": checksums}, nil)
			for key, data := range map[string][]byte{"a/small": []byte("x"), "a/large": content(s3Part + 1), "a/small.json": []byte("{}")} {
				stored := put(t, d, key, data)
				if days := time.Until(stored.LockedUntil).Hours() / 24; days < 2.9 || days > 3 {
					t.Errorf("%s is locked until %v", key, stored.LockedUntil)
				}
				if again, err := d.Stat(t.Context(), key); err != nil || again != stored {
					t.Errorf("stat says %+v, %v; put said %+v", again, err, stored)
				}
				err := d.Delete(t.Context(), key)
				if !errors.Is(err, models.ErrConflict) || !strings.Contains(err.Error(), stored.LockedUntil.Format("2 January 2006")) {
					t.Errorf("delete %s: %v", key, err)
				}
				if got := get(t, d, key); !slices.Equal(got, data) {
					t.Errorf("%s is hidden or changed after it was to be deleted", key)
				}
			}
			before := server.Names(t)
			if _, err := d.Check(t.Context()); err != nil {
				t.Error(err)
			}
			if after := server.Names(t); len(after) != len(before) {
				t.Errorf("the check left %q", after)
			}
		})
	}
}

// The service stores a copy before it finds that its bucket cannot lock it.
func TestS3LockOnABucketWithout(t *testing.T) {
	for _, checksums := range []string{"on", "off"} {
		for name, server := range map[string]servers.S3Server{"plain": servers.S3(t), "versions": servers.S3Versioning(t)} {
			for size, data := range map[string][]byte{"small": []byte("x"), "large": content(s3Part + 1)} {
				for _, again := range []bool{true, false} {
					t.Run(fmt.Sprintf("checksums %s/%s/%s/again %v", checksums, name, size, again), func(t *testing.T) {
						d := openS3(t, server, models.Settings{"object_lock_days": "3", "checksums": checksums}, nil)
						hint := drive.Hint{}
						if again {
							hint.Again = s3Again(data)
						}
						_, err := d.Put(t.Context(), "a/b", bytes.NewReader(data), hint)
						s3WantNoLock(t, server, err)
						if names := server.Names(t); len(names) > 0 {
							t.Errorf("the put left %q", names)
						}
					})
				}
			}
		}
	}
}

func s3WantNoLock(t *testing.T, server servers.S3Server, err error) {
	t.Helper()
	want := fmt.Sprintf(`drive "offsite": the bucket %q was made without Object Lock: make one with it, or remove object_lock_days`, server.Bucket)
	if !errors.Is(err, models.ErrInvalid) || drive.Passing(err) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestS3CheckOfALockOnABucketWithout(t *testing.T) {
	for name, server := range map[string]servers.S3Server{"plain": servers.S3(t), "versions": servers.S3Versioning(t)} {
		t.Run(name, func(t *testing.T) {
			d := openS3(t, server, models.Settings{"object_lock_days": "3"}, nil)
			server.WriteAged(t, "backups/all/.backupman-probe-here-"+models.NewID(), time.Now().Add(-2*time.Hour))
			for range 2 {
				_, err := d.Check(t.Context())
				s3WantNoLock(t, server, err)
			}
			if names := server.Names(t); len(names) > 0 {
				t.Errorf("the checks left %q", names)
			}
		})
	}
}

// Nobody can remove a probe that the service locks by itself: it is hidden.
func TestS3CheckWhereTheServiceLocksByItself(t *testing.T) {
	for _, days := range []string{"0", "3"} {
		t.Run(days+" days", func(t *testing.T) {
			server := servers.S3Locking(t)
			client, mode, until := server.Client(t), minio.Governance, time.Now().Add(time.Hour)
			d := s3Meddling(t, server, models.Settings{"object_lock_days": days}, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
				if s3Request(r) != "put" {
					return nil, nil
				}
				a, err := inner.RoundTrip(r)
				key := strings.TrimPrefix(r.URL.Path, "/"+server.Bucket+"/")
				return a, errors.Join(err, client.PutObjectRetention(r.Context(), server.Bucket, key, minio.PutObjectRetentionOptions{Mode: &mode, RetainUntilDate: &until}))
			})
			if _, err := d.Check(t.Context()); err != nil {
				t.Error(err)
			}
			for o := range client.ListObjects(t.Context(), server.Bucket, minio.ListObjectsOptions{Recursive: true}) {
				t.Errorf("%s is in sight, %v", o.Key, o.Err)
			}
			if names := server.Names(t); len(names) == 0 {
				t.Error("nothing was locked")
			}
		})
	}
}

// A copy that came out without its lock is not what was asked for.
func TestS3RefusesACopyThatIsNotLocked(t *testing.T) {
	for name, code := range map[string]string{"no lock": "NoSuchObjectLockConfiguration", "no lock in the bucket": "ObjectLockConfigurationNotFoundError"} {
		t.Run(name, func(t *testing.T) {
			server := servers.S3Locking(t)
			d := s3HidesLocks(t, server, func(r *http.Request) *http.Response {
				return s3Answered(r, 404, "<Error><Code>"+code+"</Code></Error>")
			})
			_, err := d.Put(t.Context(), "a/b", strings.NewReader("x"), drive.Hint{})
			if !errors.Is(err, models.ErrInvalid) || drive.Passing(err) || !strings.Contains(err.Error(), "did not lock a/b") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What was stored before the drive was told to lock can be read and deleted still.
func TestS3CopiesOfABucketWithoutLock(t *testing.T) {
	server := servers.S3(t)
	stored := put(t, openS3(t, server, nil, nil), "a/b", []byte("x"))
	d := openS3(t, server, models.Settings{"object_lock_days": "3"}, nil)
	if again, err := d.Stat(t.Context(), "a/b"); err != nil || again != stored {
		t.Errorf("stat says %+v, %v; put said %+v", again, err, stored)
	}
	if err := d.Delete(t.Context(), "a/b"); err != nil {
		t.Error(err)
	}
	if names := server.Names(t); len(names) > 0 {
		t.Errorf("the bucket still holds %q", names)
	}
}

func TestS3SweepsOnlyWhatItLeft(t *testing.T) {
	server := servers.S3(t)
	d := openS3(t, server, nil, nil)
	core := minio.Core{Client: server.Client(t)}
	start := func(key string) string {
		id, err := core.NewMultipartUpload(t.Context(), server.Bucket, key, minio.PutObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return "upload " + id
	}
	left := []string{start("backups/all/a/file"), start("backups/all/a/file"), start("backups/all/a/file.json")}
	others := []string{start("backups/all/a/file2"), start("backups/all/a/file.json.sql"), start("a/file"), start("backups/all/a/fil")}
	put(t, d, "a/file", []byte("good"))
	if err := d.Sweep(t.Context(), "a/file"); err != nil {
		t.Fatal(err)
	}
	names := server.Names(t)
	for _, name := range left {
		if slices.Contains(names, name) {
			t.Errorf("%s was not swept", name)
		}
	}
	for _, name := range append(others, "backups/all/a/file") {
		if !slices.Contains(names, name) {
			t.Errorf("%s is gone", name)
		}
	}
}

func TestS3SweepSparesAnUploadThatRuns(t *testing.T) {
	server := servers.S3(t)
	d := openS3(t, server, nil, nil)
	data := content(3 * s3Part)
	r := io.MultiReader(strings.NewReader(string(data)), atEOF(func() error {
		if names := server.Names(t); len(names) != 1 || !strings.HasPrefix(names[0], "upload ") {
			t.Errorf("before the end the bucket holds %q", names)
		}
		return errors.Join(d.Sweep(t.Context(), "a/file"), openS3(t, server, nil, nil).Sweep(t.Context(), "a/file"))
	}))
	if _, err := d.Put(t.Context(), "a/file", r, drive.Hint{Again: s3Again(data)}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, d, "a/file"); !slices.Equal(got, data) {
		t.Error("the copy is not what was put")
	}
}

func TestS3CheckSweepsItsOldProbes(t *testing.T) {
	server := servers.S3(t)
	d := openS3(t, server, nil, nil)
	old := time.Now().Add(-2 * time.Hour)
	own, others := ".backupman-probe-here-"+models.NewID(), []string{".backupman-probe-there-" + models.NewID(), ".backupman-probe-here-x", "here"}
	for _, name := range append(others, own) {
		server.WriteAged(t, "backups/all/"+name, old)
	}
	if _, err := d.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := server.Names(t)
	if slices.Contains(names, "backups/all/"+own) || len(names) != len(others) {
		t.Errorf("the bucket holds %q", names)
	}
}
