// Package archive turns a dump into a file: it compresses, hashes and spools
// one stream in constant memory, names the result, and describes it in a
// manifest. Nothing of it is needed to restore: the files are plain zstd or
// gzip around the dump tool's own format.
package archive

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backupman/backupman/models"
)

// PartialSuffix ends the name of a file that is still being written.
const PartialSuffix = ".partial"

// ageEnding ends the name of a file that is encrypted with age.
const ageEnding = ".age"

// manifestSuffix is added to a dump file's name to name its manifest.
const manifestSuffix = ".json"

// nameTime is the time in a file's name.
const nameTime = "20060102150405"

// longestLabel keeps a file name well below the 255 bytes that file systems
// allow, with room for the time, the id and the endings.
const longestLabel = 120

// FileName returns the name of a dump file: LABEL-YYYYMMDDHHMMSS-ID.EXT.COMPRESSION.age,
// the time in UTC, the last ending only for what is encrypted. The id makes two backups
// of one second differ. encryption is models.EncryptionAge, or nothing.
func FileName(label string, at time.Time, id, extension string, c models.Compression, encryption string) string {
	name := fmt.Sprintf("%s-%s-%s.%s%s", Folder(label), at.UTC().Format(nameTime), models.ShortID(id), extension, ending(c))
	if encryption == models.EncryptionAge {
		name += ageEnding
	}
	return name
}

// NameParts is what the name of a dump file tells.
type NameParts struct {
	// Label is the job's label as Folder writes it.
	Label string
	// At is the second the backup was made, in UTC.
	At time.Time
	// ShortID is the part of the backup's id that models.ShortID takes.
	ShortID     string
	Extension   string
	Compression models.Compression
	// Encryption is models.EncryptionAge, or nothing.
	Encryption string
}

// fileName is the form of FileName. The label may hold dashes itself, so the time and
// the id are looked for from the end.
var fileName = regexp.MustCompile(`^(.+)-([0-9]{14})-([0-9a-f]{12})\.([a-z0-9]+)(\.zst|\.gz)?(\.age)?$`)

// ParseFileName takes the name of a dump file apart. It reports false for a name that
// FileName does not make.
func ParseFileName(name string) (NameParts, bool) {
	found := fileName.FindStringSubmatch(name)
	if found == nil || Folder(found[1]) != found[1] {
		return NameParts{}, false
	}
	at, err := time.Parse(nameTime, found[2])
	if err != nil {
		return NameParts{}, false
	}
	p := NameParts{Label: found[1], At: at, ShortID: found[3], Extension: found[4], Compression: models.CompressionNone}
	for _, c := range []models.Compression{models.CompressionZstd, models.CompressionGzip} {
		if found[5] == ending(c) {
			p.Compression = c
		}
	}
	if found[6] != "" {
		p.Encryption = models.EncryptionAge
	}
	return p, true
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
