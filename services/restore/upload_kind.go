package restore

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

// sniffed is how much of a dump is looked at to tell what it is, in bytes.
const sniffed = 4 << 10

// packings are the first bytes of packed files: https://www.rfc-editor.org/rfc/rfc8878
// and https://www.rfc-editor.org/rfc/rfc1952.
var packings = []struct {
	magic       []byte
	compression models.Compression
}{
	{[]byte{0x28, 0xb5, 0x2f, 0xfd}, models.CompressionZstd},
	{[]byte{0x1f, 0x8b}, models.CompressionGzip},
}

// openUpload finds the key of an encrypted file; nil for one that is not.
func openUpload(path string, u *models.Upload, keys []age.Identity) (age.Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from := bufio.NewReader(f)
	if begin, _ := from.Peek(sniffed); !archive.IsEncrypted(begin) {
		return nil, nil
	}
	u.Encryption = models.EncryptionAge
	if len(keys) == 0 {
		return nil, models.Conflictf("%s is encrypted with age: give the private key or the passphrase together with it, at the command line with --identity or --passphrase-file", u.Name)
	}
	key, err := archive.FileKey(from, keys...)
	switch {
	case errors.Is(err, models.ErrConflict):
		return nil, models.Conflictf("%s can't be opened: %s", u.Name, sentence(err))
	case err != nil:
		return nil, err
	}
	return key, nil
}

// recognise tells by its content how a file is packed and what kind of dump is in it.
func recognise(d dump, u *models.Upload) error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer f.Close()
	from := bufio.NewReader(f)
	if d.key != nil {
		plain, err := archive.Decrypt(f, d.key)
		if err != nil {
			return models.Invalidf("%s can't be decrypted: %s", u.Name, sentence(err))
		}
		from = bufio.NewReader(plain)
	}
	u.Compression = models.CompressionNone
	for _, p := range packings {
		if begin, _ := from.Peek(len(p.magic)); bytes.Equal(begin, p.magic) {
			u.Compression = p.compression
		}
	}
	unpacked, err := archive.Decode(from, u.Compression)
	if err != nil {
		return notUnpacked(u, err)
	}
	defer unpacked.Close()
	begin := make([]byte, sniffed)
	n, err := io.ReadFull(unpacked, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return notUnpacked(u, err)
	}
	u.Provider, err = dumpOf(begin[:n])
	return err
}

func notUnpacked(u *models.Upload, err error) error {
	return models.Invalidf("%s does not unpack as %s: %v", u.Name, u.Compression, err)
}

// dumpOf returns the provider of the kind of dump that begins so. It returns
// models.ErrInvalid for what is none that can be restored.
func dumpOf(begin []byte) (string, error) {
	switch {
	case len(begin) == 0:
		return "", models.Invalidf("the file is empty")
	case bytes.HasPrefix(begin, []byte("SQLite format 3\x00")):
		return "sqlite", nil
	case bytes.HasPrefix(begin, []byte("PGDMP")):
		return "postgres", nil
	case archive.IsEncrypted(begin):
		return "", models.Invalidf("the file is packed around one that is encrypted: unpack it, and upload what age wrote")
	case bytes.Contains(begin, []byte("-- PostgreSQL database")):
		return "", models.Invalidf("this is plain SQL of pg_dump, which is restored with psql: upload a dump in the custom format, as pg_dump -Fc -Z0 writes it")
	case bytes.IndexByte(begin, 0) >= 0:
		return "", models.Invalidf("this is no dump: upload SQL of mariadb-dump or mysqldump, a dump of pg_dump -Fc -Z0 or an SQLite database, as it is or packed with zstd or gzip")
	}
	return "mysql", nil
}
