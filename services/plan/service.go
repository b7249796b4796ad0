// Package plan keeps what people set up on pages: sources, drives, jobs and notifiers
// beside those of the configuration file, in the metadata database. It puts both together
// and makes them the catalog's plan; the file wins where both name one thing.
package plan

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// Store is what this package asks of the metadata database.
type Store interface {
	// PlanRevision is another word after every change of an item.
	PlanRevision(ctx context.Context) (string, error)
	PlanItems(ctx context.Context) ([]models.PlanItem, error)
	// PlanID returns the id of something that is, or was, configured; empty for none.
	PlanID(ctx context.Context, kind models.PlanKind, label string) (string, error)
	// SavePlanItem and RemovePlanItem return models.ErrBusy when the revision of the change
	// is not the present one.
	SavePlanItem(ctx context.Context, c models.PlanChange) error
	RemovePlanItem(ctx context.Context, c models.PlanChange) error
	// Sources, Drives and Jobs return those that are in use.
	Sources(ctx context.Context) ([]models.Source, error)
	Drives(ctx context.Context) ([]models.Drive, error)
	Jobs(ctx context.Context) ([]models.Job, error)
	// DriveTotals counts the copies on each drive, by the drive's id.
	DriveTotals(ctx context.Context) (map[string]models.DriveTotals, error)
	SourceByLabel(ctx context.Context, label string) (models.Source, error)
	DriveByLabel(ctx context.Context, label string) (models.Drive, error)
	JobByLabel(ctx context.Context, label string) (models.Job, error)
}

// Catalog holds the plan of the moment.
type Catalog interface {
	// Apply returns models.ErrBusy for a plan that others have outdated.
	Apply(ctx context.Context, plan models.Plan) error
	Load(plan models.Plan)
	// TrySource and TryDrive open what is not configured, or not yet so.
	TrySource(ctx context.Context, s models.Source) (source.Source, error)
	TryDrive(ctx context.Context, d models.Drive, p drive.Policy) (drive.Drive, error)
}

// Vault keeps secrets under names.
type Vault interface {
	StoredSecrets(ctx context.Context) ([]models.StoredSecret, error)
	SetSecrets(ctx context.Context, values map[string]models.Secret, by string, keep func([]models.StoredSecret) error) error
	Reveal(ctx context.Context, name string) (models.Secret, error)
}

// Reach is what a process may do to the rows that others use, too.
type Reach int

const (
	// Looks reads: rows stay as they are.
	Looks Reach = iota
	// Adds makes and changes the rows of its own plan.
	Adds
	// Rules makes its own plan the whole one. Without a configuration file it removes
	// nothing: that another process has none is no reason.
	Rules
)

// Options are what a Service is made of.
type Options struct {
	Store   Store
	Catalog Catalog
	Vault   Vault
	// Kinds are those of sources, drives and notifiers, as the file may name them.
	Kinds config.Options
	Reach Reach
	Log   *slog.Logger
}

// Service keeps what people set up. It is safe for concurrent use.
type Service struct {
	Options
	// applying lets one plan be applied at a time.
	applying sync.Mutex
	file     config.Config
	// compared says that the differences are known.
	compared bool
	current  atomic.Pointer[state]
	// taken is what another server has taken out of use; only Work uses it.
	taken map[name]bool

	mu          sync.Mutex
	changed     []func()
	differences []string
}

// New returns a Service that has nothing before Use.
func New(o Options) *Service {
	s := &Service{Options: o}
	s.current.Store(&state{})
	return s
}

// OnChange has a function called after the plan has changed.
func (s *Service) OnChange(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = append(s.changed, f)
}

func (s *Service) tellChange() {
	s.mu.Lock()
	told := s.changed
	s.mu.Unlock()
	for _, f := range told {
		f()
	}
}

// Plan returns the plan of the moment: file and pages together. Its secrets may be
// references.
func (s *Service) Plan() models.Plan { return s.current.Load().plan }

// Kinds returns the kinds that pages may set up, in the order that forms show them.
func (s *Service) Kinds(kind models.PlanKind) []models.Kind {
	var usable []models.Kind
	for _, k := range s.kinds(kind) {
		if k.Unsupported == "" {
			usable = append(usable, k)
		}
	}
	return usable
}

func (s *Service) kinds(kind models.PlanKind) []models.Kind {
	switch kind {
	case models.PlanSource:
		return s.Options.Kinds.Sources
	case models.PlanDrive:
		return s.Options.Kinds.Drives
	case models.PlanNotifier:
		return s.Options.Kinds.Notifiers
	}
	return nil
}

const (
	// lookEvery is how soon a change that another process made is noticed.
	lookEvery = 2 * time.Second
	// againAfter is after how many looks what could not be applied is tried again.
	againAfter = 30
	// compareEvery is how soon it is noticed that another server's configuration is another.
	compareEvery = 30 * time.Second
)

// Work notices what other processes change, until the context ends.
func (s *Service) Work(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	compare := time.NewTicker(compareEvery)
	defer compare.Stop()
	failing := false
	for look := 0; ; {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			look++
			err = s.follow(ctx, look%againAfter == 0)
		case <-compare.C:
			err = s.tellTaken(ctx)
		}
		if err != nil && !failing && ctx.Err() == nil {
			s.Log.Error("what other servers set up may not be noticed", "error", err)
		}
		failing = err != nil
	}
}

// follow applies what is set up once more when it has changed, and what could not be
// applied when that is to be tried again.
func (s *Service) follow(ctx context.Context, again bool) error {
	revision, err := s.Store.PlanRevision(ctx)
	if err != nil {
		return err
	}
	st := s.current.Load()
	if revision == st.revision && !(again && len(st.refused) > 0) {
		return nil
	}
	return s.apply(ctx)
}
