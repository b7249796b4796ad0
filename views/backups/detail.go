package backups

import (
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/alarms"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/runs"
)

// Facts is everything that is known of one backup.
type Facts struct {
	Backup models.Backup
	Known  Known
	// Provider is the kind of the source; empty when it is gone and left no manifest.
	Provider string
	// Manifest is nil until the dump has proven itself.
	Manifest *models.Manifest
	// Drills are newest first.
	Drills []models.Drill
	// Alarms are those about this backup that nobody has looked at.
	Alarms []models.Alarm
	// Log is the end of the log, LogLength how many bytes all of it has.
	Log       string
	LogLength int
	// DrillAfter says that the job drills each of its backups when it has finished.
	DrillAfter bool
	// JobGone says that the job is not in the configuration any more.
	JobGone bool
	// Zone is where the job's clock hangs; nil is UTC.
	Zone *time.Location
	// PinRefused is a pin that was asked for and not made; zero otherwise.
	PinRefused PinRefused
	// Comparison is how the newest comparison of the copies stands that was asked for
	// on this page; nil when there was none.
	Comparison *Comparison
	// Owners are what its failure can be about.
	Owners Owners
	// Look is what the page saw of a running drill before.
	Look runs.Look
}

// DetailView is the page of one backup.
type DetailView struct {
	Page layout.Page
	Body Body
	Rest Rest
}

// Body is the part of the page that changes while the backup is pending, and while its
// copies are compared or a drill of it runs.
type Body struct {
	ID, Label string
	Status    models.Status
	Chips     []components.Chip
	FileName  string
	Created   components.Moment
	Trigger   string
	// Attempt is the number of the try, from 1.
	Attempt int
	Took    string
	// Run is nil once the backup is settled, Failure unless it has failed.
	Run     *Run
	Failure *Failure
	// Comparison is nil when the copies were not compared lately.
	Comparison *ComparisonNote
	Alarms     []alarms.View
	// Proof is nil while the backup is pending.
	Proof *Proof
	// JobPath leads to the page of the job.
	JobPath string
	// RestorePath and ComparePath are empty while there is nothing to restore or compare.
	RestorePath, ComparePath string
	// DeletePath is empty while the backup is pending, and where no copy could be removed.
	DeletePath    string
	Warnings      []string
	RawSize, Size int64
	SHA256        string
	// DumpPath is empty when the dump is nowhere on this machine.
	DumpPath string
	// Lock is nil where nothing is encrypted.
	Lock    *Lock
	Copies  []Copy
	Actions []components.Action
}

// Copy is one copy on one drive.
type Copy struct {
	ID, Drive, Provider, Path string
	Chip                      components.Chip
	Error                     string
	// Healing says when a failed copy is made again, and what becomes of one that could not
	// be read; empty for others.
	Healing string
	// AfterCheck says that a check of the drive makes that happen, and DrivePath where
	// it can be asked for.
	AfterCheck bool
	DrivePath  string
	// Locked is the time before which the copy cannot be deleted; empty when it can.
	Locked string
	Size   int64
	// Sent says how much of a copy that is being made the drive has taken.
	Sent     string
	Verified components.Moment
	// DownloadPath is empty while there is nothing to download.
	DownloadPath string
}

// Rest is the part of the page that stays once the backup is settled.
type Rest struct {
	Settled bool
	// Log is the end of the log, LogPath where all of it is.
	Log, LogPath string
	Contents     *Contents
	ByHand       ByHand
	// Pin is nil where there is nothing to keep. It is here because what is typed into it
	// stays while the changing part is drawn anew.
	Pin *Pin
	// Swapped says that the part goes with a fragment and replaces the page's own.
	Swapped bool
}

// NewDetailView builds the page.
func NewDetailView(page layout.Page, f Facts, now time.Time) DetailView {
	return DetailView{Page: page, Body: NewBody(f, now), Rest: NewRest(f, now)}
}

// NewBody builds the changing part.
func NewBody(f Facts, now time.Time) Body {
	b := f.Backup
	body := Body{
		ID: b.ID, Label: b.Label, Status: b.Status, Chips: chips(b), FileName: b.FileName,
		Created: components.Ago(now, &b.CreatedAt), Trigger: TriggerWords(b.Trigger), Attempt: b.Attempt,
		Took: took(b, now), RawSize: b.RawSize, Size: b.Size, SHA256: b.SHA256,
		Warnings: human.Lines(b.Warnings), Actions: actions(f), Comparison: newComparisonNote(f, now), JobPath: "/jobs/" + b.JobID,
	}
	if body.Lock = newLock(f); body.Lock != nil {
		body.Chips = append(body.Chips, components.Chip{Tone: components.ToneQuiet, Icon: "shield", Text: "Encrypted"})
	}
	if b.Pinned(now) {
		body.Chips = append(body.Chips, components.Chip{Tone: components.ToneQuiet, Icon: "pin", Text: "Pinned"})
	}
	if b.DumpPath != nil {
		body.DumpPath = *b.DumpPath
	}
	switch b.Status {
	case models.StatusPending:
		run := NewRun(RunFacts{Backup: b, Known: f.Known, Log: f.Log, LogLength: f.LogLength}, now)
		body.Run = &run
	case models.StatusFailed:
		body.Failure = newFailure(f, now)
	}
	for _, a := range f.Alarms {
		body.Alarms = append(body.Alarms, alarms.New(a, b.Label, true, now))
	}
	if b.Status.Settled() && len(b.DriveFiles) > 0 {
		body.DeletePath = Path(b.ID) + "/delete"
	}
	if b.Status == models.StatusFinished || b.Status.Settled() && len(f.Drills) > 0 {
		body.Proof = newProof(f, now)
	}
	if b.Status.Settled() && anyFinished(b) {
		body.RestorePath = Path(b.ID) + "/restore"
	}
	if f.Manifest != nil && b.Status.Settled() {
		body.ComparePath = Path(b.ID) + "/compare"
	}
	for _, df := range b.DriveFiles {
		body.Copies = append(body.Copies, newCopy(b, df, f.Known, now))
	}
	return body
}

// NewRest builds the part that stays.
func NewRest(f Facts, now time.Time) Rest {
	r := Rest{Settled: f.Backup.Status.Settled(), Log: lastLines(f.Log, shownLines), LogPath: Path(f.Backup.ID) + "/log", Pin: newPin(f, now)}
	if f.Manifest != nil {
		contents := NewContents(*f.Manifest)
		r.Contents = &contents
	}
	if f.Backup.Status.Settled() && anyFinished(f.Backup) {
		r.ByHand = NewByHand(f.Provider, handFile(f.Backup), inventory(f.Manifest), f.Backup.SHA256, newLock(f))
		if handFile(f.Backup) == f.Backup.FileName {
			r.ByHand.From = placesOf(f.Backup.DriveFiles, f.Known.Drives)
		}
	}
	return r
}

func newCopy(b models.Backup, f models.DriveFile, k Known, now time.Time) Copy {
	c := Copy{
		ID: f.ID, Drive: "a drive that is gone", Provider: ProviderName(f.Provider), Chip: copyChip(b, f),
		DrivePath: "/drives#drive-" + f.DriveID, Error: human.Own("drive", f.Error), Size: f.Size, Verified: components.Ago(now, f.VerifiedAt),
	}
	if d, ok := k.Drives[f.DriveID]; ok {
		c.Drive = d.Label
	}
	if f.Path != nil {
		c.Path = *f.Path
	}
	if f.Status == models.StatusFinished {
		c.DownloadPath = Path(f.BackupID) + "/files/" + f.ID
	}
	if f.Unread() {
		c.Error = human.Own("drive", f.UnreadError)
	}
	if f.Status == models.StatusPending {
		c.Sent, c.Size = sent(b, f), 0
	}
	if f.LockedUntil != nil && f.LockedUntil.After(now) {
		c.Locked = human.Exact(*f.LockedUntil)
	}
	c.Healing, c.AfterCheck = healing(b, f, now)
	return c
}

// sent says how much of a copy a drive has taken, and of how much where that is known.
func sent(b models.Backup, f models.DriveFile) string {
	switch {
	case f.Size == 0:
		return ""
	case b.DumpedAt == nil:
		return human.Bytes(f.Size) + " sent"
	}
	return human.Bytes(min(f.Size, b.Size)) + " of " + human.Bytes(b.Size) + " sent"
}

func anyFinished(b models.Backup) bool {
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusFinished {
			return true
		}
	}
	return false
}

func inventory(m *models.Manifest) models.Inventory {
	if m == nil {
		return models.Inventory{}
	}
	return m.Inventory
}

// restoresFirst reports whether restoring is what most people come to the page for: the
// backup is whole, and nothing about it asks for something else first.
func (b Body) restoresFirst() bool {
	return b.Failure == nil && (b.Proof == nil || b.Proof.Drill == nil || !b.Proof.Drill.Primary)
}
