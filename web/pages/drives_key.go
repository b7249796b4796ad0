package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/web/identity"
)

// keyTime bounds how long a server may take to show its key.
const keyTime = 20 * time.Second

// DriveKey answers GET /drives/:id/key with the key that a drive's server shows, for
// a person to compare.
func (h *Handlers) DriveKey(c *gin.Context) error {
	f, truster, err := h.truster(c)
	if err != nil {
		return err
	}
	key, err := hostKey(c.Request.Context(), truster, f.Drive)
	if err != nil {
		return err
	}
	shown := drives.HostKey{Host: key.Host, Fingerprint: key.Fingerprint, Known: key.Known}
	page := h.page("The key of "+f.Drive.Label, "/drives")
	v := drives.NewKeyView(page, f.Drive, f.Check, shown)
	v.Next = nextPage(c.Query(drives.NextField))
	return Render(c, http.StatusOK, drives.ShowKey(v))
}

// TrustDrive answers POST /drives/:id/trust: it trusts the key whose fingerprint the
// person was shown, when the server still shows that one, and checks the drive.
func (h *Handlers) TrustDrive(c *gin.Context) error {
	if err := c.Request.ParseForm(); err != nil {
		return formError(err)
	}
	compared := c.Request.PostForm.Get("fingerprint")
	if compared == "" {
		return models.Invalidf("no fingerprint was sent: compare the key on the Drives page")
	}
	f, truster, err := h.truster(c)
	if err != nil {
		return err
	}
	identity.Note(c, "drive "+f.Drive.Label, f.Drive.ID, "the key "+compared)
	key, err := hostKey(c.Request.Context(), truster, f.Drive)
	if err != nil {
		return err
	}
	if key.Fingerprint != compared {
		return models.Conflictf("the server of drive %q now shows another key, %s, than the one that was compared, %s: nothing was trusted; compare the key again, and do not go on if it keeps changing",
			f.Drive.Label, key.Fingerprint, compared)
	}
	if err := truster.Trust(key); err != nil {
		return err
	}
	h.Catalog.Reopen(f.Drive.ID)
	return h.checkAndShow(c, f.Drive.ID, nextPage(c.Request.PostForm.Get(drives.NextField)), "")
}

// truster returns the drive of the path, which must be one whose server has a key.
func (h *Handlers) truster(c *gin.Context) (drives.Facts, drive.Truster, error) {
	id, err := pathID(c)
	if err != nil {
		return drives.Facts{}, nil, err
	}
	f, err := h.driveFact(c.Request.Context(), id)
	if err != nil {
		return f, nil, err
	}
	opened, _, err := h.Catalog.OpenDrive(c.Request.Context(), id)
	if err != nil {
		return f, nil, err
	}
	truster, ok := drive.As[drive.Truster](opened)
	if !ok {
		return f, nil, models.Invalidf("the drive %q has no server whose key could be trusted", f.Drive.Label)
	}
	return f, truster, nil
}

// hostKey asks a server for its key. A server that cannot be reached is for a person
// to know about, and no fault inside this program.
func hostKey(ctx context.Context, from drive.Truster, d models.Drive) (drive.HostKey, error) {
	ctx, cancel := context.WithTimeout(ctx, keyTime)
	defer cancel()
	key, err := from.HostKey(ctx)
	var fault *models.Fault
	switch {
	case err == nil || errors.As(err, &fault):
		return key, err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return key, models.Conflictf("the server of drive %q did not show its key within %s: see whether it can be reached from this machine", d.Label, keyTime)
	case drive.Passing(err):
		return key, &models.Fault{Kind: models.ErrConflict, Sentence: err.Error()}
	}
	return key, fmt.Errorf("ask drive %q for its key: %w", d.Label, err)
}

// formError keeps the error of a form that is too large, and calls any other a bad request.
func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return models.Invalidf("the form that was sent cannot be read")
}
