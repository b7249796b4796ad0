package pages

import (
	"context"
	"io"
	"time"

	"github.com/backupman/backupman/models"
)

// Restores is what pages ask of the service that restores backups and proves them.
type Restores interface {
	// Plan tells what a restore would do, and touches nothing.
	Plan(ctx context.Context, req models.RestoreRequest) (models.RestorePlan, error)
	// Start begins a restore and returns once it is written down.
	Start(ctx context.Context, req models.RestoreRequest) (models.Restore, error)
	// Cancel asks for the end of one; models.ErrConflict when it has ended.
	Cancel(ctx context.Context, id string) error
	// StartDrill begins a drill and returns once it is written down.
	StartDrill(ctx context.Context, req models.DrillRequest) (models.Drill, error)
	// CancelDrill asks for the end of one; models.ErrConflict when it has ended.
	CancelDrill(ctx context.Context, id string) error
	// Receive keeps a dump file that a person sends, once it is checked.
	Receive(ctx context.Context, name string, unlock models.Unlock, content io.Reader) (models.Upload, error)
	// Upload returns one that was received, or models.ErrNotFound.
	Upload(ctx context.Context, id string) (models.Upload, error)
}

// Proof is what pages ask about restores, drills and alarms.
type Proof interface {
	Restore(ctx context.Context, id string) (models.Restore, error)
	Restores(ctx context.Context, f models.RestoreFilter, after models.Cursor, limit int) ([]models.Restore, error)
	Drill(ctx context.Context, id string) (models.Drill, error)
	RecentDrills(ctx context.Context, f models.DrillFilter, after models.Cursor, limit int) ([]models.Drill, error)
	Alarms(ctx context.Context, unseenOnly bool) ([]models.Alarm, error)
	UnseenAlarms(ctx context.Context, jobID string) ([]models.Alarm, error)
	SeeAlarm(ctx context.Context, id string, at time.Time) error
}
