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

// CopyVerdicts is the envelope of what reading copies back found.
type CopyVerdicts struct {
	Results []CopyVerdict `json:"Results"`
}

// CopyVerdict is what reading one copy back found. A copy that is neither identical
// nor lost could not be read now.
type CopyVerdict struct {
	DriveFileID string `json:"DriveFileId"`
	DriveID     string `json:"DriveId"`
	Identical   bool   `json:"Identical"`
	Lost        bool   `json:"Lost"`
	// Error is a sentence; empty when identical.
	Error string `json:"Error"`
}

// Drives is the envelope of the list of drives.
type Drives struct {
	Results []Drive `json:"Results"`
}

// Drive is a configured drive as the API tells it.
type Drive struct {
	ID       string `json:"Id"`
	Label    string `json:"Label"`
	Provider string `json:"Provider"`
	// CheckedAt is when the drive was last checked, GoodAt when it last passed; null
	// for never.
	CheckedAt *time.Time `json:"CheckedAt"`
	GoodAt    *time.Time `json:"GoodAt"`
	// Error says why the newest check failed; empty when it passed, or was never made.
	Error string `json:"Error"`
	// NeedsSignIn says that a person has to sign in to the provider, on the page of
	// drives or with a command.
	NeedsSignIn bool `json:"NeedsSignIn"`
	// Free and Total are bytes; null where the provider does not tell.
	Free  *int64 `json:"Free"`
	Total *int64 `json:"Total"`
	// Copies and Bytes count what is finished.
	Copies       int64 `json:"Copies"`
	FailedCopies int64 `json:"FailedCopies"`
	Bytes        int64 `json:"Bytes"`
}

// Failure is the envelope of every error.
type Failure struct {
	Error string `json:"Error"`
	// Fields are the mistakes of what was to be set up, by the names of its fields; "" is
	// for all of it.
	Fields map[string]string `json:"Fields,omitempty"`
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

// NewDrive returns the API's form of a drive; a drive that was never checked has the
// zero check.
func NewDrive(d models.Drive, check models.DriveCheck, totals models.DriveTotals) Drive {
	dto := Drive{
		ID: d.ID, Label: d.Label, Provider: d.Provider, CheckedAt: known(&check.CheckedAt), GoodAt: known(check.GoodAt),
		Error: check.Error, NeedsSignIn: check.NeedsSignIn, Copies: totals.Finished, FailedCopies: totals.Failed, Bytes: totals.Bytes,
	}
	if dto.CheckedAt != nil {
		dto.Free, dto.Total = told(check.Free), told(check.Total)
	}
	return dto
}

// told returns nil for bytes that the provider does not tell.
func told(bytes int64) *int64 {
	if bytes < 0 {
		return nil
	}
	return &bytes
}

// NewCopyVerdicts returns the API's form of what reading copies back found.
func NewCopyVerdicts(all []models.CopyVerdict) CopyVerdicts {
	found := CopyVerdicts{Results: make([]CopyVerdict, 0, len(all))}
	for _, v := range all {
		found.Results = append(found.Results, CopyVerdict(v))
	}
	return found
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
