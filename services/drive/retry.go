package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Retrying repeats what a drive could not do for a fault that passes, as the policy
// says. A Put is repeated from the start of its content, when Hint.Again gives that
// once more or nothing of it was read yet; never when the content itself broke. A
// drive that carries on by itself has used up its own attempts by then.
func Retrying(d Drive, p Policy) Drive { return &retrying{Drive: d, policy: p} }

type retrying struct {
	Drive
	policy Policy
}

// Unwrap returns the drive whose faults are tried again.
func (d *retrying) Unwrap() Drive { return d.Drive }

// do repeats try as the policy says, unless the context has ended.
func (d *retrying) do(ctx context.Context, try func(ctx context.Context) error) error {
	var final *finalError
	err := d.policy.Do(ctx, func(ctx context.Context) error {
		err := try(ctx)
		if err != nil && ctx.Err() != nil && !errors.As(err, &final) {
			return &finalError{err}
		}
		return err
	})
	if errors.As(err, &final) {
		return final.cause
	}
	return err
}

// finalError is an error after which nothing is tried again, whatever it wraps.
type finalError struct{ cause error }

func (e *finalError) Error() string { return e.cause.Error() }

func (d *retrying) Put(ctx context.Context, key string, r io.Reader, hint Hint) (stored Stored, err error) {
	var trace contentTrace
	r, hint = trace.follow(ctx, r, hint)
	err = d.do(ctx, func(ctx context.Context) error {
		content, failed := d.content(ctx, r, hint, &trace)
		if failed != nil {
			return &finalError{errors.Join(failed, err)}
		}
		defer content.Close()
		stored, err = d.Drive.Put(ctx, key, content, hint)
		if err == nil {
			return nil
		}
		if own := trace.broken(); own != nil {
			return &finalError{own}
		}
		if trace.wasTouched() && hint.Again == nil {
			return &finalError{err}
		}
		return err
	})
	if err != nil {
		return Stored{}, err
	}
	return stored, nil
}

// content returns what an attempt to put reads: what the caller gave while nothing
// was read of it, and the same once more after that.
func (d *retrying) content(ctx context.Context, r io.Reader, hint Hint, trace *contentTrace) (io.ReadCloser, error) {
	if !trace.wasTouched() || hint.Again == nil {
		return io.NopCloser(r), nil
	}
	again, err := hint.Again(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("read the content once more: %w", err)
	}
	return again, nil
}

func (d *retrying) Stat(ctx context.Context, key string) (stored Stored, err error) {
	err = d.do(ctx, func(ctx context.Context) error {
		stored, err = d.Drive.Stat(ctx, key)
		return err
	})
	return stored, err
}

func (d *retrying) Delete(ctx context.Context, key string) error {
	return d.do(ctx, func(ctx context.Context) error { return d.Drive.Delete(ctx, key) })
}

// Check tries only twice: whoever asks wants to know how the drive is now.
func (d *retrying) Check(ctx context.Context) (report Report, err error) {
	impatient := retrying{Drive: d.Drive, policy: d.policy}
	impatient.policy.Attempts = min(2, d.policy.Attempts)
	err = impatient.do(ctx, func(ctx context.Context) error {
		report, err = d.Drive.Check(ctx)
		return err
	})
	return report, err
}

func (d *retrying) Sweep(ctx context.Context, key string) error {
	return d.do(ctx, func(ctx context.Context) error { return d.Drive.Sweep(ctx, key) })
}

// List goes on after the last key that was told, and never repeats for an error of fn.
func (d *retrying) List(ctx context.Context, prefix string, fn func(Stored) error) error {
	last := ""
	var own error
	return d.do(ctx, func(ctx context.Context) error {
		err := d.Drive.List(ctx, prefix, func(s Stored) error {
			if s.Key <= last {
				return nil
			}
			last, own = s.Key, fn(s)
			return own
		})
		if err != nil && own != nil {
			return &finalError{own}
		}
		return err
	})
}
