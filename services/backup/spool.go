package backup

import (
	"os"
	"path/filepath"

	"github.com/backupman/backupman/models"
)

// dumpPath is where the dump is after the run: the spool while a copy is still
// missing, then a copy on this machine, or nowhere.
func (r *run) dumpPath(status models.Status) *string {
	if r.keepsSpool(status) {
		if path := r.service.spoolPath(r.backup); fileExists(path) {
			return &path
		}
	}
	for _, c := range r.copies {
		if path := c.localPath(); path != "" {
			return &path
		}
	}
	return nil
}

// spoolNode is where the spool is after the run; empty when it is not kept.
func (r *run) spoolNode(status models.Status) string {
	if r.keepsSpool(status) {
		return r.backup.SpoolNode
	}
	return ""
}

// keepsSpool reports whether the proven dump is kept for copies that are still missing.
func (r *run) keepsSpool(status models.Status) bool {
	return status == models.StatusFailed && r.backup.DumpedAt != nil && !r.cancelled
}

// tidy removes what the run no longer needs. The spool of a proven dump stays
// while a copy of it can still be made.
func (r *run) tidy(status models.Status) {
	s := r.service
	keep := r.keepsSpool(status) && !s.liesElsewhere(r.backup)
	remove := s.folder(r.backup.ID)
	if keep {
		remove = r.tempDir()
	}
	if err := os.RemoveAll(remove); err != nil {
		s.log.Warn("spool not removed", "backup_id", r.backup.ID, "error", err)
	}
}

func (r *run) tempDir() string { return filepath.Join(r.service.folder(r.backup.ID), "tmp") }

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
