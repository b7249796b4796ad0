package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/origin"
	"github.com/backupman/backupman/web/stream"
)

// linkPatience is how long a drive may take to make a link before one of ours is given:
// a silent provider must not hold up whoever only wants an address.
const linkPatience = 10 * time.Second

// DownloadURL answers GET /api/backups/:id/generate-download-url with a link
// that downloads this file for a few minutes and needs no key.
func (h *Handlers) DownloadURL(c *gin.Context) error {
	id, file, err := copyIDs(c)
	if err != nil {
		return err
	}
	b, err := h.Store.Backup(c.Request.Context(), id)
	if err != nil {
		return err
	}
	stored, err := downloadable(b, file)
	if err != nil {
		return err
	}
	identity.Note(c, "copy "+stored.Label, id, "")
	link, expires := h.link(c, id, file, stored)
	// The link is data, not markup: its ampersands stay as they are.
	c.PureJSON(http.StatusOK, DownloadURL{URL: link, ExpiresAt: whole(expires)})
	return nil
}

// link is one to the provider itself where the copy's drive can make it, so that
// the file does not pass through here, and one of ours otherwise.
func (h *Handlers) link(c *gin.Context, id, file string, stored models.DriveFile) (string, time.Time) {
	if link, ok := h.providerLink(c.Request.Context(), stored); ok {
		return link, h.Now().Add(linkLife)
	}
	query, expires := h.Links.Sign(id, file)
	return origin.Of(c.Request, h.AppURL, h.Proxies) + "/api/backups/" + id + "/download?" + query.Encode(), expires
}

// providerLink reports false where there is none. Why does not matter: a link of
// ours leads to the same copy, and tells what is wrong with its drive.
func (h *Handlers) providerLink(ctx context.Context, stored models.DriveFile) (string, bool) {
	d, _, err := h.Catalog.OpenDrive(ctx, stored.DriveID)
	if err != nil {
		return "", false
	}
	linker, ok := drive.As[drive.Linker](d)
	if !ok {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, linkPatience)
	defer cancel()
	link, err := linker.Link(ctx, stored.Key, stored.Label, int(linkLife/time.Second))
	return link, err == nil
}

// Download answers GET /api/backups/:id/download to whoever may download, or shows a
// signed link. It is written down before its first byte is sent.
func (h *Handlers) Download(c *gin.Context) error {
	id, file, err := copyIDs(c)
	if err != nil {
		return err
	}
	if !ShowsLink(c) {
		return h.send(c, id, file)
	}
	hash, err := h.openLink(c, id)
	if err != nil {
		return err
	}
	if err := h.send(c, id, file); err != nil {
		return err
	}
	// What was sent can't be taken back, so that the answer is whole whatever becomes of this.
	return h.Used.EndLink(context.WithoutCancel(c.Request.Context()), hash, h.Now())
}

func (h *Handlers) send(c *gin.Context, id, file string) error {
	content, stored, err := h.Backups.Open(c.Request.Context(), id, file)
	if err != nil {
		return err
	}
	defer content.Close()
	identity.Note(c, "copy "+stored.Label, id, "")
	if err := identity.Record(c); err != nil {
		return err
	}
	return stream.File(c, content, stored)
}

// copyIDs returns the backup of the path and the copy of the query, if any.
func copyIDs(c *gin.Context) (string, string, error) {
	id, err := pathID(c)
	if err != nil {
		return "", "", err
	}
	file := c.Query(fileParameter)
	if file != "" {
		err = models.CheckID(file)
	}
	return id, file, err
}

// downloadable returns the copy, or the first finished one when none is named. The
// error says that it is not finished, or that there is none.
func downloadable(b models.Backup, driveFileID string) (models.DriveFile, error) {
	var none models.DriveFile
	for _, f := range b.DriveFiles {
		if driveFileID != "" && f.ID != driveFileID {
			continue
		}
		if f.Status == models.StatusFinished {
			return f, nil
		}
		if driveFileID != "" {
			return none, models.Conflictf("the copy %s is %s: only a finished copy can be downloaded", driveFileID, f.Status)
		}
	}
	if driveFileID != "" {
		return none, noSuchCopy(b, driveFileID)
	}
	return none, models.Conflictf("the backup %s has no finished copy to download", b.ID)
}

func noSuchCopy(b models.Backup, driveFileID string) error {
	return models.NotFoundf("the backup %s has no copy with the id %s", b.ID, driveFileID)
}
