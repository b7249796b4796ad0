package restore

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"

	"filippo.io/age"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/source"
)

// subject is what is restored: a backup, or a file that was uploaded.
type subject struct {
	// backup is empty for an upload.
	backup   models.Backup
	uploadID string
	label    string
	// manifest of an upload says what was found when it was received.
	manifest models.Manifest
	kind     source.Kind
	locks
}

// subject finds what is restored, and what opens it where it is encrypted.
func (s *Service) subject(ctx context.Context, backupID, uploadID string, given models.Unlock) (subject, error) {
	sub, err := s.find(ctx, backupID, uploadID)
	if err != nil {
		return sub, err
	}
	return sub, s.unlock(ctx, &sub, given)
}

func (s *Service) find(ctx context.Context, backupID, uploadID string) (subject, error) {
	switch {
	case (backupID == "") == (uploadID == ""):
		return subject{}, models.Invalidf("say what is to be restored: a backup, or a file that was uploaded, and not both")
	case uploadID != "":
		return s.uploaded(ctx, uploadID)
	}
	b, err := s.Store.Backup(ctx, backupID)
	if err != nil {
		return subject{}, err
	}
	m, err := s.Store.Manifest(ctx, backupID)
	if err != nil {
		return subject{}, err
	}
	kind, err := s.lookup(m.Provider)
	return subject{backup: b, label: b.Label, manifest: m, kind: kind}, err
}

func (s *Service) uploaded(ctx context.Context, id string) (subject, error) {
	u, err := s.Upload(ctx, id)
	if err != nil {
		return subject{}, err
	}
	kind, err := s.lookup(u.Provider)
	m := models.Manifest{Provider: u.Provider, CreatedAt: u.CreatedAt, Inventory: u.Inventory,
		File: models.FileFacts{Name: u.Name, Size: u.Size, SHA256: u.SHA256, Compression: u.Compression, Encryption: u.Encryption, RawSize: u.RawSize}}
	return subject{uploadID: id, label: u.Name, manifest: m, kind: kind}, err
}

// dump is a dump file in a run's own folder, which nobody else writes to.
type dump struct {
	path  string
	facts models.FileFacts
	// inventory is what the dump says that it holds, once it was read.
	inventory models.Inventory
	// key opens the file; nil where it is not encrypted.
	key age.Identity
}

// open reads the unpacked dump from its beginning. The file stays encrypted: it is
// decrypted while it is read. read, when set, counts its bytes.
func (d dump) open(read *atomic.Int64) (io.ReadCloser, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	packed := io.Reader(f)
	if d.facts.Encryption != "" {
		if packed, err = archive.Decrypt(f, d.key); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	unpacked, err := archive.Decode(packed, d.facts.Compression)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &unpacking{from: unpacked, file: f, read: read}, nil
}

// unpacking reads a dump out of its file.
type unpacking struct {
	from io.ReadCloser
	file io.Closer
	read *atomic.Int64
}

func (u *unpacking) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	if u.read != nil {
		u.read.Add(int64(n))
	}
	return n, err
}

func (u *unpacking) Close() error { return errors.Join(u.from.Close(), u.file.Close()) }
