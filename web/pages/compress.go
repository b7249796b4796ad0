package pages

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/static"
)

const (
	// worthPacking is the size from which compressing an answer is worth its time.
	worthPacking = 1 << 10
	// worthPackingPart is that of a part of a page, which open pages ask for every few seconds:
	// what fits into a few packets arrives no sooner when it is smaller.
	worthPackingPart = 8 << 10
	// keptBuffer is how large a buffer may be to be kept for the next page.
	keptBuffer = 1 << 20
	// plainKey is where a request keeps that its answer is not to be compressed.
	plainKey = "pages.plain"
)

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	packers = sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails only for a level that there is not
		return w
	}}
)

func giveBack(b *bytes.Buffer) {
	if b.Cap() <= keptBuffer {
		b.Reset()
		buffers.Put(b)
	}
}

// Plain says that the answer shows a secret. It is then not compressed: the length of what
// is compressed tells something of what stands in it (BREACH).
func Plain(c *gin.Context) { c.Set(plainKey, true) }

// packs reports whether the answer to a request is compressed. Answers to forms never are:
// what is shown once, such as keys and recovery codes, is the answer to one.
func packs(c *gin.Context, size int) bool {
	worth := worthPacking
	if c.GetHeader("HX-Request") == "true" {
		worth = worthPackingPart
	}
	return size >= worth && (c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead) && !c.GetBool(plainKey) &&
		static.TakesGzip(c.GetHeader("Accept-Encoding"))
}

// send answers with a whole body, compressed for who reads that.
func send(c *gin.Context, status int, contentType string, body []byte) error {
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if !packs(c, len(body)) {
		c.Data(status, contentType, body)
		return nil
	}
	packed := buffers.Get().(*bytes.Buffer)
	defer giveBack(packed)
	w := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(packed)
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("compress the answer: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compress the answer: %w", err)
	}
	c.Header("Content-Encoding", "gzip")
	c.Header("Content-Length", strconv.Itoa(packed.Len()))
	c.Data(status, contentType, packed.Bytes())
	return nil
}
