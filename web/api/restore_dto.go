package api

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// Restorations is the envelope of the list of restores.
type Restorations struct {
	Results []Restore `json:"Results"`
}

// Restore is a restore as the API tells it.
type Restore struct {
	ID     string `json:"Id"`
	Status string `json:"Status"`
	Phase  string `json:"Phase"`
	// BackupID is null for an uploaded file, DriveFileID while no copy is chosen.
	BackupID    *string       `json:"BackupId"`
	DriveFileID *string       `json:"DriveFileId"`
	FileName    string        `json:"FileName"`
	Label       string        `json:"Label"`
	Provider    string        `json:"Provider"`
	Target      RestoreTarget `json:"Target"`
	// Tables are those that were asked for; empty is everything.
	Tables  []TableName `json:"Tables"`
	Replace bool        `json:"Replace"`
	// SafetyBackupID is the backup of what was overwritten; null when there is none.
	SafetyBackupID *string `json:"SafetyBackupId"`
	Trigger        string  `json:"Trigger"`
	// Error says why it failed and what the target holds now; empty otherwise.
	Error    string   `json:"Error"`
	Warnings []string `json:"Warnings"`
	// Done and Total are bytes of the present phase; Total is 0 while it is not known.
	Done  int64 `json:"Done"`
	Total int64 `json:"Total"`
	// RestoreSeconds is how long writing into the target took; null before.
	RestoreSeconds *float64   `json:"RestoreSeconds"`
	CreatedAt      time.Time  `json:"CreatedAt"`
	SettledAt      *time.Time `json:"SettledAt"`
}

// RestoreTarget is where a backup is restored to.
type RestoreTarget struct {
	Kind string `json:"Kind"`
	// Source is the label of the data source; empty for a file.
	Source string `json:"Source"`
	// Name is the database, or the path of a file.
	Name string `json:"Name"`
}

// TableName names one table; Schema is empty where the engine has none.
type TableName struct {
	Schema string `json:"Schema"`
	Name   string `json:"Name"`
}

// NewRestore returns the API's form of a restore.
func NewRestore(r models.Restore) Restore {
	return Restore{
		ID: r.ID, Status: string(r.Status), Phase: string(r.Phase), BackupID: orNull(r.BackupID), DriveFileID: orNull(r.DriveFileID),
		FileName: r.FileName, Label: r.Label, Provider: r.Provider,
		Target: RestoreTarget{Kind: string(r.TargetKind), Source: r.TargetLabel, Name: r.TargetName}, Tables: tableNames(r.Tables), Replace: r.Replace,
		SafetyBackupID: orNull(r.SafetyBackupID), Trigger: string(r.Trigger), Error: r.Error, Warnings: list(human.Lines(r.Warnings)),
		Done: r.Done, Total: r.Total, RestoreSeconds: seconds(r.RestoreTook), CreatedAt: whole(r.CreatedAt), SettledAt: known(r.SettledAt),
	}
}

func newRestores(all []models.Restore) []Restore {
	found := make([]Restore, 0, len(all))
	for _, r := range all {
		found = append(found, NewRestore(r))
	}
	return found
}

// RestorePlan is what a restore would do.
type RestorePlan struct {
	Label    string        `json:"Label"`
	Provider string        `json:"Provider"`
	Size     int64         `json:"Size"`
	RawSize  int64         `json:"RawSize"`
	Target   RestoreTarget `json:"Target"`
	// Exists says that the target is there, Server is its version.
	Exists bool   `json:"Exists"`
	Server string `json:"Server"`
	// Bytes is the engine's estimate of what the target holds, ChangedAt its newest change where
	// the engine tells.
	Bytes     int64      `json:"Bytes"`
	ChangedAt *time.Time `json:"ChangedAt"`
	// Encryption is "age" or empty. Locked says what is missing to open the dump; empty
	// when nothing is.
	Encryption string `json:"Encryption"`
	Locked     string `json:"Locked"`
	// Copies are the good ones, fastest first.
	Copies []PlanCopy `json:"Copies"`
	// Overwrites are the tables that would be replaced. NeedsReplace says that the target
	// is not empty, so that Replace must be asked for.
	Overwrites   []TargetTable `json:"Overwrites"`
	NeedsReplace bool          `json:"NeedsReplace"`
	// Confirm is what must be sent as Confirm to start it.
	Confirm string `json:"Confirm"`
	// SafetyJob makes the safety backup; empty when none can be made, and NoSafety says why.
	SafetyJob string `json:"SafetyJob"`
	NoSafety  string `json:"NoSafety"`
	// Problems keep the restore from being started; Warnings do not.
	Problems []string `json:"Problems"`
	Warnings []string `json:"Warnings"`
	// LastSeconds is how long the newest restore of this backup took; null when none is known.
	LastSeconds *float64 `json:"LastSeconds"`
}

// PlanCopy is one copy that could be read.
type PlanCopy struct {
	DriveFileID string `json:"DriveFileId"`
	DriveID     string `json:"DriveId"`
	Drive       string `json:"Drive"`
	Provider    string `json:"Provider"`
	Proposed    bool   `json:"Proposed"`
	Why         string `json:"Why"`
}

// TargetTable is one table that a target holds now. Rows is null where the engine does not tell.
type TargetTable struct {
	TableName
	Rows  *int64 `json:"Rows"`
	Bytes int64  `json:"Bytes"`
}

// NewRestorePlan returns the API's form of a plan.
func NewRestorePlan(p models.RestorePlan) RestorePlan {
	dto := RestorePlan{
		Label: p.Label, Provider: p.Provider, Size: p.Size, RawSize: p.RawSize, Encryption: p.File.Encryption, Locked: p.Locked,
		Target: RestoreTarget{Kind: string(p.Request.Target.Kind), Source: p.TargetLabel, Name: p.TargetName},
		Exists: p.Target.Exists, Server: p.Target.Server, Bytes: p.Target.Size, ChangedAt: known(p.Target.ChangedAt),
		Copies: make([]PlanCopy, 0, len(p.Copies)), Overwrites: make([]TargetTable, 0, len(p.Overwrites)), NeedsReplace: p.NeedsReplace, Confirm: p.Confirm,
		SafetyJob: p.SafetyJob, NoSafety: p.NoSafety, Problems: list(p.Problems), Warnings: list(p.Warnings), LastSeconds: seconds(p.LastTook),
	}
	for _, c := range p.Copies {
		dto.Copies = append(dto.Copies, PlanCopy(c))
	}
	for _, t := range p.Overwrites {
		dto.Overwrites = append(dto.Overwrites, TargetTable{TableName: TableName(t.TableName), Rows: told(t.Rows), Bytes: t.Bytes})
	}
	return dto
}

func tableNames(all []models.TableName) []TableName {
	found := make([]TableName, 0, len(all))
	for _, t := range all {
		found = append(found, TableName(t))
	}
	return found
}

// orNull returns nil for an empty word.
func orNull(word string) *string {
	if word == "" {
		return nil
	}
	return &word
}

// seconds returns nil for a time that was not measured.
func seconds(d time.Duration) *float64 {
	if d <= 0 {
		return nil
	}
	s := d.Round(time.Millisecond).Seconds()
	return &s
}

// list is never null.
func list(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}
