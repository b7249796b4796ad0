package restore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

// ledger is what a run makes outside of its folder and removes at its end. It is written
// down before that is made, so that it is found when the process dies.
type ledger struct {
	// SourceID and Database name a scratch database on the server of a data source.
	SourceID string `json:",omitempty"`
	Database string `json:",omitempty"`
	// Partial is a file that does not have its name yet.
	Partial string `json:",omitempty"`
}

const (
	ledgerName = "ledger.json"
	// workName is the folder of the data folder that has one folder per run.
	workName = "restoring"
	// scratchPrefix begins the name of every scratch database on a given server.
	scratchPrefix = "backupman_scratch_"
)

// workFolder makes the folder that the folders of runs are in.
func (s *Service) workFolder() (string, error) {
	path := s.path(workName)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of restores: %w", err)
	}
	return path, nil
}

func (l ledger) write(folder string) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	partial := filepath.Join(folder, ledgerName+archive.PartialSuffix)
	if err := os.WriteFile(partial, text, 0o600); err != nil {
		return fmt.Errorf("write down what is to be removed: %w", err)
	}
	return os.Rename(partial, filepath.Join(folder, ledgerName))
}

func readLedger(folder string) (ledger, error) {
	var l ledger
	text, err := os.ReadFile(filepath.Join(folder, ledgerName))
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err != nil {
		return l, fmt.Errorf("read what is to be removed: %w", err)
	}
	return l, nil
}

// leaveFolder removes what the ledger of a run says, and its folder, and keeps the lock.
// What can't be removed now stays in the ledger.
func (s *Service) leaveFolder(ctx context.Context, f *folder) error {
	err := s.clear(ctx, f.path)
	if err == nil {
		return os.RemoveAll(f.path)
	}
	entries, _ := os.ReadDir(f.path)
	for _, e := range entries {
		if e.Name() != ledgerName {
			err = errors.Join(err, os.RemoveAll(f.file(e.Name())))
		}
	}
	return err
}

// clear removes what the ledger in a folder says.
func (s *Service) clear(ctx context.Context, folder string) error {
	l, err := readLedger(folder)
	if err != nil {
		return err
	}
	return errors.Join(s.dropScratch(ctx, l), l.removePartial())
}

func (l ledger) removePartial() error {
	if !strings.HasSuffix(l.Partial, archive.PartialSuffix) {
		return nil
	}
	if err := os.Remove(l.Partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// dropScratch drops a scratch database. One on a server that is no longer configured
// can't be reached again, which is told once.
func (s *Service) dropScratch(ctx context.Context, l ledger) error {
	if !strings.HasPrefix(l.Database, scratchPrefix) {
		return nil
	}
	_, kind, row, err := s.Catalog.OpenSource(ctx, l.SourceID)
	if errors.Is(err, models.ErrNotFound) {
		s.Log.Warn("a scratch database may remain on a server that is no longer configured", "source", row.Label, "database", l.Database)
		return nil
	}
	if err != nil {
		return err
	}
	target, _, err := openTarget(kind, row.Label, row.Settings, l.Database)
	if err != nil {
		return err
	}
	if err := target.Drop(ctx); err != nil {
		return fmt.Errorf("drop the scratch database %s on the server of %q: %w", l.Database, row.Label, err)
	}
	return nil
}
