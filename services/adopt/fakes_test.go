package adopt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
)

// broken opens drives that list their files and give none of them.
type broken struct{ adopt.Catalog }

func (b broken) OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error) {
	d, row, err := b.Catalog.OpenDrive(ctx, id)
	return brokenDrive{d}, row, err
}

type brokenDrive struct{ drive.Drive }

func (brokenDrive) Open(context.Context, string) (io.ReadCloser, error) {
	return nil, errors.New("input/output error")
}

// large opens a drive with many backups, all of which it makes up when it is asked.
type large struct {
	adopt.Catalog
	drive *largeDrive
}

func (l large) OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error) {
	_, row, err := l.Catalog.OpenDrive(ctx, id)
	return l.drive, row, err
}

type largeDrive struct {
	drive.Drive
	manifests map[string]models.Manifest
	keys      []string
	// open counts the manifests that are read now, most the highest of it.
	open, most atomic.Int32
}

// newLargeDrive makes up one backup an hour, each of so many tables.
func newLargeDrive(backups, tables int) *largeDrive {
	d := &largeDrive{manifests: map[string]models.Manifest{}}
	inv := models.Inventory{Database: "shop", Tool: "SQLite backup API"}
	for i := range tables {
		inv.Tables = append(inv.Tables, models.TableDigest{Name: fmt.Sprintf("table_%d", i), Rows: 1, Bytes: 9, SHA256: strings.Repeat("a", 64)})
	}
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for range backups {
		m := models.Manifest{BackupID: models.NewID(), Job: "shop nightly", Source: "shop db", Provider: "sqlite", CreatedAt: at, DumpedAt: at, Inventory: inv}
		m.File = models.FileFacts{Name: archive.FileName(m.Job, at, m.BackupID, "sqlite", models.CompressionZstd, ""), Size: 9, RawSize: 90,
			SHA256: strings.Repeat("b", 64), Compression: models.CompressionZstd}
		key := archive.Key(m.Job, m.File.Name)
		d.manifests[key], d.keys = m, append(d.keys, key)
		at = at.Add(time.Hour)
	}
	return d
}

func (d *largeDrive) text(key string) []byte {
	text, err := archive.EncodeManifest(d.manifests[strings.TrimSuffix(key, ".json")])
	if err != nil {
		panic(err)
	}
	return text
}

func (d *largeDrive) List(_ context.Context, _ string, fn func(drive.Stored) error) error {
	size := int64(len(d.text(d.keys[0] + ".json")))
	for _, key := range d.keys {
		if err := errors.Join(fn(drive.Stored{Key: key, Size: 9, Path: key}), fn(drive.Stored{Key: key + ".json", Size: size})); err != nil {
			return err
		}
	}
	return nil
}

func (d *largeDrive) Stat(_ context.Context, key string) (drive.Stored, error) {
	return drive.Stored{Key: key, Size: 9, Path: key}, nil
}

func (d *largeDrive) Open(_ context.Context, key string) (io.ReadCloser, error) {
	now := d.open.Add(1)
	for most := d.most.Load(); now > most && !d.most.CompareAndSwap(most, now); most = d.most.Load() {
	}
	return &counted{Reader: bytes.NewReader(d.text(key)), open: &d.open}, nil
}

type counted struct {
	io.Reader
	open *atomic.Int32
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return nil
}
