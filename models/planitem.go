package models

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// PlanKind says what a PlanItem is.
type PlanKind string

// The kinds of things that people set up, in the words of the configuration file.
const (
	PlanSource   PlanKind = "source"
	PlanDrive    PlanKind = "drive"
	PlanJob      PlanKind = "job"
	PlanNotifier PlanKind = "notifier"
)

// PlanItem is a source, a drive, a job or a notifier that was set up on a page or by the
// API, and is kept in the metadata database beside what the configuration file names.
type PlanItem struct {
	Kind PlanKind `gorm:"primaryKey;size:16"`
	// Label names it among its kind. It does not change: copies lie in folders of that name.
	Label string `gorm:"primaryKey;size:255"`
	// Fields are what the configuration file would say of it, by dotted keys such as
	// "provider", "db_name", "retention.daily" or "drill.after_backup"; lists are one entry a
	// line. Its secrets are references to stored ones, ${secret:NAME}.
	Fields Settings `gorm:"serializer:json;type:mediumtext"`
	// Unreadable says that the fields can't be read, and are none therefore.
	Unreadable bool       `gorm:"-"`
	CreatedBy  string     `gorm:"size:255;not null"`
	UpdatedBy  string     `gorm:"size:255;not null"`
	CreatedAt  time.Time  `gorm:"precision:6;not null"`
	UpdatedAt  *time.Time `gorm:"precision:6;autoUpdateTime:false"`
}

// LeftItem is a PlanItem that is no part of the running configuration.
type LeftItem struct {
	Kind  PlanKind
	Label string
	// ID is the one that it has, or had; empty when it never ran, and for notifiers.
	ID string
	// Reason says why it is left out.
	Reason string
}

// PlanDraft is a PlanItem as a form sends it.
type PlanDraft struct {
	Kind  PlanKind
	Label string
	// Fields are those of PlanItem without the secrets.
	Fields Settings
	// Secrets are those that were typed, by the names of their settings. One that is not
	// there stays as it is.
	Secrets map[string]Secret
	// Forget names the secrets that are taken away.
	Forget []string
	// Version tells what the draft was made from; what was saved again since is not replaced.
	// An empty one replaces whatever is there.
	Version string
	// Moved says of a drive whose place changes that its copies were moved there.
	Moved bool
}

// OutdatedError says that something was saved again since it was read. It is an ErrConflict.
type OutdatedError struct {
	*Fault
	// Version is that of what is saved now.
	Version string
}

// Unwrap makes errors.As and errors.Is find the fault.
func (e *OutdatedError) Unwrap() error { return e.Fault }

// PlanChange saves or removes a PlanItem, with the secrets that go with it.
type PlanChange struct {
	Item PlanItem
	// New says that nothing of its kind and label may have been saved before.
	New bool
	// Revision is the PlanRevision that the change was checked against.
	Revision string
	// Secrets are stored with the item, and those named by Forget are removed.
	Secrets []StoredSecret
	Forget  []string
}

// Origin says where something that is configured comes from.
type Origin string

// The origins.
const (
	// OriginFile is the configuration file, which pages show and never change.
	OriginFile Origin = "file"
	// OriginPage is the metadata database: pages and the API change it.
	OriginPage Origin = "page"
)

// FieldErrors are what is wrong with a form, as sentences by the names of its fields; ""
// is for what concerns all of it. It is an ErrInvalid.
type FieldErrors map[string]string

// Error tells every mistake, by the names of the fields.
func (e FieldErrors) Error() string {
	var all []string
	for _, field := range slices.Sorted(maps.Keys(e)) {
		all = append(all, e[field])
	}
	return strings.Join(all, "; ")
}

// Unwrap makes errors.Is(err, ErrInvalid) hold.
func (e FieldErrors) Unwrap() error { return ErrInvalid }

// Trial is what trying a source or a drive found, before it is saved.
type Trial struct {
	// Source is for sources, Drive for drives; the other is nil.
	Source *SourceReport
	Drive  *DriveCheck
	// Error is the sentence that says why it could not be tried, or does not work; empty
	// when it works.
	Error string
	Took  time.Duration
}

// Good reports whether it works.
func (t Trial) Good() bool {
	return t.Error == "" && (t.Source == nil || len(t.Source.Problems) == 0) && (t.Drive == nil || t.Drive.Good())
}

// Reached reports whether a source answered, whatever its account lacks.
func (t Trial) Reached() bool {
	return t.Error == "" && t.Source != nil && (t.Source.ServerVersion != "" || len(t.Source.Problems) == 0)
}
