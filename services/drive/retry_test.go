package drive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

var errBusy = &drive.PassingError{Cause: errors.New("busy")}

func TestPutIsTriedAgain(t *testing.T) {
	died := errors.New("the dump died")
	again := func(context.Context, int64) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("content")), nil
	}
	reads := func(err error) func(io.Reader) error {
		return func(r io.Reader) error {
			data, readErr := io.ReadAll(r)
			if readErr == nil && string(data) != "content" {
				t.Errorf("a try read %q", data)
			}
			return errors.Join(readErr, err)
		}
	}
	refuses := func(io.Reader) error { return errBusy }
	for name, c := range map[string]struct {
		tries   []func(io.Reader) error
		content io.Reader
		again   func(context.Context, int64) (io.ReadCloser, error)
		want    error
		used    int
	}{
		"after a passing fault":               {tries: []func(io.Reader) error{reads(errBusy), reads(nil)}, again: again, used: 2},
		"not more often than allowed":         {tries: []func(io.Reader) error{reads(errBusy), reads(errBusy), reads(errBusy), reads(nil)}, again: again, want: errBusy, used: 3},
		"not after a final fault":             {tries: []func(io.Reader) error{reads(models.ErrNoSpace), reads(nil)}, again: again, want: models.ErrNoSpace, used: 1},
		"not without its content":             {tries: []func(io.Reader) error{reads(errBusy), reads(nil)}, want: errBusy, used: 1},
		"without, when nothing was read":      {tries: []func(io.Reader) error{refuses, refuses, reads(nil)}, used: 3},
		"not when the content broke":          {tries: []func(io.Reader) error{reads(errBusy), reads(nil)}, content: iotest.ErrReader(died), again: again, want: died, used: 1},
		"not when the content broke by EOF":   {tries: []func(io.Reader) error{func(r io.Reader) error { _, _ = io.ReadAll(r); return errBusy }, reads(nil)}, content: iotest.ErrReader(io.ErrUnexpectedEOF), again: again, want: io.ErrUnexpectedEOF, used: 1},
		"not when the content cannot be read": {tries: []func(io.Reader) error{reads(errBusy), reads(nil)}, again: func(context.Context, int64) (io.ReadCloser, error) { return nil, died }, want: died, used: 1},
	} {
		t.Run(name, func(t *testing.T) {
			used := 0
			d := drive.Retrying(&fakeDrive{put: func(_ context.Context, r io.Reader, _ drive.Hint) error {
				used++
				return c.tries[used-1](r)
			}}, quick)
			if c.content == nil {
				c.content = strings.NewReader("content")
			}
			_, err := d.Put(t.Context(), "job/file", c.content, drive.Hint{Again: c.again})
			if !errors.Is(err, c.want) || used != c.used {
				t.Errorf("%d tries ended in %v, want %d and %v", used, err, c.used, c.want)
			}
		})
	}
}

func TestNothingIsTriedAgainOnceTheContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	used := 0
	d := drive.Retrying(&fakeDrive{stat: func(context.Context) (drive.Stored, error) {
		used++
		cancel()
		return drive.Stored{}, errBusy
	}}, quick)
	if _, err := d.Stat(ctx, "job/file"); !errors.Is(err, errBusy.Cause) || used != 1 {
		t.Errorf("%d tries ended in %v", used, err)
	}
}

func TestAZeroPolicyTriesOnce(t *testing.T) {
	used := 0
	d := drive.Retrying(&fakeDrive{stat: func(context.Context) (drive.Stored, error) { used++; return drive.Stored{}, errBusy }}, drive.Policy{})
	if _, err := d.Stat(t.Context(), "job/file"); !drive.Passing(err) || used != 1 {
		t.Errorf("%d tries ended in %v", used, err)
	}
}

func TestListGoesOnWhereItBroke(t *testing.T) {
	all, tries := []string{"a", "b", "c", "d"}, 0
	fake := &fakeDrive{list: func(_ context.Context, fn func(drive.Stored) error) error {
		tries++
		for i, key := range all {
			if i == tries {
				return errBusy
			}
			if err := fn(drive.Stored{Key: key}); err != nil {
				return err
			}
		}
		return nil
	}}
	var got []string
	err := drive.Retrying(fake, drive.Policy{Attempts: 9}).List(t.Context(), "", func(s drive.Stored) error { got = append(got, s.Key); return nil })
	if err != nil || !slices.Equal(got, all) || tries != 4 {
		t.Errorf("%d tries gave %q, %v", tries, got, err)
	}
	tries = 0
	if err := drive.Retrying(fake, quick).List(t.Context(), "", func(drive.Stored) error { return errBusy }); !errors.Is(err, errBusy.Cause) || tries != 1 {
		t.Errorf("the callback's own error: %d tries, %v", tries, err)
	}
}

// breaking gives a part of a copy and then a fault.
func breaking(data []byte, upTo int, fault error) io.ReadCloser {
	return io.NopCloser(io.MultiReader(bytes.NewReader(data[:upTo]), iotest.ErrReader(fault)))
}

func TestReadingGoesOnWhereItBroke(t *testing.T) {
	data := content(100_000)
	whole := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	broken := func(upTo int, fault error) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return breaking(data, upTo, fault), nil }
	}
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		opens []func() (io.ReadCloser, error)
		want  error
		read  int
	}{
		"a lost connection":     {opens: []func() (io.ReadCloser, error){broken(5000, errBusy), broken(60_000, io.ErrUnexpectedEOF), whole}, read: 100_000},
		"an early end":          {opens: []func() (io.ReadCloser, error){broken(5000, io.EOF), whole}, read: 100_000},
		"too often":             {opens: []func() (io.ReadCloser, error){broken(5000, errBusy), broken(6000, errBusy), broken(7000, errBusy), whole}, want: errBusy, read: 7000},
		"a final fault":         {opens: []func() (io.ReadCloser, error){broken(5000, refused), whole}, want: refused, read: 5000},
		"it became longer":      {opens: []func() (io.ReadCloser, error){func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content(100_001))), nil }}, want: models.ErrConflict},
		"it became shorter":     {opens: []func() (io.ReadCloser, error){broken(5000, errBusy), broken(1000, io.EOF), broken(1000, io.EOF), broken(1000, io.EOF)}, want: io.ErrUnexpectedEOF, read: 5000},
		"it cannot be reopened": {opens: []func() (io.ReadCloser, error){broken(5000, errBusy), func() (io.ReadCloser, error) { return nil, models.ErrNotFound }}, want: models.ErrNotFound, read: 5000},
	} {
		t.Run(name, func(t *testing.T) {
			opens := 0
			d := drive.Retrying(&fakeDrive{
				stat: func(context.Context) (drive.Stored, error) { return drive.Stored{Size: int64(len(data))}, nil },
				open: func(context.Context) (io.ReadCloser, error) { opens++; return c.opens[opens-1]() },
			}, quick)
			got, err := readAll(t.Context(), d)
			if !errors.Is(err, c.want) || c.read > 0 && !bytes.Equal(got, data[:c.read]) {
				t.Errorf("after %d bytes: %v", len(got), err)
			}
			if opens != len(c.opens) && c.want == nil {
				t.Errorf("opened %d times", opens)
			}
		})
	}
}
