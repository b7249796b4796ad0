// Package archive turns a dump into a file: it compresses, hashes and spools
// one stream in constant memory, names the result, and describes it in a
// manifest. Nothing of it is needed to restore: the files are plain zstd or
// gzip around the dump tool's own format.
package archive

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backupman/backupman/models"
)

// PartialSuffix ends the name of a file that is still being written.
const PartialSuffix = ".partial"

// manifestSuffix is added to a dump file's name to name its manifest.
const manifestSuffix = ".json"

// longestLabel keeps a file name well below the 255 bytes that file systems
// allow, with room for the time, the id and the endings.
const longestLabel = 120

// FileName returns the name of a dump file: LABEL-YYYYMMDDHHMMSS-ID.EXT.COMPRESSION,
// the time in UTC. The id makes two backups of one second differ.
func FileName(label string, at time.Time, id, extension string, c models.Compression) string {
	return fmt.Sprintf("%s-%s-%s.%s%s", Folder(label), at.UTC().Format("20060102150405"), models.ShortID(id), extension, ending(c))
}

// Key returns where a drive keeps a file of the labelled job, relative to the
// drive's root.
func Key(label, fileName string) string { return Folder(label) + "/" + fileName }

// ManifestKey returns the key of the manifest beside a copy.
func ManifestKey(key string) string { return key + manifestSuffix }

// Folder returns a label as one safe path element: letters, digits, dots,
// dashes and underscores, never empty, never starting with a dot or a dash.
func Folder(label string) string {
	var b strings.Builder
	for _, r := range label {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.':
			b.WriteRune(r)
		case r == utf8.RuneError:
		default:
			if !strings.HasSuffix(b.String(), "-") {
				b.WriteByte('-')
			}
		}
		if b.Len() >= longestLabel {
			break
		}
	}
	safe := strings.Trim(strings.TrimLeft(b.String(), ".-"), "-")
	if safe == "" {
		return "backup"
	}
	return safe
}

func ending(c models.Compression) string {
	switch c {
	case models.CompressionZstd:
		return ".zst"
	case models.CompressionGzip:
		return ".gz"
	default:
		return ""
	}
}
