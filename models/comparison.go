package models

// ChangeKind is what happened to a thing between two backups.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
)

// TableChange is how one table differs between two backups of a job.
type TableChange struct {
	TableName
	Kind ChangeKind
	// RowsBefore and RowsAfter, BytesBefore and BytesAfter are 0 on the side where there
	// is no such table.
	RowsBefore, RowsAfter   int64
	BytesBefore, BytesAfter int64
	// SameRows says that the counts are equal and the digests are not: other values.
	SameRows bool
	// Definition says that the table itself is made in another way.
	Definition bool
}

// ObjectChange is how one object other than a table's rows differs.
type ObjectChange struct {
	Object Object
	Kind   ChangeKind
}

// Comparison is how a later backup of a job differs from an earlier one.
type Comparison struct {
	Tables  []TableChange
	Objects []ObjectChange
	// Equal counts the tables that hold the same rows in both.
	Equal int
	// RowsBefore and RowsAfter, BytesBefore and BytesAfter are of all tables together.
	RowsBefore, RowsAfter   int64
	BytesBefore, BytesAfter int64
	// Notes are sentences about what could not be compared, such as definitions of a
	// backup made by an older version, or digests of different tools.
	Notes []string
}

// Anomaly is something about a backup that is far from what its job usually holds.
type Anomaly struct {
	// Table is empty when it is about the whole backup.
	Table    TableName
	Sentence string
}

// AdoptedFile is what became of one file on a drive that was adopted.
type AdoptedFile struct {
	Key string
	// BackupID is the backup that the copy belongs to now; empty when it was left out.
	BackupID string
	// New says that the copy was not known before.
	New bool
	// FromManifest says that a manifest described it; without one it was read whole.
	FromManifest bool
	// Sealed says that it is encrypted, and that what it holds is not known before
	// somebody has opened it with the key.
	Sealed bool
	// Problem is a sentence that says why the file was left out; empty otherwise.
	Problem string
}

// AdoptReport is what adopting a drive found.
type AdoptReport struct {
	DriveID string
	Files   []AdoptedFile
	// Backups and Copies count what the catalogue did not know before.
	Backups int
	Copies  int
}
