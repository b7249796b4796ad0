package adopt

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// record writes a backup down, or the copy that a known one lacks.
func (r *run) record(ctx context.Context, b models.Backup, m models.Manifest, told *models.AdoptedFile) error {
	isNew, copies, err := r.service.store.AdoptBackup(ctx, b, &m)
	if err != nil {
		return err
	}
	if isNew {
		r.report.Backups++
	}
	r.report.Copies += copies
	told.BackupID, told.New, told.Sealed = b.ID, copies > 0, m.Hidden()
	return nil
}

// backupOf is a backup that was found: finished, because what is there is whole as far
// as can be told, and not proven. crc is empty where it was not computed, verifiedAt nil
// where the copy was not compared.
func (r *run) backupOf(job models.Job, m models.Manifest, file drive.Stored, crc string, verifiedAt *time.Time) models.Backup {
	dumped := m.DumpedAt
	if dumped.IsZero() {
		dumped = m.CreatedAt
	}
	b := models.Backup{
		ID: m.BackupID, JobID: job.ID, Label: m.Job, SourceID: job.SourceID, Slot: "adopted:" + m.BackupID,
		Trigger: models.TriggerAdopt, Attempt: 1, Status: models.StatusFinished, Phase: models.PhaseVerifying,
		Compression: m.File.Compression, Encryption: m.File.Encryption, FileName: m.File.Name, Warnings: strings.Join(m.Inventory.Warnings, "\n"),
		RawSize: m.File.RawSize, Size: m.File.Size, SHA256: m.File.SHA256, CRC64: crc,
		CreatedAt: m.CreatedAt, DumpedAt: &dumped, SettledAt: &dumped,
	}
	if file.LocalPath != "" {
		b.DumpPath = &file.LocalPath
	}
	copied := models.DriveFile{BackupID: b.ID, DriveID: r.row.ID, Provider: r.row.Provider, Label: b.FileName, Key: file.Key,
		Path: &file.Path, Size: file.Size, Status: models.StatusFinished, VerifiedAt: verifiedAt, CreatedAt: b.CreatedAt}
	if !file.LockedUntil.IsZero() {
		copied.LockedUntil = &file.LockedUntil
	}
	b.DriveFiles = []models.DriveFile{copied}
	return b
}

// job returns the job that backups of a label belong to. It is asked for once.
func (r *run) job(ctx context.Context, label, source, provider string) (models.Job, error) {
	asked := jobKey{label, source, provider}
	if job, ok := r.jobs[asked]; ok {
		return job, nil
	}
	job, err := r.service.store.AdoptJob(ctx, label, source, provider)
	if err == nil {
		r.jobs[asked] = job
	}
	return job, err
}

// sameFile are the backups that the catalogue knows under one file name.
type sameFile []models.Backup

// known returns the backups of a file's name, which holds the second they were made.
func (r *run) known(ctx context.Context, name string, at time.Time) (sameFile, error) {
	var found sameFile
	second := at.UTC().Truncate(time.Second)
	filter := models.BackupFilter{Since: second, Until: second.Add(time.Second)}
	err := r.service.store.EachBackup(ctx, filter, func(b models.Backup) error {
		if b.FileName == name {
			found = append(found, b)
		}
		return nil
	})
	return found, err
}

// at returns the id of the backup that a copy is known to be of; empty when none is.
func (s sameFile) at(driveID, key string) string {
	for _, b := range s {
		if slices.ContainsFunc(b.DriveFiles, func(f models.DriveFile) bool { return f.DriveID == driveID && f.Key == key }) {
			return b.ID
		}
	}
	return ""
}

// of returns the id under which a dump is known, which is its own where there are two;
// empty when it is not known.
func (s sameFile) of(sha256, own string) string {
	id := ""
	for _, b := range s {
		if b.SHA256 == sha256 && (id == "" || b.ID == own) {
			id = b.ID
		}
	}
	return id
}
