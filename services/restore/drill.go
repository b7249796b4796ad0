// Package restore brings backups back and proves that they can be. A drill
// restores a stored copy into a scratch database and compares what comes out
// with the manifest: only that makes a backup proven.
package restore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/source"
)

// Store is what drills ask of the metadata database.
type Store interface {
	Backup(ctx context.Context, id string) (models.Backup, error)
	Manifest(ctx context.Context, id string) (models.Manifest, error)
	InsertDrill(ctx context.Context, d models.Drill) error
}

// Copies opens stored copies.
type Copies interface {
	// Open reads one finished copy; with an empty driveFileID the first that can be opened.
	Open(ctx context.Context, backupID, driveFileID string) (io.ReadCloser, models.DriveFile, error)
}

// Service makes drills.
type Service struct {
	store  Store
	copies Copies
	kind   func(provider string) (source.Kind, error)
	dir    string
	log    *slog.Logger
}

// New returns a Service that makes scratch databases below dir.
func New(store Store, copies Copies, kind func(provider string) (source.Kind, error), dir string, log *slog.Logger) *Service {
	return &Service{store: store, copies: copies, kind: kind, dir: filepath.Join(dir, "scratch"), log: log}
}

// Drill restores a backup into a scratch database, compares it with the
// manifest, and records the outcome. The error is for a drill that could not be
// recorded; what the drill found is in the outcome.
func (s *Service) Drill(ctx context.Context, backupID string) (models.Drill, error) {
	b, err := s.store.Backup(ctx, backupID)
	if err != nil {
		return models.Drill{}, err
	}
	if b.Status != models.StatusFinished {
		return models.Drill{}, models.Conflictf("backup %s is %s: only a finished backup can be drilled", b.ID, b.Status)
	}
	start := time.Now()
	d := s.try(ctx, b)
	d.ID, d.BackupID, d.Duration, d.CreatedAt = models.NewID(), b.ID, time.Since(start), models.Now()
	if err := s.store.InsertDrill(context.WithoutCancel(ctx), d); err != nil {
		return d, fmt.Errorf("record the drill of backup %s: %w", b.ID, err)
	}
	s.log.Info("drill done", "backup_id", b.ID, "job", b.Label, "outcome", string(d.Outcome), "reason", d.Reason)
	return d, nil
}

func (s *Service) try(ctx context.Context, b models.Backup) models.Drill {
	m, err := s.store.Manifest(ctx, b.ID)
	if err != nil {
		return unverified("", fmt.Sprintf("the manifest could not be read: %v", err))
	}
	kind, err := s.kind(m.Provider)
	if err != nil {
		return unverified("", err.Error())
	}
	if kind.Prove == nil {
		return unverified("", fmt.Sprintf("this version cannot restore %s into a scratch database", kind.Name))
	}
	copied, file, err := s.copies.Open(ctx, b.ID, "")
	if err != nil {
		return unverified("", fmt.Sprintf("no copy could be opened: %v", err))
	}
	defer copied.Close()
	d := s.restoreAndCompare(ctx, copied, kind, m)
	d.DriveFileID = file.ID
	return d
}

func unverified(fileID, reason string) models.Drill {
	return models.Drill{DriveFileID: fileID, Outcome: models.DrillUnverified, Reason: reason}
}

func disproven(reason string) models.Drill {
	return models.Drill{Outcome: models.DrillDisproven, Reason: reason}
}

func (s *Service) restoreAndCompare(ctx context.Context, copied io.Reader, kind source.Kind, m models.Manifest) models.Drill {
	scratch, err := s.newScratch()
	if err != nil {
		return unverified("", fmt.Sprintf("no scratch folder: %v", err))
	}
	defer scratch.remove()
	file := &digestReader{from: copied, sum: sha256.New()}
	got, err := prove(ctx, file, kind, m.File, scratch.dir)
	var scratchFault *fs.PathError
	switch {
	case ctx.Err() != nil:
		return unverified("", "the drill was stopped before it was done")
	case file.err != nil:
		return unverified("", fmt.Sprintf("the copy could not be read: %v", file.err))
	case errors.As(err, &scratchFault):
		return unverified("", fmt.Sprintf("the scratch database could not be written: %v", err))
	case errors.Is(err, models.ErrNoSpace):
		return unverified("", err.Error())
	case err != nil:
		return disproven(fmt.Sprintf("the copy does not restore: %v", err))
	}
	if err := file.equals(m.File); err != nil {
		return disproven(err.Error())
	}
	return judge(m.Inventory, got)
}

// prove decodes the copy, restores it, and reads what the restore left unread.
func prove(ctx context.Context, file io.Reader, kind source.Kind, facts models.FileFacts, dir string) (models.Inventory, error) {
	dump, err := archive.Decode(file, facts.Compression)
	if err != nil {
		return models.Inventory{}, err
	}
	defer dump.Close()
	got, err := kind.Prove(ctx, dump, dir)
	if err != nil {
		return got, err
	}
	if _, err := io.Copy(io.Discard, dump); err != nil {
		return got, err
	}
	_, err = io.Copy(io.Discard, file)
	return got, err
}

func judge(want, got models.Inventory) models.Drill {
	found := differences(want, got)
	if len(found) == 0 {
		return models.Drill{Outcome: models.DrillProven,
			Reason: fmt.Sprintf("restored and equal to the manifest: %d tables, %d rows, %d objects", len(got.Tables), got.Rows(), len(got.Objects))}
	}
	const most = 10
	if more := len(found) - most; more > 0 {
		found = append(found[:most], fmt.Sprintf("and %d more differences", more))
	}
	return disproven(strings.Join(found, "; "))
}

// digestReader hashes what passes, so that one reading serves the restore and
// the check of the file.
type digestReader struct {
	from io.Reader
	sum  hash.Hash
	n    int64
	// err is why the drive could not be read on; the copy itself may be good.
	err error
}

func (r *digestReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.sum.Write(p[:n])
	r.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func (r *digestReader) equals(f models.FileFacts) error {
	if r.n != f.Size {
		return models.Conflictf("the copy is %d bytes long and the manifest says %d", r.n, f.Size)
	}
	if got := hex.EncodeToString(r.sum.Sum(nil)); got != f.SHA256 {
		return models.Conflictf("the SHA-256 of the copy is %s and the manifest says %s", got, f.SHA256)
	}
	return nil
}
