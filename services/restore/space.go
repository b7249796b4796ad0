package restore

import (
	"context"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/runs"
)

// spaceStep is how often free space is looked at while something grows.
const spaceStep = time.Second

// leastFree is how much stays free on a disk whatever is restored: a gibibyte or a
// fiftieth of it, but never more than 16 gibibytes or a tenth of the disk.
func leastFree(s disk.Space) int64 {
	return min(max(1<<30, s.Total/50), 16<<30, s.Total/10)
}

// room returns models.ErrNoSpace when a folder's disk has no room for so many bytes.
func (s *Service) room(folder string, need int64) error {
	space, err := s.Space(folder)
	if err != nil {
		return err
	}
	if need += leastFree(space); space.Free < need {
		return models.NoSpacef("%s has %d MB free and this needs about %d MB: free space there, or use another disk", folder, space.Free>>20, need>>20)
	}
	return nil
}

// watchSpace ends the context it returns when a disk is about to be full, until the
// returned function is called.
func (s *Service) watchSpace(ctx context.Context, folders ...string) (context.Context, func()) {
	return runs.Every(ctx, spaceStep, func(context.Context) error {
		for _, folder := range folders {
			if err := s.room(folder, 0); err != nil {
				return err
			}
		}
		return nil
	})
}
