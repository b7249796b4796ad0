package drivetest

import (
	"context"
	"errors"
	"io"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// Faulty is a drive that fails as the plan says, and is as d in everything else. It
// stands where the provider would: decorators go around it.
func Faulty(d drive.Drive, plan *Plan) drive.Drive { return &faulty{Drive: d, plan: plan} }

type faulty struct {
	drive.Drive
	plan *Plan
}

// Unwrap returns the drive without the faults.
func (d *faulty) Unwrap() drive.Drive { return d.Drive }

func (d *faulty) Put(ctx context.Context, key string, r io.Reader, hint drive.Hint) (drive.Stored, error) {
	if err := d.plan.fail(ctx, BeforePut); err != nil {
		return drive.Stored{}, err
	}
	p := &faultyPut{plan: d.plan, ctx: ctx}
	stored, err := d.Drive.Put(ctx, key, p.reader(ctx, r, 0), p.hint(hint))
	if injected := p.fault(); err != nil && injected != nil {
		return drive.Stored{}, injected
	}
	if err != nil {
		return drive.Stored{}, err
	}
	if err := d.plan.fail(ctx, AfterPublish); err != nil {
		return drive.Stored{}, err
	}
	return stored, nil
}

func (d *faulty) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := d.plan.fail(ctx, OnOpen); err != nil {
		return nil, err
	}
	r, err := d.Drive.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return &faultyCopy{ReadCloser: r, ctx: ctx, plan: d.plan}, nil
}

func (d *faulty) Stat(ctx context.Context, key string) (drive.Stored, error) {
	if err := d.plan.fail(ctx, OnStat); err != nil {
		return drive.Stored{}, err
	}
	return d.Drive.Stat(ctx, key)
}

func (d *faulty) Delete(ctx context.Context, key string) error {
	if err := d.plan.fail(ctx, OnDelete); err != nil {
		return err
	}
	return d.Drive.Delete(ctx, key)
}

// List fails after the first copy was told, where there is one.
func (d *faulty) List(ctx context.Context, prefix string, fn func(drive.Stored) error) error {
	var injected error
	err := d.Drive.List(ctx, prefix, func(s drive.Stored) error {
		if err := fn(s); err != nil {
			return err
		}
		injected = d.plan.fail(ctx, OnList)
		return injected
	})
	if injected != nil {
		return injected
	}
	return err
}

func (d *faulty) Check(ctx context.Context) (drive.Report, error) {
	if err := d.plan.fail(ctx, OnCheck); err != nil {
		return drive.Report{}, err
	}
	return d.Drive.Check(ctx)
}

func (d *faulty) Sweep(ctx context.Context, key string) error {
	if err := d.plan.fail(ctx, OnSweep); err != nil {
		return err
	}
	return d.Drive.Sweep(ctx, key)
}

// faultyCopy fails while a copy is read.
type faultyCopy struct {
	io.ReadCloser
	ctx  context.Context
	plan *Plan
	read int64
}

func (c *faultyCopy) Read(p []byte) (int, error) {
	most, fault := c.plan.due(DuringOpen, c.read, len(p))
	if fault != nil && fault.Kind == Truncate {
		return 0, io.EOF
	}
	if fault != nil {
		return 0, fault.happen(c.ctx)
	}
	n, err := c.ReadCloser.Read(p[:most])
	c.read += int64(n)
	return n, err
}

// errInjected marks what a plan made, in errors that say nothing else.
var errInjected = errors.New("a fault that the test asked for")

func (f *Fault) happen(ctx context.Context) error {
	switch f.Kind {
	case Passing:
		return &drive.PassingError{Cause: errInjected, After: f.RetryAfter}
	case NoSpace:
		return models.NoSpacef("%v: no space is left", errInjected)
	case Unauthorized:
		return &models.Fault{Kind: models.ErrUnauthorized, Sentence: errInjected.Error() + ": the credentials are refused"}
	case Stall:
		<-ctx.Done()
		return ctx.Err()
	case Truncate:
		return io.ErrUnexpectedEOF
	default:
		return models.Conflictf("%v: the drive refuses", errInjected)
	}
}
