package restore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
	"github.com/backupman/backupman/services/disk"
)

const (
	// uploadsName is the folder of the data folder that has one folder per upload.
	uploadsName = "uploads"
	// uploadDump and uploadFacts are the files in it: the dump file, and what is known
	// of it, which is written last.
	uploadDump  = "dump"
	uploadFacts = "upload.json"
	// keepUpload is how long an upload stays.
	keepUpload = 24 * time.Hour
	// roomStep is how much is received between two looks at free space, in bytes.
	roomStep = 16 << 20
)

func (s *Service) uploadFile(id string) string { return s.path(uploadsName, id, uploadDump) }

// Receive keeps a dump file that a person sends, once it was unpacked to its end and
// read. unlock opens an encrypted one, which is kept as it came. It returns
// models.ErrInvalid for what is no dump that can be restored, models.ErrConflict for what
// unlock does not open, and models.ErrNoSpace when the disk would fill.
func (s *Service) Receive(ctx context.Context, name string, unlock models.Unlock, content io.Reader) (models.Upload, error) {
	if err := os.MkdirAll(s.path(uploadsName), 0o700); err != nil {
		return models.Upload{}, fmt.Errorf("make the folder of uploads: %w", err)
	}
	u := models.Upload{ID: models.NewID(), Name: shown(name), CreatedAt: s.Now()}
	f, err := makeFolder(s.path(uploadsName), u.ID, 0o700)
	if err != nil {
		return u, err
	}
	ctx, unwatch := s.watchSpace(ctx, s.Dir)
	defer unwatch()
	if err := because(ctx, s.receive(ctx, f, &u, unlock, content)); err != nil {
		return models.Upload{}, errors.Join(err, f.remove())
	}
	return u, f.lock.Release()
}

// shown is a file's name as it was sent, without folders and not too long.
func shown(name string) string {
	name = filepath.Base(filepath.Clean("/" + name))
	if name == "/" || name == "." {
		return "upload"
	}
	return name[:min(len(name), 200)]
}

func (s *Service) receive(ctx context.Context, f *folder, u *models.Upload, unlock models.Unlock, content io.Reader) error {
	keys, err := agekey.Identities(unlock)
	if err != nil {
		return err
	}
	if err := s.keep(ctx, f.file(uploadDump), u, content); err != nil {
		return err
	}
	d := dump{path: f.file(uploadDump)}
	if d.key, err = openUpload(d.path, u, keys); err != nil {
		return err
	}
	if err := recognise(d, u); err != nil {
		return err
	}
	if err := s.readUpload(ctx, f, d, u); err != nil {
		return err
	}
	s.keepUploadKey(u.ID, d.key)
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.file(uploadFacts), text, 0o600); err != nil {
		return fmt.Errorf("keep what is known of the uploaded file: %w", err)
	}
	return nil
}

// keep writes what is sent to a file.
func (s *Service) keep(ctx context.Context, path string, u *models.Upload, content io.Reader) error {
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make a file for the upload: %w", err)
	}
	defer to.Close()
	sum, n := sha256.New(), int64(0)
	for more := true; more; {
		if err := s.room(s.Dir, roomStep); err != nil {
			return err
		}
		n, err = io.CopyN(io.MultiWriter(to, sum), &passing{ctx: ctx, from: content, read: new(atomic.Int64)}, roomStep)
		if u.Size += n; err != nil && !errors.Is(err, io.EOF) {
			return kept(err, s.Dir)
		}
		more = err == nil
	}
	u.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return kept(to.Close(), s.Dir)
}

func kept(err error, dir string) error {
	if err != nil && disk.Full(err) {
		return models.NoSpacef("no space for the uploaded file in %s: free space there", dir)
	}
	return err
}

// readUpload reads the dump to its end.
func (s *Service) readUpload(ctx context.Context, f *folder, d dump, u *models.Upload) error {
	kind, err := s.lookup(u.Provider)
	if err != nil {
		return err
	}
	temp, remove, err := f.temp()
	if err != nil {
		return err
	}
	defer remove()
	d.facts = models.FileFacts{Compression: u.Compression, Encryption: u.Encryption}
	u.Inventory, u.RawSize, err = readDump(ctx, subject{kind: kind}, d, temp, new(atomic.Int64))
	if err == nil || liesHere(err) || ctx.Err() != nil {
		return err
	}
	return models.Invalidf("%s looks like a dump of %s, but can't be restored: %s", u.Name, kind.Name, sentence(err))
}

// Upload returns a file that was received, or models.ErrNotFound.
func (s *Service) Upload(_ context.Context, id string) (models.Upload, error) {
	if err := models.CheckID(id); err != nil {
		return models.Upload{}, err
	}
	text, err := os.ReadFile(s.path(uploadsName, id, uploadFacts))
	if errors.Is(err, fs.ErrNotExist) {
		return models.Upload{}, models.NotFoundf("there is no uploaded file %s: uploads are kept for a day", id)
	}
	if err != nil {
		return models.Upload{}, fmt.Errorf("read what is known of an uploaded file: %w", err)
	}
	var u models.Upload
	if err := json.Unmarshal(text, &u); err != nil {
		return u, fmt.Errorf("read what is known of the uploaded file %s: %w", id, err)
	}
	return u, nil
}

// RemoveUpload removes a file that was received. A restore that has begun keeps its own.
func (s *Service) RemoveUpload(ctx context.Context, id string) error {
	if _, err := s.Upload(ctx, id); err != nil {
		return err
	}
	// Without its facts the file is no upload any more, whatever happens to the rest.
	if err := os.Remove(s.path(uploadsName, id, uploadFacts)); err != nil {
		return fmt.Errorf("remove an uploaded file: %w", err)
	}
	s.forgetUploadKey(id)
	return os.RemoveAll(s.path(uploadsName, id))
}

// sweepUploads removes uploads that are a day old, and what was never received whole.
func (s *Service) sweepUploads() error {
	old := func(name string) bool {
		u, err := s.Upload(context.Background(), name)
		return models.CheckID(name) == nil && (err != nil || s.Now().Sub(u.CreatedAt) >= keepUpload)
	}
	return sweepFolders(s.path(uploadsName), old, func(path string) error { s.forgetUploadKey(filepath.Base(path)); return nil })
}
