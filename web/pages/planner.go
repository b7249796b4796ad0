package pages

import (
	"context"

	"github.com/backupman/backupman/models"
)

// Planner is what pages ask of the service that keeps what people set up: sources,
// drives, jobs and notifiers beside those of the configuration file.
type Planner interface {
	// Kinds returns the kinds of sources, drives or notifiers with the settings that they
	// declare, in the order that forms show them.
	Kinds(kind models.PlanKind) []models.Kind
	// Origin tells where something comes from; models.ErrNotFound when it is not configured.
	Origin(ctx context.Context, kind models.PlanKind, label string) (models.Origin, error)
	// LeftOut returns what is set up and is no part of the plan, with the reasons.
	LeftOut(ctx context.Context) ([]models.LeftItem, error)
	// Place tells where the configuration file names something: the name of the file and the
	// line, 0 where that is not known; without such a thing the name is empty.
	Place(kind models.PlanKind, label string) (file string, line int)
	// Draft returns what is configured as a form shows it, of the file, too: Secrets has an
	// entry, empty, for each secret that is set.
	Draft(ctx context.Context, kind models.PlanKind, label string) (models.PlanDraft, error)
	// Check reads a draft as Save does and saves nothing. isNew says that its label must be free.
	// Its error is a models.FieldErrors when the draft has mistakes.
	Check(ctx context.Context, draft models.PlanDraft, isNew bool) error
	// Job returns the job that a draft of one would make, for previews; models.FieldErrors.
	Job(ctx context.Context, draft models.PlanDraft) (models.PlannedJob, error)
	// Try connects as the draft of a source or a drive says, with the secrets that are stored
	// where none was typed. The error is for a draft with mistakes; what it found is in the Trial.
	Try(ctx context.Context, draft models.PlanDraft) (models.Trial, error)
	// Save checks and keeps a draft, makes it part of the running configuration at once, and
	// returns its id, or its label for a notifier. isNew as in Check; models.ErrConflict for what
	// the configuration file names.
	Save(ctx context.Context, draft models.PlanDraft, isNew bool, by string) (id string, err error)
	// Dependents tells what would be left without something, as parts of a sentence such as
	// "the job nightly".
	Dependents(ctx context.Context, kind models.PlanKind, label string) ([]string, error)
	// Remove takes something out of the configuration. Backups and copies stay.
	// models.ErrConflict while something depends on it, and for what the file names.
	Remove(ctx context.Context, kind models.PlanKind, label, by string) error
}
