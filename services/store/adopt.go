package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// AdoptBackup records a finished backup that was found on a drive. One whose id is
// unknown is inserted with its drive files and its manifest, if there is one; a known
// one gets the drive files that it lacks, by drive and key, and is otherwise left as it
// is. Drive files without an id get one of the backup's own moment, because the age of
// a copy is told by its id.
//
// It returns models.ErrNotFound when there is no such job, and models.ErrConflict when
// the known backup is of another dump, or when a copy is being removed from its drive.
func (s *Store) AdoptBackup(ctx context.Context, b models.Backup, m *models.Manifest) (newBackup bool, newCopies int, err error) {
	if err := adoptable(b); err != nil {
		return false, 0, err
	}
	b, files := insertable(b)
	if b.Slot == "" {
		b.Slot = "adopted:" + b.ID
	}
	err = s.write(ctx, "adopt the backup "+b.ID, func(tx *gorm.DB) error {
		if _, err := lockJob(tx, b.JobID); err != nil {
			return err
		}
		if err := mayAdopt(tx, files); err != nil {
			return err
		}
		known, err := lockBackup(tx, b.ID)
		switch newBackup = isNotFound(err); {
		case newBackup:
			newCopies = len(files)
			return insertAdopted(tx, b, withIDs(b.ID, files), m)
		case err != nil:
			return err
		}
		newCopies, err = addCopies(tx, known, b, files)
		return err
	})
	if err != nil {
		return false, 0, err
	}
	return newBackup, newCopies, nil
}

func adoptable(b models.Backup) error {
	if err := models.CheckID(b.ID); err != nil {
		return err
	}
	if b.Status != models.StatusFinished {
		return models.Invalidf("the backup %s cannot be adopted as %q: only what is finished can", b.ID, b.Status)
	}
	return nil
}

// mayAdopt returns models.ErrConflict for a copy whose drive has still to remove it.
func mayAdopt(tx *gorm.DB, files []models.DriveFile) error {
	for _, f := range files {
		going, err := removing(tx, f.DriveID, f.Key)
		if err != nil {
			return err
		}
		if going {
			return models.Conflictf("%s is being removed from the drive, because no rule of retention kept it", f.Key)
		}
	}
	return nil
}

func insertAdopted(tx *gorm.DB, b models.Backup, files []models.DriveFile, m *models.Manifest) error {
	if err := insertWithFiles(tx, b, files); err != nil {
		return err
	}
	if m == nil {
		return nil
	}
	return saveManifest(tx, b.ID, *m)
}

// withIDs gives ids to the files that have none: the moment of the backup's id, a
// version 7 UUID of RFC 9562, with another random part.
func withIDs(backupID string, files []models.DriveFile) []models.DriveFile {
	const moment = len("0197c9a4-5b1e")
	for i := range files {
		if files[i].ID == "" {
			files[i].ID = backupID[:moment] + models.NewID()[moment:]
		}
	}
	return files
}

// addCopies inserts the files that a known backup lacks, and returns how many.
func addCopies(tx *gorm.DB, known, b models.Backup, files []models.DriveFile) (int, error) {
	var there []models.DriveFile
	if err := tx.Where("backup_id = ?", known.ID).Find(&there).Error; err != nil {
		return 0, err
	}
	type place struct{ drive, key string }
	taken := map[place]bool{}
	for _, f := range there {
		taken[place{f.DriveID, f.Key}] = true
	}
	var lacking []models.DriveFile
	for _, f := range files {
		if !taken[place{f.DriveID, f.Key}] {
			f.CreatedAt = known.CreatedAt
			lacking = append(lacking, f)
		}
	}
	if len(lacking) == 0 {
		return 0, nil
	}
	if known.SHA256 != b.SHA256 {
		return 0, models.Conflictf("the backup %s is known with another dump than the file %s has: rename one of them, or remove the file", known.ID, lacking[0].Key)
	}
	lacking = withIDs(known.ID, lacking)
	return len(lacking), tx.Create(&lacking).Error
}

// AdoptJob returns the job of a label, also one that left the configuration. Where
// there is none it makes one, and its source, as removed: backups of a lost server
// have a job to belong to, and a configuration that names the labels takes both over.
// It returns models.ErrConflict when the source is known as another kind of database.
func (s *Store) AdoptJob(ctx context.Context, label, sourceLabel, provider string) (models.Job, error) {
	if label == "" || sourceLabel == "" {
		return models.Job{}, models.Invalidf("a backup cannot be adopted without the labels of its job and of its source")
	}
	var job models.Job
	err := s.locked(ctx, "plan", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) (err error) {
			job, err = adoptJob(tx, label, models.Source{Label: sourceLabel, Provider: provider})
			return err
		})
	})
	return job, s.fault("adopt the job "+label, err)
}

func adoptJob(tx *gorm.DB, label string, source models.Source) (models.Job, error) {
	var job models.Job
	if err := tx.Take(&job, "label = ?", label).Error; !isMissing(err) {
		return job, err
	}
	source, err := adoptSource(tx, source)
	if err != nil {
		return job, err
	}
	now := models.Now()
	job = models.Job{
		ID: models.NewID(), Label: label, SourceID: source.ID, DriveIDs: []string{},
		Compression: models.CompressionZstd, CreatedAt: now, RemovedAt: &now,
	}
	return job, tx.Create(&job).Error
}

func adoptSource(tx *gorm.DB, s models.Source) (models.Source, error) {
	var known models.Source
	err := tx.Take(&known, "label = ?", s.Label).Error
	switch {
	case err == nil && known.Provider != s.Provider:
		return known, models.Conflictf("the data source %q is of the kind %s, and the backup on the drive is of %s: give the data source another label", s.Label, known.Provider, s.Provider)
	case !isMissing(err):
		return known, err
	}
	now := models.Now()
	s.ID, s.Settings, s.CreatedAt, s.RemovedAt = models.NewID(), models.Settings{}, now, &now
	return s, tx.Create(&s).Error
}
