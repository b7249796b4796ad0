package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/backupman/backupman/models"
)

// copyBuffer is how much is read at a time when a whole file passes by.
const copyBuffer = 256 << 10

// DamagedError says that a copy was read whole and is another than it should be. Its
// cause is a sentence of kind models.ErrConflict.
type DamagedError struct{ Cause error }

func (e *DamagedError) Error() string { return e.Cause.Error() }

// Unwrap returns the sentence.
func (e *DamagedError) Unwrap() error { return e.Cause }

// Damagedf returns a DamagedError with a sentence.
func Damagedf(format string, args ...any) error {
	return &DamagedError{Cause: models.Conflictf(format, args...)}
}

// Verify reads a copy to its end and returns a DamagedError when its length or
// SHA-256 is not the expected one.
func Verify(r io.Reader, size int64, sha string) error {
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, onlyReader{r}, make([]byte, copyBuffer))
	if err != nil {
		return fmt.Errorf("read the copy back: %w", err)
	}
	if n != size {
		return Damagedf("the copy is damaged: it is %d bytes long, and %d were stored", n, size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != sha {
		return Damagedf("the copy is damaged: its SHA-256 is %s, and %s was stored", got, sha)
	}
	return nil
}

// Vouches reports whether a provider's own checksum of a whole copy, in the form of
// drive.Stored, is that of the dump with these digests. A checksum of another kind,
// or of another dump, vouches for nothing.
func Vouches(checksum, sha, crc string) bool {
	algorithm, value, _ := strings.Cut(checksum, ":")
	switch algorithm {
	case "sha256":
		return sha != "" && value == sha
	case "crc64nvme":
		return crc != "" && value == crc
	}
	return false
}

// onlyReader hides WriteTo, so that CopyBuffer uses its own buffer.
type onlyReader struct{ io.Reader }
