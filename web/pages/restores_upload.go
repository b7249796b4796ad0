package pages

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/stream"
)

const (
	// UploadPath is where dump files are sent, which are longer than any other request.
	UploadPath = "/restores/upload"
	// maxUpload is how many bytes a dump file may have.
	maxUpload = 1 << 42
	// drainTime bounds how long the rest of a refused file is read, so that its sender
	// gets to see why.
	drainTime = 20 * time.Second
)

// UploadDump answers POST /restores/upload: it keeps a dump file as it comes in, and
// leads to the page that asks where it is restored to.
func (h *Handlers) UploadDump(c *gin.Context) error {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxUpload)
	body := stream.Reader(c)
	c.Request.Body = body
	kept, err := h.receive(c)
	if err != nil {
		drain(c.Request.Context(), body)
		return err
	}
	identity.Note(c, "dump "+kept.Name, kept.ID, "")
	return seeOther(c, "/restores/new?"+url.Values{"upload": {kept.ID}}.Encode())
}

// receive hands the file of the form on while it comes in: nothing of it is kept in
// memory, or in a file that the service does not know of.
func (h *Handlers) receive(c *gin.Context) (models.Upload, error) {
	form, err := c.Request.MultipartReader()
	if err != nil {
		return models.Upload{}, formError(err)
	}
	var unlock models.Unlock
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return models.Upload{}, models.Invalidf("no file was sent: choose one")
		case err != nil:
			return models.Upload{}, formError(err)
		case part.FormName() == "identity":
			unlock.Identity, err = secretPart(part)
		case part.FormName() == "passphrase":
			unlock.Passphrase, err = secretPart(part)
		case part.FormName() == "file" && part.FileName() == "":
			return models.Upload{}, models.Invalidf("no file was sent: choose one")
		case part.FormName() == "file":
			stream.Patience(c, time.Hour) // the check of a long file takes its time after it has come
			return h.Restores.Receive(c.Request.Context(), part.FileName(), unlock, part)
		}
		if err != nil {
			return models.Upload{}, err
		}
	}
}

// longestKey is how long a private key may be that comes with a file, in bytes.
const longestKey = 1 << 20

// secretPart reads a field of the form that comes before the file.
func secretPart(part io.Reader) (models.Secret, error) {
	text, err := io.ReadAll(io.LimitReader(part, longestKey+1))
	if err != nil {
		return models.Secret{}, formError(err)
	}
	if len(text) > longestKey {
		return models.Secret{}, models.Invalidf("the key that came with the file is longer than any key")
	}
	return models.NewSecret(strings.TrimSpace(string(text))), nil
}

// drain reads what is still coming in for a while.
func drain(ctx context.Context, body io.Reader) {
	end := time.Now().Add(drainTime)
	buffer := make([]byte, 64<<10)
	for ctx.Err() == nil && time.Now().Before(end) {
		if _, err := body.Read(buffer); err != nil {
			return
		}
	}
}
