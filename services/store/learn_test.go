package store

import (
	"log/slog"
	"path/filepath"
	"testing"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// What the mapper learns of copies when it first sees a backup is known before anybody asks,
// because it is learned without a lock.
func TestTheMapperHasLearnedWhenTheStoreIsOpen(t *testing.T) {
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "meta.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	statement := gorm.Statement{DB: s.db}
	if err := statement.Parse(&models.DriveFile{}); err != nil {
		t.Fatal(err)
	}
	if _, known := statement.Schema.Relationships.Relations["_Backup_DriveFiles"]; !known {
		t.Error("that backups have copies is learned later")
	}
}
