package api

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/stream"
)

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
	if err := downloadable(b, file); err != nil {
		return err
	}
	query, expires := h.Links.Sign(id, file)
	link := h.origin(c) + "/api/backups/" + id + "/download?" + query.Encode()
	// The link is data, not markup: its ampersands stay as they are.
	c.PureJSON(http.StatusOK, DownloadURL{URL: link, ExpiresAt: whole(expires)})
	return nil
}

// Download answers GET /api/backups/:id/download to whoever shows an API key or
// a signed link.
func (h *Handlers) Download(c *gin.Context) error {
	id, file, err := copyIDs(c)
	if err != nil {
		return err
	}
	if err := h.mayDownload(c, id); err != nil {
		return err
	}
	content, stored, err := h.Backups.Open(c.Request.Context(), id, file)
	if err != nil {
		return err
	}
	defer content.Close()
	return stream.File(c, content, stored)
}

// mayDownload checks a link wherever one is shown, even where no key is needed,
// so that a link that has ended is seen to have ended.
func (h *Handlers) mayDownload(c *gin.Context, id string) error {
	if c.Query(signatureParameter) != "" || c.Query(expiresParameter) != "" {
		return h.Links.Check(id, c.Request.URL.Query())
	}
	return h.CheckKey(c.Request)
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

// downloadable returns an error unless the copy, or any when none is named, is finished.
func downloadable(b models.Backup, driveFileID string) error {
	for _, f := range b.DriveFiles {
		if driveFileID != "" && f.ID != driveFileID {
			continue
		}
		if f.Status == models.StatusFinished {
			return nil
		}
		if driveFileID != "" {
			return models.Conflictf("the copy %s is %s: only a finished copy can be downloaded", driveFileID, f.Status)
		}
	}
	if driveFileID != "" {
		return models.NotFoundf("the backup %s has no copy with the id %s", b.ID, driveFileID)
	}
	return models.Conflictf("the backup %s has no finished copy to download", b.ID)
}

// origin is what links begin with.
func (h *Handlers) origin(c *gin.Context) string {
	if h.AppURL != "" {
		return strings.TrimRight(h.AppURL, "/")
	}
	scheme := "http"
	if c.Request.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.Request.Host
}
