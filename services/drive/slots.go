package drive

import (
	"context"
	"io"
)

// smallPut is the size in bytes up to which a Put is not made to wait for a slot:
// a manifest shall not wait for the copies of other backups.
const smallPut = 1 << 20

// Slotted lets at most n Puts be at work on a drive at one time; others wait, as
// long as their context lasts. Puts that are known to be small do not. 0 is no bound.
func Slotted(d Drive, n int) Drive {
	if n <= 0 {
		return d
	}
	return &slotted{Drive: d, slots: make(chan struct{}, n)}
}

type slotted struct {
	Drive
	slots chan struct{}
}

// Unwrap returns the drive behind the slots.
func (d *slotted) Unwrap() Drive { return d.Drive }

func (d *slotted) Put(ctx context.Context, key string, r io.Reader, hint Hint) (Stored, error) {
	if hint.ExpectedSize > 0 && hint.ExpectedSize <= smallPut {
		return d.Drive.Put(ctx, key, r, hint)
	}
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		return Stored{}, ctx.Err()
	}
	defer func() { <-d.slots }()
	return d.Drive.Put(ctx, key, r, hint)
}
