package drive

import (
	"context"

	gdrive "google.golang.org/api/drive/v3"
)

// SmallParts makes the drive send content in parts of so many bytes.
func (d *GoogleDrive) SmallParts(bytes int64) { d.chunk, d.enough = bytes, bytes }

// GoogleAccess returns an access token for the drive at a place.
func GoogleAccess(ctx context.Context, p Place) (string, error) {
	account, err := newGoogleAccount(p)
	if err != nil {
		return "", err
	}
	return account.access(ctx)
}

// GoogleOlder reports whether a folder was made before another.
func GoogleOlder(f, other *gdrive.File) bool { return googleOlder(f, other) }
