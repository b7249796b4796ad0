package backup

import (
	"context"
	"errors"
	"io"

	"github.com/backupman/backupman/models"
)

// Open reads a finished copy. With an empty driveFileID it takes the first copy
// that can be opened. It returns models.ErrNotFound when there is none.
func (s *Service) Open(ctx context.Context, backupID, driveFileID string) (io.ReadCloser, models.DriveFile, error) {
	b, err := s.store.Backup(ctx, backupID)
	if err != nil {
		return nil, models.DriveFile{}, err
	}
	var failures []error
	for _, f := range b.DriveFiles {
		if driveFileID != "" && f.ID != driveFileID {
			continue
		}
		if f.Status != models.StatusFinished {
			failures = append(failures, models.NotFoundf("this copy of backup %s is %s: there is nothing to download", backupID, f.Status))
			continue
		}
		r, err := s.openCopy(ctx, f)
		if err == nil {
			return r, f, nil
		}
		failures = append(failures, err)
	}
	if len(failures) > 0 {
		return nil, models.DriveFile{}, errors.Join(failures...)
	}
	return nil, models.DriveFile{}, models.NotFoundf("backup %s has no such copy", backupID)
}

func (s *Service) openCopy(ctx context.Context, f models.DriveFile) (io.ReadCloser, error) {
	d, _, err := s.catalog.OpenDrive(ctx, f.DriveID)
	if err != nil {
		return nil, err
	}
	return d.Open(ctx, f.Key)
}
