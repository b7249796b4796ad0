package drive

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/backupman/backupman/models"
)

// makeFolders makes the folder at u and those above it, as far as they are missing.
func (d *WebDAV) makeFolders(ctx context.Context, u *url.URL) error {
	found, err := d.look(ctx, "find its folder", u)
	switch {
	case err == nil && !found.folder:
		return models.Conflictf("drive %q: %s is a file and not a folder: remove it, or correct the setting url", d.place.Label, u)
	case !errors.Is(err, models.ErrNotFound):
		return err
	}
	status, err := d.makeFolder(ctx, u)
	if above := u.JoinPath("../"); (status == http.StatusConflict || status == http.StatusNotFound) && above.Path != u.Path {
		if err := d.makeFolders(ctx, above); err != nil {
			return err
		}
		status, err = d.makeFolder(ctx, u)
	}
	if status == http.StatusMethodNotAllowed {
		return nil // others have just made it
	}
	return err
}

func (d *WebDAV) makeFolder(ctx context.Context, u *url.URL) (status int, err error) {
	return d.ask(ctx, "make a folder", webdavRequest{method: "MKCOL", at: u})
}
