package models

// Deletion is what deleting a backup by hand would do, or has done.
type Deletion struct {
	// Backup has all its drive files.
	Backup Backup
	Copies []CopyDeletion
	// Refused is the sentence that says why it cannot be deleted now; empty when it can.
	Refused string
	// Dear are what would be missed of it, as parts of a sentence such as "the newest proven
	// backup of shop-nightly": it is only deleted by who says that this is meant.
	Dear []string
}

// CopyDeletion is one copy that goes with its backup.
type CopyDeletion struct {
	DriveFile DriveFile
	// Drive is the label of the drive.
	Drive string
	// Notes are sentences about what becomes of the copy other than that it goes at once.
	Notes []string
}

// Bytes is what the finished copies take up.
func (d Deletion) Bytes() int64 {
	var all int64
	for _, c := range d.Copies {
		if c.DriveFile.Status == StatusFinished {
			all += c.DriveFile.Size
		}
	}
	return all
}
