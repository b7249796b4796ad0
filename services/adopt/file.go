package adopt

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// withoutManifest is said of a backup for which nobody vouches.
const withoutManifest = "adopted from a file without a manifest: what it holds was read from the file itself, and nothing tells whether that is all that was dumped"

// lockedWithoutManifest is said of a file of which nothing can be known here.
const lockedWithoutManifest = "it is encrypted and has no manifest, so that what it is can't be told without a key: bring its manifest back from another drive, or restore the file itself with backupman restore --file FILE --identity KEY_FILE"

// fromFile adopts a file without a manifest. It is read to its end, and what it holds
// becomes its manifest.
func (r *run) fromFile(ctx context.Context, f looked, told *models.AdoptedFile) error {
	name := path.Base(f.file.Key)
	parts, ok := archive.ParseFileName(name)
	if !ok {
		return models.Invalidf("its name is not that of a dump file")
	}
	known, err := r.known(ctx, name, parts.At)
	if err != nil {
		return err
	}
	if told.BackupID = known.at(r.row.ID, f.file.Key); told.BackupID != "" {
		return nil
	}
	if parts.Encryption != "" {
		return models.Conflictf("%s", lockedWithoutManifest)
	}
	kind, err := r.service.kindOfExtension(parts.Extension)
	if err != nil {
		return err
	}
	read, err := r.read(ctx, f.file, kind, parts.Compression)
	if err != nil {
		return err
	}
	return r.adoptRead(ctx, f, parts, kind, known, read, told)
}

// adoptRead records what was read, under the id by which the dump is known from another
// drive, or one that follows from the file.
func (r *run) adoptRead(ctx context.Context, f looked, parts archive.NameParts, kind source.Kind, known sameFile, read contents, told *models.AdoptedFile) error {
	label, err := r.labelOf(ctx, f.file.Key, parts)
	if err != nil {
		return err
	}
	m := models.Manifest{
		Job: label, Source: label, Provider: kind.Provider, CreatedAt: parts.At, DumpedAt: parts.At, Inventory: read.inventory,
		File: models.FileFacts{Name: path.Base(f.file.Key), Size: read.size, SHA256: read.sha256, Compression: parts.Compression, RawSize: read.rawSize},
	}
	m.Inventory.Warnings = append(m.Inventory.Warnings, withoutManifest)
	if m.BackupID, err = idOf(known, parts, read.sha256); err != nil {
		return err
	}
	job, err := r.job(ctx, label, label, kind.Provider)
	if err != nil {
		return err
	}
	return r.record(ctx, r.backupOf(job, m, f.file, read.crc64, nil), m, told)
}

func (s *Service) kindOfExtension(extension string) (source.Kind, error) {
	for _, k := range s.kinds {
		if k.Extension != extension {
			continue
		}
		if k.Read == nil {
			return k, models.Invalidf("it has no manifest, and this version cannot read a dump of %s without one", k.Name)
		}
		return k, nil
	}
	return source.Kind{}, models.Invalidf("it has no manifest, and no kind of database has dumps that end in .%s", extension)
}

// labelOf returns the label of the job whose folder a file lies in: a configured one, or
// the folder's own name.
func (r *run) labelOf(ctx context.Context, key string, parts archive.NameParts) (string, error) {
	jobs, err := r.service.store.Jobs(ctx)
	if err != nil {
		return "", err
	}
	folder := parts.Label
	if dir := path.Dir(key); dir != "." && path.Base(dir) != folder {
		return "", models.Invalidf("it has no manifest, and lies in the folder %q although its name begins with %s: move it into a folder called %s", dir, folder, folder)
	}
	for _, j := range jobs {
		if archive.Folder(j.Label) == folder {
			return j.Label, nil
		}
	}
	return folder, nil
}

// idOf returns the id under which a dump is known, or makes one.
func idOf(known sameFile, parts archive.NameParts, sha256 string) (string, error) {
	if id := known.of(sha256, ""); id != "" {
		return id, nil
	}
	if len(known) > 0 {
		return "", models.Conflictf("it has the name of the file of the backup %s, and is another, or not the whole of it", known[0].ID)
	}
	return idFrom(parts, sha256)
}

// idFrom makes the id of a backup from the name and the digest of its file, so that the
// same file gets the same id wherever it is found. It is made as version 7 of RFC 9562
// is, with the time of the name in front: ids are ordered by time. The part that
// models.ShortID takes is the name's own, so that the id makes the name; the rest is
// from the digest.
func idFrom(parts archive.NameParts, sha256 string) (string, error) {
	sum, err := hex.DecodeString(sha256)
	if err != nil || len(sum) < 4 {
		return "", fmt.Errorf("make an id from the digest %q: %w", sha256, err)
	}
	moment := fmt.Sprintf("%012x", parts.At.UnixMilli())
	variant := 0x8000 | binary.BigEndian.Uint16(sum)&0x3fff
	id := fmt.Sprintf("%s-%s-%s-%04x-%x%s", moment[:8], moment[8:12], parts.ShortID[:4], variant, sum[2:4], parts.ShortID[4:])
	return id, models.CheckID(id)
}

// contents is what reading a whole file tells.
type contents struct {
	inventory     models.Inventory
	size, rawSize int64
	sha256, crc64 string
}

// read reads a file to its end: its digests, and what the dump in it holds.
func (r *run) read(ctx context.Context, file drive.Stored, kind source.Kind, packed models.Compression) (contents, error) {
	dir, err := r.scratch.folder(r.service.dir)
	if err != nil {
		return contents{}, fmt.Errorf("make a scratch folder: %w", err)
	}
	in, err := r.drive.Open(ctx, file.Key)
	if err != nil {
		return contents{}, away(err)
	}
	defer in.Close()
	sums, err := archive.NewWriter(io.Discard, models.CompressionNone)
	if err != nil {
		return contents{}, err
	}
	copied := &reader{from: in}
	found, err := unpack(ctx, io.TeeReader(copied, sums), kind, packed, dir)
	if err := errors.Join(err, sums.Close()); err != nil {
		return found, whyUnread(copied.err, err)
	}
	if strings.HasPrefix(found.inventory.Database, dir) {
		found.inventory.Database = "" // where it was read is not where it came from
	}
	found.size, found.sha256, found.crc64 = sums.Size(), sums.SHA256(), sums.CRC64()
	if len(found.inventory.Tables)+len(found.inventory.Objects) == 0 {
		return found, models.Invalidf("it has no manifest, and the dump in it is empty")
	}
	return found, nil
}

// whyUnread tells a drive that did not give the file, and a machine that could not take
// it, from a file that is no dump.
func whyUnread(fromDrive, err error) error {
	var here *fs.PathError
	var incapable *source.IncapableError
	switch {
	case fromDrive != nil:
		return away(fromDrive)
	case errors.As(err, &here), errors.Is(err, models.ErrNoSpace):
		return err
	case errors.As(err, &incapable):
		return models.Conflictf("it has no manifest, and cannot be read here: %v", err)
	}
	return models.Invalidf("it has no manifest, and is not a whole dump: %v", err)
}

// unpack reads the dump in a file, and then what is behind it.
func unpack(ctx context.Context, file io.Reader, kind source.Kind, packed models.Compression, dir string) (contents, error) {
	var found contents
	dump, err := archive.Decode(file, packed)
	if err != nil {
		return found, err
	}
	defer dump.Close()
	raw := &reader{from: dump}
	if found.inventory, err = kind.Read(ctx, raw, dir); err != nil {
		return found, err
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return found, err
	}
	found.rawSize = raw.n
	_, err = io.Copy(io.Discard, file)
	return found, err
}

// reader counts what passes, and keeps the error of what it reads from, which those who
// read on may hide.
type reader struct {
	from io.Reader
	n    int64
	err  error
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
