package archive_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

// A packed file of an empty dump is not empty itself.
func TestDecodeTakesNoEmptyFileForADump(t *testing.T) {
	for _, c := range []models.Compression{models.CompressionZstd, models.CompressionGzip} {
		r, err := archive.Decode(bytes.NewReader(nil), c)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if err == nil {
			t.Errorf("%s: an empty file is read as a dump", c)
		}
	}
}
