package api

import "github.com/backupman/backupman/models"

// Adoption is what adopting a drive found.
type Adoption struct {
	DriveID string `json:"DriveId"`
	// Backups and Copies count what was not known before.
	Backups int           `json:"Backups"`
	Copies  int           `json:"Copies"`
	Files   []AdoptedFile `json:"Files"`
}

// AdoptedFile is what became of one file.
type AdoptedFile struct {
	Key string `json:"Key"`
	// BackupID is the backup that the copy belongs to; null when it was left out.
	BackupID *string `json:"BackupId"`
	// New says that the copy was not known before, FromManifest that a manifest
	// described it.
	New          bool `json:"New"`
	FromManifest bool `json:"FromManifest"`
	// Sealed says that it is encrypted, and that what it holds is not known yet.
	Sealed bool `json:"Sealed"`
	// Problem says why the file was left out; empty otherwise.
	Problem string `json:"Problem"`
}

// NewAdoption returns the API's form of what adopting a drive found.
func NewAdoption(r models.AdoptReport) Adoption {
	dto := Adoption{DriveID: r.DriveID, Backups: r.Backups, Copies: r.Copies, Files: make([]AdoptedFile, 0, len(r.Files))}
	for _, f := range r.Files {
		file := AdoptedFile{Key: f.Key, New: f.New, FromManifest: f.FromManifest, Sealed: f.Sealed, Problem: f.Problem}
		if f.BackupID != "" {
			file.BackupID = &f.BackupID
		}
		dto.Files = append(dto.Files, file)
	}
	return dto
}
