package api

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/cron"
)

// Jobs is the envelope of the list of jobs.
type Jobs struct {
	Results []Job `json:"Results"`
	// LeftOut are those that are set up and do not run.
	LeftOut []LeftOut `json:"LeftOut"`
}

// LeftOut is a job that is set up and does not run, and why.
type LeftOut struct {
	// ID is null for one that never ran.
	ID     *string `json:"Id"`
	Label  string  `json:"Label"`
	Reason string  `json:"Reason"`
}

// Job is a configured job as the API tells it.
type Job struct {
	ID     string `json:"Id"`
	Label  string `json:"Label"`
	Source string `json:"Source"`
	// Drives are labels, in the order of the configuration.
	Drives []string `json:"Drives"`
	// Cron is what the configuration has; empty when the job runs only when asked. Schedule
	// says it in words where that can be done, and is empty otherwise.
	Cron     string `json:"Cron"`
	Schedule string `json:"Schedule"`
	Timezone string `json:"Timezone"`
	// Window is the part of the day in which runs may start, as "22:00-06:00" in the
	// job's zone; null for all day.
	Window *string `json:"Window"`
	// SpreadSeconds and TimeoutSeconds are null where there is none.
	SpreadSeconds  *float64 `json:"SpreadSeconds"`
	TimeoutSeconds *float64 `json:"TimeoutSeconds"`
	// PausedAt is since when the schedule is paused; null when it is not.
	PausedAt *time.Time `json:"PausedAt"`
	// NextRuns are the next slots, the nearest first; empty while nothing is planned.
	NextRuns  []time.Time `json:"NextRuns"`
	NextDrill *time.Time  `json:"NextDrill"`
	// Retention has the rules; null where everything is kept. DriveRetention has those of
	// drives that keep others, by the drive's label.
	Retention      *Rules           `json:"Retention"`
	DriveRetention map[string]Rules `json:"DriveRetention"`
	// Encryption is "age" or empty. LacksKit says that every run fails until somebody takes
	// the recovery kit.
	Encryption string `json:"Encryption"`
	LacksKit   bool   `json:"LacksKit"`
}

// JobDetail is one job with what happened to its slots and its copies.
type JobDetail struct {
	Job
	// Missed and Removals are newest first.
	Missed   []Missed  `json:"Missed"`
	Removals []Removal `json:"Removals"`
}

// Rules are rules of retention. A rule that is 0 is none.
type Rules struct {
	KeepLast int `json:"KeepLast"`
	Hourly   int `json:"Hourly"`
	Daily    int `json:"Daily"`
	Weekly   int `json:"Weekly"`
	Monthly  int `json:"Monthly"`
	Yearly   int `json:"Yearly"`
	// KeepWithinSeconds keeps what is younger, MaxSize bounds the bytes.
	KeepWithinSeconds int64 `json:"KeepWithinSeconds"`
	MaxSize           int64 `json:"MaxSize"`
}

// Missed are slots in a row whose runs were given up.
type Missed struct {
	First  time.Time `json:"First"`
	Last   time.Time `json:"Last"`
	Slots  int       `json:"Slots"`
	Reason string    `json:"Reason"`
}

// Removal is a copy that is being removed from a drive, or was.
type Removal struct {
	BackupID        string    `json:"BackupId"`
	BackupCreatedAt time.Time `json:"BackupCreatedAt"`
	DriveID         string    `json:"DriveId"`
	// Drive is a label; null when the drive is gone.
	Drive    *string `json:"Drive"`
	FileName string  `json:"FileName"`
	Size     int64   `json:"Size"`
	Reason   string  `json:"Reason"`
	// Tries counts how often the drive was asked; Error is what it said last, TryAt when
	// it is asked again, DoneAt when it confirmed; null for not.
	Tries     int        `json:"Tries"`
	Error     string     `json:"Error"`
	TryAt     *time.Time `json:"TryAt"`
	DoneAt    *time.Time `json:"DoneAt"`
	CreatedAt time.Time  `json:"CreatedAt"`
}

// RetentionPlan is what rules of retention say of all copies of a job.
type RetentionPlan struct {
	JobID string `json:"JobId"`
	// Rests says why nothing is removed now; empty when nothing forbids it.
	Rests string `json:"Rests"`
	// Removes and Keeps sum up what is below.
	Removes Sum `json:"Removes"`
	Keeps   Sum `json:"Keeps"`
	// Backups are newest first.
	Backups []BackupDecision `json:"Backups"`
}

// Sum counts copies and their bytes.
type Sum struct {
	Copies int   `json:"Copies"`
	Bytes  int64 `json:"Bytes"`
}

// BackupDecision is what the rules say of one backup.
type BackupDecision struct {
	ID        string         `json:"Id"`
	CreatedAt time.Time      `json:"CreatedAt"`
	Copies    []CopyDecision `json:"Copies"`
}

// CopyDecision is what the rules say of one copy.
type CopyDecision struct {
	DriveFileID string  `json:"DriveFileId"`
	DriveID     string  `json:"DriveId"`
	Drive       *string `json:"Drive"`
	Size        int64   `json:"Size"`
	Remove      bool    `json:"Remove"`
	// Reasons are parts of a sentence, the weightiest first.
	Reasons []string `json:"Reasons"`
}

// Pin is whether a backup is kept whatever the rules say.
type Pin struct {
	BackupID string `json:"BackupId"`
	// PinnedAt is when somebody asked for it; null when the backup is not pinned. Until
	// is null for ever.
	PinnedAt *time.Time `json:"PinnedAt"`
	Until    *time.Time `json:"Until"`
}

// labels are names of things by their ids.
type labels map[string]string

// label returns the name of an id, or nil for what is gone.
func (l labels) label(id string) *string {
	name, ok := l[id]
	if !ok {
		return nil
	}
	return &name
}

// newJob returns the API's form of a job. What the schedule says is left to the caller.
func newJob(j models.Job, sources, drives labels) Job {
	dto := Job{
		ID: j.ID, Label: j.Label, Source: sources[j.SourceID], Drives: []string{}, Cron: j.Cron, Schedule: cron.Describe(j.Cron), Timezone: zoneName(j),
		Window: orNull(j.Window), SpreadSeconds: seconds(j.Spread), TimeoutSeconds: seconds(j.Timeout), PausedAt: known(j.PausedAt),
		NextRuns: []time.Time{}, DriveRetention: map[string]Rules{}, Encryption: j.Encryption.Word(), LacksKit: j.LacksKit(),
	}
	for _, id := range j.DriveIDs {
		if name, ok := drives[id]; ok {
			dto.Drives = append(dto.Drives, name)
		}
	}
	if !j.Retention.IsZero() {
		rules := newRules(j.Retention)
		dto.Retention = &rules
	}
	for id, r := range j.DriveRetention {
		if name, ok := drives[id]; ok {
			dto.DriveRetention[name] = newRules(r)
		}
	}
	return dto
}

func zoneName(j models.Job) string {
	if j.Timezone == "" {
		return "UTC"
	}
	return j.Timezone
}

func newRules(r models.Retention) Rules {
	return Rules{KeepLast: r.Last, Hourly: r.Hourly, Daily: r.Daily, Weekly: r.Weekly, Monthly: r.Monthly, Yearly: r.Yearly,
		KeepWithinSeconds: int64(r.Within / time.Second), MaxSize: r.MaxSize}
}

func newMissed(all []models.Missed) []Missed {
	found := make([]Missed, 0, len(all))
	for _, m := range all {
		found = append(found, Missed{First: whole(m.First), Last: whole(m.Last), Slots: m.Slots, Reason: m.Reason})
	}
	return found
}

func newRemovals(all []models.Removal, drives labels) []Removal {
	found := make([]Removal, 0, len(all))
	for _, r := range all {
		found = append(found, Removal{BackupID: r.BackupID, BackupCreatedAt: whole(r.BackupMade), DriveID: r.DriveID, Drive: drives.label(r.DriveID),
			FileName: r.FileName, Size: r.Size, Reason: r.Reason, Tries: r.Tries, Error: r.Error, TryAt: known(r.TryAt), DoneAt: known(r.DoneAt), CreatedAt: whole(r.CreatedAt)})
	}
	return found
}

func newPlan(p models.RetentionPlan, drives labels) RetentionPlan {
	plan := RetentionPlan{JobID: p.Job.ID, Rests: p.Rests, Backups: make([]BackupDecision, 0, len(p.Backups))}
	for _, b := range p.Backups {
		told := BackupDecision{ID: b.Backup.ID, CreatedAt: whole(b.Backup.CreatedAt), Copies: make([]CopyDecision, 0, len(b.Copies))}
		for _, c := range b.Copies {
			sum := &plan.Keeps
			if c.Remove {
				sum = &plan.Removes
			}
			sum.Copies, sum.Bytes = sum.Copies+1, sum.Bytes+c.DriveFile.Size
			told.Copies = append(told.Copies, CopyDecision{DriveFileID: c.DriveFile.ID, DriveID: c.DriveFile.DriveID, Drive: drives.label(c.DriveFile.DriveID),
				Size: c.DriveFile.Size, Remove: c.Remove, Reasons: list(c.Reasons)})
		}
		plan.Backups = append(plan.Backups, told)
	}
	return plan
}

func newPin(b models.Backup) Pin {
	return Pin{BackupID: b.ID, PinnedAt: known(b.PinnedAt), Until: known(b.PinnedUntil)}
}
