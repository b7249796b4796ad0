package runs

import (
	"context"
	"errors"
	"time"

	"github.com/backupman/backupman/models"
)

// Insist repeats what failed, with growing pauses, until it works, is refused
// for good, or the context ends.
func Insist(ctx context.Context, do func() error) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := do()
		if err == nil || errors.Is(err, models.ErrConflict) || errors.Is(err, models.ErrNotFound) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
