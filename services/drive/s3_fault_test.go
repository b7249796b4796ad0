package drive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// s3Meddler answers some requests itself, or spoils them.
type s3Meddler struct {
	inner http.RoundTripper
	// meddle returns nil to let a request pass as it is.
	meddle func(r *http.Request) (*http.Response, error)
}

func (m *s3Meddler) RoundTrip(r *http.Request) (*http.Response, error) {
	if answer, err := m.meddle(r); answer != nil || err != nil {
		return answer, err
	}
	return m.inner.RoundTrip(r)
}

// s3Meddling opens a drive whose requests go through meddle, which is given the
// transport.
func s3Meddling(t *testing.T, s servers.S3Server, more models.Settings, meddle func(inner http.RoundTripper, r *http.Request) (*http.Response, error)) *drive.S3 {
	t.Helper()
	return openS3(t, s, more, func(inner *http.Transport) http.RoundTripper {
		return &s3Meddler{inner: inner, meddle: func(r *http.Request) (*http.Response, error) { return meddle(inner, r) }}
	})
}

// s3Request names a request by what it is for.
func s3Request(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		return "begin"
	case r.Method == http.MethodPost && q.Has("uploadId"):
		return "complete"
	case r.Method == http.MethodPut && q.Has("uploadId"):
		return "part"
	case r.Method == http.MethodPut:
		return "put"
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		return "abort"
	}
	return strings.ToLower(r.Method)
}

func s3Answered(r *http.Request, status int, body string, headers ...string) *http.Response {
	a := &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/xml"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
	for i := 0; i < len(headers); i += 2 {
		a.Header.Set(headers[i], headers[i+1])
	}
	return a
}

const s3ErrorBody = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Error><Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message></Error>`

// s3Faults spoil a request. In those that begin with "done" the service has carried
// it out.
var s3Faults = map[string]func(inner http.RoundTripper, r *http.Request) (*http.Response, error){
	"503":         func(_ http.RoundTripper, r *http.Request) (*http.Response, error) { return s3Answered(r, 503, ""), nil },
	"429":         func(_ http.RoundTripper, r *http.Request) (*http.Response, error) { return s3Answered(r, 429, ""), nil },
	"reset":       func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET },
	"half, reset": s3HalfThenReset,
	"success error": func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		return s3Answered(r, 200, s3ErrorBody), nil
	},
	"success, then nothing": func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		return s3Answered(r, 200, ""), nil
	},
	"done, reset": func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
		a, err := inner.RoundTrip(r)
		if err == nil {
			_ = a.Body.Close()
		}
		return nil, errors.Join(err, syscall.ECONNRESET)
	},
	"done, 500": func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
		a, err := inner.RoundTrip(r)
		if err == nil {
			_ = a.Body.Close()
		}
		return s3Answered(r, 500, s3ErrorBody), err
	},
}

// s3HalfThenReset sends half of what a request has to send, and breaks.
func s3HalfThenReset(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
	if r.ContentLength > 0 {
		r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, r.ContentLength/2), atEOF(func() error { return syscall.ECONNRESET })))
		return inner.RoundTrip(r)
	}
	return nil, syscall.ECONNRESET
}

// Every request of an upload meets every fault once, and the upload carries on.
func TestS3CarriesOnAfterAFault(t *testing.T) {
	server := servers.S3(t)
	data := content(2*s3Part + 999)
	for name, fault := range s3Faults {
		for _, on := range []string{"begin", "part", "complete", "put", "head"} {
			for _, kept := range []bool{true, false} {
				t.Run(name+"/"+on, func(t *testing.T) {
					var met atomic.Bool
					d := s3Meddling(t, server, models.Settings{"checksums": "on"}, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
						if s3Request(r) == on && met.CompareAndSwap(false, true) {
							return fault(inner, r)
						}
						return nil, nil
					})
					whole, hint := data, drive.Hint{}
					if on == "put" {
						whole = data[:1000]
					}
					if !kept {
						hint.Again = s3Again(whole)
					}
					_, err := d.Put(t.Context(), "a/file", bytes.NewReader(whole), hint)
					if !met.Load() {
						t.Fatal("no such request was sent")
					}
					if err != nil {
						if on != "head" {
							t.Fatal(err)
						}
						if names := server.Names(t); len(names) != 0 {
							t.Errorf("failed (%v) and left %q", err, names)
						}
						return
					}
					if got := get(t, d, "a/file"); !bytes.Equal(got, whole) {
						t.Error("the copy came back changed")
					}
					if names := server.Names(t); len(names) != 1 {
						t.Errorf("the bucket holds %q", names)
					}
					if err := d.Delete(t.Context(), "a/file"); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// A fault that does not pass ends the upload, and nothing of it is left.
func TestS3LeavesNothingWhenAFaultStays(t *testing.T) {
	server := servers.S3(t)
	data := content(3 * s3Part)
	for name, fault := range s3Faults {
		if name == "done, reset" || name == "done, 500" {
			continue // those are carried out
		}
		for _, on := range []string{"begin", "part", "complete", "put"} {
			t.Run(name+"/"+on, func(t *testing.T) {
				d := s3Meddling(t, server, nil, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
					if s3Request(r) == on {
						return fault(inner, r)
					}
					return nil, nil
				})
				whole := data
				if on == "put" {
					whole = data[:1000]
				}
				_, err := d.Put(t.Context(), "a/file", bytes.NewReader(whole), drive.Hint{Again: s3Again(whole)})
				if err == nil || !drive.Passing(err) {
					t.Errorf("got %v", err)
				}
				if names := server.Names(t); len(names) != 0 {
					t.Errorf("left behind: %q", names)
				}
			})
		}
	}
}

func TestS3TakesAnUploadForDoneWhenOnlyTheAnswersAreLost(t *testing.T) {
	server := servers.S3(t)
	data := content(2 * s3Part)
	for _, on := range []string{"complete", "put"} {
		d := s3Meddling(t, server, nil, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
			if s3Request(r) == on {
				return s3Faults["done, reset"](inner, r)
			}
			return nil, nil
		})
		whole := data[:1000]
		if on == "complete" {
			whole = data
		}
		if _, err := d.Put(t.Context(), "a/"+on, bytes.NewReader(whole), drive.Hint{}); err != nil {
			t.Errorf("%s: %v", on, err)
		}
		if got := get(t, d, "a/"+on); !bytes.Equal(got, whole) {
			t.Errorf("%s: the copy came back changed", on)
		}
	}
}

// Only the part that broke is sent again.
func TestS3SendsOnlyTheBrokenPartAgain(t *testing.T) {
	server := servers.S3(t)
	data := content(4 * s3Part)
	var mu sync.Mutex
	sent := map[string]int{}
	d := s3Meddling(t, server, nil, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
		if s3Request(r) != "part" {
			return nil, nil
		}
		mu.Lock()
		number := r.URL.Query().Get("partNumber")
		sent[number]++
		first := sent[number] == 1
		mu.Unlock()
		if number == "3" && first {
			return s3HalfThenReset(inner, r)
		}
		return nil, nil
	})
	var most, last atomic.Int64
	hint := drive.Hint{Again: s3Again(data), Progress: func(n int64) { last.Store(n); most.Store(max(most.Load(), n)) }}
	if _, err := d.Put(t.Context(), "a/file", bytes.NewReader(data), hint); err != nil {
		t.Fatal(err)
	}
	for number, times := range sent {
		if want := map[bool]int{true: 2, false: 1}[number == "3"]; times != want {
			t.Errorf("part %s was sent %d times, want %d", number, times, want)
		}
	}
	if !slices.Equal(get(t, d, "a/file"), data) {
		t.Error("the copy came back changed")
	}
	if most.Load() > int64(len(data)) {
		t.Errorf("progress told of %d bytes of %d", most.Load(), len(data))
	}
}

func TestS3NeverPublishesWhatTheServiceStoredOtherwise(t *testing.T) {
	server := servers.S3(t)
	spoils := map[string]func(r *http.Request){
		"put": func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("sho")), 3
		},
	}
	for on, spoil := range spoils {
		d := s3Meddling(t, server, nil, func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
			if s3Request(r) == on {
				r.Header.Del("Content-Length")
				spoil(r)
			}
			return nil, nil
		})
		_, err := d.Put(t.Context(), "a/file", strings.NewReader("whole"), drive.Hint{})
		if err == nil || !strings.Contains(err.Error(), "a/file") {
			t.Errorf("got %v", err)
		}
		if names := server.Names(t); len(names) != 0 {
			t.Errorf("left behind: %q", names)
		}
	}
}

func TestS3ReadThatBreaksIsAnError(t *testing.T) {
	server := servers.S3(t)
	put(t, openS3(t, server, nil, nil), "a/file", content(100_000))
	for name, end := range map[string]error{"ends early": io.EOF, "reset": syscall.ECONNRESET} {
		t.Run(name, func(t *testing.T) {
			d := s3Meddling(t, server, nil, func(inner http.RoundTripper, r *http.Request) (*http.Response, error) {
				if s3Request(r) != "get" {
					return nil, nil
				}
				a, err := inner.RoundTrip(r)
				if err == nil {
					a.Body = io.NopCloser(io.MultiReader(io.LimitReader(a.Body, 50_000), atEOF(func() error { return end })))
				}
				return a, err
			})
			r, err := d.Open(t.Context(), "a/file")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			n, err := io.Copy(io.Discard, r)
			if err == nil || !drive.Passing(err) || n != 50_000 {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
	}
}

// An error that is called a success must not look like an empty bucket.
func TestS3ListThatFailsIsNotEmpty(t *testing.T) {
	server := servers.S3(t)
	d := s3Meddling(t, server, nil, func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		return s3Answered(r, 200, s3ErrorBody), nil
	})
	none := func(drive.Stored) error { return nil }
	if err := d.List(t.Context(), "", none); err == nil || !drive.Passing(err) {
		t.Errorf("list: %v", err)
	}
	if err := d.Sweep(t.Context(), "a/file"); err == nil || !drive.Passing(err) {
		t.Errorf("sweep: %v", err)
	}
}

func TestS3WaitsAsLongAsTheServiceAsks(t *testing.T) {
	server := servers.S3(t)
	d := s3Meddling(t, server, nil, func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
		return s3Answered(r, 503, "", "Retry-After", "7"), nil
	})
	var passing *drive.PassingError
	if _, err := d.Stat(t.Context(), "a/file"); !errors.As(err, &passing) || passing.After.Seconds() != 7 {
		t.Errorf("got %v", err)
	}
}

// A service that never answers holds nobody whose context has ended.
func TestS3EndsWithItsContextWhileTheServiceIsSilent(t *testing.T) {
	server := servers.S3(t)
	for _, on := range []string{"begin", "part", "complete", "put"} {
		t.Run(on, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			d := s3Meddling(t, server, nil, func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
				if s3Request(r) != on {
					return nil, nil
				}
				cancel()
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			data := content(s3Part * 2)
			if on == "put" {
				data = data[:10]
			}
			if _, err := d.Put(ctx, "a/file", bytes.NewReader(data), drive.Hint{Again: s3Again(data)}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if names := server.Names(t); len(names) != 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

// What is opened again must be what was read first.
func TestS3RefusesContentThatChanged(t *testing.T) {
	server := servers.S3(t)
	data := content(s3Part + 10)
	other := bytes.Repeat([]byte("x"), len(data))
	for name, c := range map[string]struct {
		settings models.Settings
		hint     drive.Hint
	}{
		"shorter": {nil, drive.Hint{Again: s3Again(data[:s3Part-1])}},
		"other":   {models.Settings{"checksums": "on"}, drive.Hint{Again: s3Again(other)}},
	} {
		t.Run(name, func(t *testing.T) {
			d := openS3(t, server, c.settings, nil)
			if _, err := d.Put(t.Context(), "a/file", bytes.NewReader(data), c.hint); err == nil {
				t.Error("other content was stored")
			}
			if names := server.Names(t); len(names) != 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}
