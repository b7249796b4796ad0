package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/backupman/backupman/models"
)

// copyBuffer is how much is read at a time when a whole file passes by.
const copyBuffer = 256 << 10

// Verify reads a copy to its end and returns an error of kind
// models.ErrConflict when its length or SHA-256 is not the expected one.
func Verify(r io.Reader, size int64, sha string) error {
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, onlyReader{r}, make([]byte, copyBuffer))
	if err != nil {
		return fmt.Errorf("read the copy back: %w", err)
	}
	if n != size {
		return models.Conflictf("the copy is damaged: it is %d bytes long, and %d were stored", n, size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != sha {
		return models.Conflictf("the copy is damaged: its SHA-256 is %s, and %s was stored", got, sha)
	}
	return nil
}

// onlyReader hides WriteTo, so that CopyBuffer uses its own buffer.
type onlyReader struct{ io.Reader }
