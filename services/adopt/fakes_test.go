package adopt_test

import (
	"context"
	"errors"
	"io"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/drive"
)

// broken opens drives that list their files and give none of them.
type broken struct{ adopt.Catalog }

func (b broken) OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error) {
	d, row, err := b.Catalog.OpenDrive(ctx, id)
	return brokenDrive{d}, row, err
}

type brokenDrive struct{ drive.Drive }

func (brokenDrive) Open(context.Context, string) (io.ReadCloser, error) {
	return nil, errors.New("input/output error")
}
