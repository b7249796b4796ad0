package api

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
)

// Drills is the envelope of the list of drills.
type Drills struct {
	Results []Drill `json:"Results"`
}

// Drill is a drill as the API tells it.
type Drill struct {
	ID       string `json:"Id"`
	BackupID string `json:"BackupId"`
	// DriveFileID is the copy that was read; null until one was chosen.
	DriveFileID *string `json:"DriveFileId"`
	Trigger     string  `json:"Trigger"`
	// Outcome is proven, disproven or unverified; null while the drill runs.
	Outcome *string `json:"Outcome"`
	Phase   string  `json:"Phase"`
	// Level is how far it came: stored, decodes, restores or equals; null for nowhere.
	Level *string `json:"Level"`
	// Reasons are sentences: what was compared, or what differs, or why it could not be told.
	Reasons []string `json:"Reasons"`
	// Scratch is temporary, or the label of a data source; Server the version of the server.
	Scratch string `json:"Scratch"`
	Server  string `json:"Server"`
	// Done and Total are bytes of the present phase; Total is 0 while it is not known.
	Done  int64 `json:"Done"`
	Total int64 `json:"Total"`
	// RestoreSeconds is how long the restore alone took, Seconds the whole drill.
	RestoreSeconds *float64   `json:"RestoreSeconds"`
	Seconds        *float64   `json:"Seconds"`
	CreatedAt      time.Time  `json:"CreatedAt"`
	SettledAt      *time.Time `json:"SettledAt"`
}

// NewDrill returns the API's form of a drill.
func NewDrill(d models.Drill) Drill {
	return Drill{
		ID: d.ID, BackupID: d.BackupID, DriveFileID: orNull(d.DriveFileID), Trigger: string(d.Trigger), Outcome: orNull(string(d.Outcome)), Phase: string(d.Phase),
		Level: orNull(string(d.Level)), Reasons: list(human.Lines(d.Reason)), Scratch: d.Scratch, Server: d.Server, Done: d.Done, Total: d.Total,
		RestoreSeconds: seconds(d.RestoreTook), Seconds: seconds(d.Duration), CreatedAt: whole(d.CreatedAt), SettledAt: known(d.SettledAt),
	}
}

func newDrills(all []models.Drill) []Drill {
	found := make([]Drill, 0, len(all))
	for _, d := range all {
		found = append(found, NewDrill(d))
	}
	return found
}

// Proof is how well a backup is proven.
type Proof struct {
	BackupID string `json:"BackupId"`
	// State is proven, disproven or unproven.
	State string `json:"State"`
	// Level is the furthest that the newest drill came; null for nowhere.
	Level *string `json:"Level"`
	// ProvenAt is when it was last found equal, DisprovenAt when it was found not to be, and
	// DrilledAt when the newest drill ended; null for never.
	ProvenAt    *time.Time `json:"ProvenAt"`
	DisprovenAt *time.Time `json:"DisprovenAt"`
	DrilledAt   *time.Time `json:"DrilledAt"`
	// RestoreSeconds is how long the newest restore took; null while it is not known.
	RestoreSeconds *float64 `json:"RestoreSeconds"`
	// Drills are newest first, those that run among them.
	Drills []Drill `json:"Drills"`
}

// NewProof returns the API's form of what is known of a backup's proof.
func NewProof(b models.Backup, drills []models.Drill) Proof {
	p := Proof{
		BackupID: b.ID, State: "unproven", Level: orNull(string(b.ProofLevel)), ProvenAt: known(b.ProvenAt), DisprovenAt: known(b.DisprovenAt),
		DrilledAt: known(b.DrilledAt), RestoreSeconds: seconds(b.RestoreTook), Drills: newDrills(drills),
	}
	switch {
	case b.DisprovenAt != nil:
		p.State = "disproven"
	case b.ProvenAt != nil:
		p.State = "proven"
	}
	return p
}

// Alarms is the envelope of the list of alarms.
type Alarms struct {
	Results []Alarm `json:"Results"`
}

// Alarm is something about a job that a person must look at.
type Alarm struct {
	ID       string `json:"Id"`
	JobID    string `json:"JobId"`
	BackupID string `json:"BackupId"`
	// Kind is disproven or anomaly.
	Kind      string     `json:"Kind"`
	Sentences []string   `json:"Sentences"`
	CreatedAt time.Time  `json:"CreatedAt"`
	SeenAt    *time.Time `json:"SeenAt"`
}

// NewAlarms returns the API's form of alarms.
func NewAlarms(all []models.Alarm) Alarms {
	found := Alarms{Results: make([]Alarm, 0, len(all))}
	for _, a := range all {
		found.Results = append(found.Results, Alarm{ID: a.ID, JobID: a.JobID, BackupID: a.BackupID, Kind: string(a.Kind),
			Sentences: list(human.Lines(a.Sentence)), CreatedAt: whole(a.CreatedAt), SeenAt: known(a.SeenAt)})
	}
	return found
}
