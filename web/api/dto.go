package api

import (
	"time"

	"github.com/backupman/backupman/models"
)

// Backup is a backup as the API tells it. Its keys and their order are the
// contract: null stands only where a pointer or slice is nil.
type Backup struct {
	ID         string      `json:"Id"`
	Status     string      `json:"Status"`
	Label      string      `json:"Label"`
	DumpPath   *string     `json:"DumpPath"`
	CreatedAt  time.Time   `json:"CreatedAt"`
	UpdatedAt  *time.Time  `json:"UpdatedAt"`
	DriveFiles []DriveFile `json:"DriveFiles"`
}

// DriveFile is one copy of a backup as the API tells it.
type DriveFile struct {
	ID        string     `json:"Id"`
	BackupID  string     `json:"BackupId"`
	Provider  string     `json:"Provider"`
	Label     string     `json:"Label"`
	Path      *string    `json:"Path"`
	Status    string     `json:"Status"`
	CreatedAt time.Time  `json:"CreatedAt"`
	UpdatedAt *time.Time `json:"UpdatedAt"`
}

// Results is the envelope of every list.
type Results struct {
	Results []Backup `json:"Results"`
	// Errors are jobs that could not be started when all were asked for.
	Errors []JobError `json:"Errors,omitempty"`
}

// JobError says why one of several jobs was not started.
type JobError struct {
	Job   string `json:"Job"`
	Error string `json:"Error"`
}

// Failure is the envelope of every error.
type Failure struct {
	Error string `json:"Error"`
}

// Health is how the server stands.
type Health struct {
	Status string `json:"Status"`
}

// DownloadURL is a link that downloads one file for a few minutes.
type DownloadURL struct {
	URL       string    `json:"Url"`
	ExpiresAt time.Time `json:"ExpiresAt"`
}

// NewBackup returns the API's form of a backup.
func NewBackup(b models.Backup) Backup {
	dto := Backup{
		ID: b.ID, Status: string(b.Status), Label: b.Label, DumpPath: b.DumpPath,
		CreatedAt: whole(b.CreatedAt), UpdatedAt: known(b.UpdatedAt),
	}
	for _, f := range b.DriveFiles {
		dto.DriveFiles = append(dto.DriveFiles, newDriveFile(f))
	}
	return dto
}

func newDriveFile(f models.DriveFile) DriveFile {
	return DriveFile{
		ID: f.ID, BackupID: f.BackupID, Provider: f.Provider, Label: f.Label, Path: f.Path,
		Status: string(f.Status), CreatedAt: whole(f.CreatedAt), UpdatedAt: known(f.UpdatedAt),
	}
}

// known returns nil for a time that is not.
func known(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	at := whole(*t)
	return &at
}

// whole is a time as the contract shows it: in UTC, in whole seconds.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
