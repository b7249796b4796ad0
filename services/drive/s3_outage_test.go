package drive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// A service that goes away for good in the middle can't be cleared up after. That must
// not make the fault one that nobody tries again, or heals.
func TestS3OutageStaysAPassingFault(t *testing.T) {
	server := servers.S3(t)
	for _, on := range []string{"begin", "part", "complete"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			var gone atomic.Bool
			d := s3Meddling(t, server, nil, func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
				if s3Request(r) == on {
					gone.Store(true)
				}
				if gone.Load() {
					return nil, syscall.ECONNRESET
				}
				return nil, nil
			})
			data := content(s3Part + 10)
			_, err := d.Put(t.Context(), "a/"+on, bytes.NewReader(data), drive.Hint{Again: s3Again(data)})
			if !drive.Passing(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What people see of a service that is not there, names it and holds no address of a
// request.
func TestS3FaultsAreSentences(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "<html><body>Service Unavailable</body></html>")
	}))
	defer page.Close()
	for name, endpoint := range map[string]string{"refuses the connection": gone.URL, "answered 503": page.URL} {
		t.Run(name, func(t *testing.T) {
			d, err := drive.OpenS3(drive.Place{Label: "offsite", Settings: models.Settings{
				"bucket": "shop", "region": "x", "endpoint": endpoint, "access_key": "k", "secret_key": "s"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, stat := d.Stat(t.Context(), "a/b")
			_, open := d.Open(t.Context(), "a/b")
			list := d.List(t.Context(), "", func(drive.Stored) error { return nil })
			for doing, err := range map[string]error{"stat": stat, "open": open, "list": list, "delete": d.Delete(t.Context(), "a/b"), "sweep": d.Sweep(t.Context(), "a/b")} {
				var fault *models.Fault
				if !errors.As(err, &fault) || !drive.Passing(err) || !strings.Contains(err.Error(), name) || strings.ContainsAny(err.Error(), "<") ||
					strings.Contains(err.Error(), "://") || strings.Contains(err.Error(), "dial") {
					t.Errorf("%s: %v", doing, err)
				}
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		d := openS3(t, servers.S3(t), nil, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Stat(ctx, "a/b"); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "://") {
			t.Errorf("got %v", err)
		}
	})
}

// A connection that dies in silence costs one part, not the upload.
func TestS3SendsAPartAgainThatStalls(t *testing.T) {
	server := servers.S3(t)
	for name, half := range map[string]bool{"in the middle": true, "before the answer": false} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			sent := map[string]int{}
			p := drive.Place{Label: "offsite", Settings: s3Settings(server, nil), Policy: drive.Policy{Attempts: 3, Stall: 500 * time.Millisecond}}
			d, err := drive.OpenS3(p, func(inner *http.Transport) http.RoundTripper {
				return s3Tripper(func(r *http.Request) (*http.Response, error) {
					if s3Request(r) != "part" {
						return inner.RoundTrip(r)
					}
					mu.Lock()
					number := r.URL.Query().Get("partNumber")
					sent[number]++
					first := sent[number] == 1
					mu.Unlock()
					if number != "2" || !first {
						return inner.RoundTrip(r)
					}
					defer r.Body.Close()
					size := r.ContentLength
					if half {
						size /= 2
					}
					_, _ = io.CopyN(io.Discard, r.Body, size)
					<-r.Context().Done()
					return nil, r.Context().Err()
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			data := content(3 * s3Part)
			if _, err := d.Put(t.Context(), "a/file", bytes.NewReader(data), drive.Hint{Again: s3Again(data)}); err != nil {
				t.Fatal(err)
			}
			if sent["1"] != 1 || sent["2"] != 2 || sent["3"] != 1 {
				t.Errorf("parts were sent %v times", sent)
			}
			if !slices.Equal(get(t, d, "a/file"), data) {
				t.Error("the copy came back changed")
			}
		})
	}
}

// An object that stands is not called failed because nobody could look at once.
func TestS3LooksMoreThanOnceWhatBecameOfAPut(t *testing.T) {
	server := servers.S3(t)
	var heads atomic.Int64
	d := s3Meddling(t, server, nil, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
		switch s3Request(r) {
		case "put":
			return s3Faults["done, reset"](inner, r)
		case "head":
			if heads.Add(1) <= int64(s3Policy.Attempts)+1 {
				return nil, syscall.ECONNRESET
			}
		}
		return nil, nil
	})
	if _, err := d.Put(t.Context(), "a/file", strings.NewReader("whole"), drive.Hint{}); err != nil {
		t.Error(err)
	}
	if got := string(get(t, d, "a/file")); got != "whole" {
		t.Errorf("got %q", got)
	}
}

// What was sent twice and came out wrong is two versions, and both go.
func TestS3UndoesEveryVersionItMade(t *testing.T) {
	server := servers.S3Versioning(t)
	put(t, openS3(t, server, nil, nil), "a/file", []byte("earlier"))
	var puts, heads atomic.Int64
	d := s3Meddling(t, server, nil, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
		switch s3Request(r) {
		case "put":
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("sho")), 3
			r.Header.Del("Content-Length")
			if puts.Add(1) == 1 {
				return s3Faults["done, reset"](inner, r)
			}
		case "head":
			if heads.Add(1) == 1 {
				return nil, syscall.ECONNRESET
			}
		}
		return nil, nil
	})
	if _, err := d.Put(t.Context(), "a/file", strings.NewReader("whole"), drive.Hint{}); err == nil || puts.Load() != 2 {
		t.Errorf("sent %d times: %v", puts.Load(), err)
	}
	if got := string(get(t, d, "a/file")); got != "earlier" {
		t.Errorf("got %q, not the earlier copy", got)
	}
	if names := server.Names(t); len(names) != 1 {
		t.Errorf("the bucket holds %q", names)
	}
}

// s3HidesLocks is a service that shows locks only to who asks for them.
func s3HidesLocks(t *testing.T, s servers.S3Server, asked func(r *http.Request) *http.Response) *drive.S3 {
	t.Helper()
	return s3Meddling(t, s, models.Settings{"object_lock_days": "1"}, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet && r.URL.Query().Has("retention") {
			return asked(r), nil
		}
		if r.Method != http.MethodHead {
			return nil, nil
		}
		a, err := inner.RoundTrip(r)
		if err == nil {
			a.Header.Del("X-Amz-Object-Lock-Retain-Until-Date")
			a.Header.Del("X-Amz-Object-Lock-Mode")
		}
		return a, err
	})
}

func TestS3AsksForALockMoreThanOnce(t *testing.T) {
	var asked atomic.Int64
	d := s3HidesLocks(t, servers.S3Locking(t), func(r *http.Request) *http.Response {
		if asked.Add(1) == 1 {
			return s3Answered(r, 503, "")
		}
		until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		return s3Answered(r, 200, "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>"+until+"</RetainUntilDate></Retention>")
	})
	if s := put(t, d, "a/file", []byte("x")); s.LockedUntil.IsZero() || asked.Load() != 2 {
		t.Errorf("asked %d times: %+v", asked.Load(), s)
	}
}

// A key that may lock and not look at locks is found by the check, before a copy is.
func TestS3CheckFindsAKeyThatMayNotSeeLocks(t *testing.T) {
	d := s3HidesLocks(t, servers.S3Locking(t), func(r *http.Request) *http.Response { return s3Answered(r, 403, "") })
	if _, err := d.Check(t.Context()); !errors.Is(err, models.ErrUnauthorized) || !strings.Contains(err.Error(), "GetObjectRetention") {
		t.Errorf("got %v", err)
	}
}

// Content that cannot be read again is kept in memory, which must not grow with it.
func TestS3KeepsSmallPartsOnly(t *testing.T) {
	for _, settings := range []models.Settings{{}, {"max_parts": "100"}} {
		settings["bucket"] = "shop"
		d, err := drive.OpenS3(drive.Place{Label: "offsite", Settings: settings}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, expected := range []int64{0, 5 << 40} {
			if got := drive.S3LargestKept(d, expected); got > 64<<20 {
				t.Errorf("%d bytes are kept for one part of %d", got, expected)
			}
		}
	}
}

func TestS3ShowsOnlyTheCodesOfAService(t *testing.T) {
	d, err := drive.OpenS3(drive.Place{Label: "offsite", Settings: models.Settings{"bucket": "shop"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, e := range map[string]minio.ErrorResponse{
		"answered SlowDown (503):":                          {Code: "SlowDown", StatusCode: 503, Message: "the secret of the inside"},
		"refused (the service answered InvalidToken (400))": {Code: "InvalidToken", StatusCode: 400, Message: "the secret of the inside"},
		"the service answered 418:":                         {Code: "the secret of the inside", StatusCode: 418, Message: "the secret of the inside"},
		"in another region: correct":                        {Code: "PermanentRedirect", StatusCode: 301, Region: "the secret of the inside"},
		"in another region, eu-west-1:":                     {Code: "PermanentRedirect", StatusCode: 301, Region: "eu-west-1"},
		"answered 502:":                                     {Code: "502 Bad Gateway", StatusCode: 502, Message: "<html>"},
		"answered 500:":                                     {StatusCode: 500, Message: `{"error": 1}`},
		"answered X (418)":                                  {Code: "X", StatusCode: 418, Message: "X"},
	} {
		err := drive.S3Fault(d, "store a/b", e)
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
		if strings.Contains(err.Error(), "of the inside") {
			t.Errorf("%v repeats what the service said", err)
		}
	}
}
