// Package stream sends long answers and takes long requests: each for as long as
// somebody is there for it, and cut off visibly when it cannot be completed.
package stream

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
)

// stall is how long one write may take before its client is given up. A server
// whose write timeout fits pages would otherwise cut long downloads.
const stall = time.Minute

// Writer returns a writer to the answer that moves the server's write deadline
// along with every write.
func Writer(c *gin.Context) io.Writer {
	return &writer{out: c.Writer, control: http.NewResponseController(c.Writer)}
}

type writer struct {
	out     io.Writer
	control *http.ResponseController
}

func (w *writer) Write(p []byte) (int, error) {
	// Not every writer has deadlines; one without them needs no moving.
	_ = w.control.SetWriteDeadline(time.Now().Add(stall))
	return w.out.Write(p)
}

// Reader returns the request's body as a reader that moves the server's read deadline
// along with every read, so that a long request may take its time as long as it comes in.
func Reader(c *gin.Context) io.ReadCloser {
	return &reader{ReadCloser: c.Request.Body, control: http.NewResponseController(c.Writer)}
}

type reader struct {
	io.ReadCloser
	control *http.ResponseController
}

func (r *reader) Read(p []byte) (int, error) {
	// As with Writer, a connection without deadlines needs no moving.
	_ = r.control.SetReadDeadline(time.Now().Add(stall))
	return r.ReadCloser.Read(p)
}

// Patience moves the server's write deadline beyond a wait before the answer.
func Patience(c *gin.Context, wait time.Duration) {
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(wait + stall))
}

// File sends a copy as a download. An error after the first byte must end the
// connection, which the caller's error door does.
func File(c *gin.Context, content io.Reader, file models.DriveFile) error {
	h := c.Writer.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", Attachment(file.Label))
	h.Set("Accept-Ranges", "none") // a part alone could not be compared with what was stored
	if file.Size > 0 {
		h.Set("Content-Length", strconv.FormatInt(file.Size, 10))
	}
	if c.Request.Method == http.MethodHead {
		return nil
	}
	sent, err := io.Copy(Writer(c), &interruptible{ctx: c.Request.Context(), from: content})
	if err != nil {
		return fmt.Errorf("send drive file %s: %w", file.ID, err)
	}
	if file.Size > 0 && sent != file.Size {
		return fmt.Errorf("send drive file %s: the copy has %d bytes where %d were stored", file.ID, sent, file.Size)
	}
	return nil
}

// interruptible stops reading when the client has gone.
type interruptible struct {
	ctx  context.Context
	from io.Reader
}

func (r *interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}

// Attachment is the Content-Disposition (RFC 6266) of a download: a plain name
// for old clients, and the exact one in the encoding of RFC 8187.
func Attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\/%;`, r) {
			return '_'
		}
		return r
	}, name)
	exact := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + exact
}
