package notify

import (
	"context"
	"crypto/x509"
	"log/slog"
	"sync"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

const (
	// lookEvery is how often is looked for what has happened, and sendEvery for what is to
	// be sent.
	lookEvery = 10 * time.Second
	sendEvery = 2 * time.Second
	// dropEvery is how often old notifications are removed. They are kept for keep; the rows
	// that keep routine events from being told twice for keepRoutine.
	dropEvery   = time.Hour
	keep        = 90 * 24 * time.Hour
	keepRoutine = 2 * 24 * time.Hour
)

// Store is what this package asks of the metadata database.
type Store interface {
	// SharedFact returns what is known under a name, or sets it to what is offered;
	// ReplaceFact changes it unless another has.
	SharedFact(ctx context.Context, name, offer string) (string, error)
	ReplaceFact(ctx context.Context, name, old, fresh string) error
	// SettledBackups and SettledDrills return what settled at a moment or later, in that
	// order, from a cursor on.
	SettledBackups(ctx context.Context, since time.Time, after models.Cursor, limit int) ([]models.Backup, error)
	SettledDrills(ctx context.Context, since time.Time, after models.Cursor, limit int) ([]models.Drill, error)
	// LostBackups returns failed backups of which a copy waits to be made again that failed
	// at a moment or later. Their drive files are the copies that were lost after they had
	// been whole.
	LostBackups(ctx context.Context, since time.Time) ([]models.Backup, error)
	RaisedAlarms(ctx context.Context, since time.Time) ([]models.Alarm, error)
	DriveChecks(ctx context.Context) (map[string]models.DriveCheck, error)
	Backup(ctx context.Context, id string) (models.Backup, error)
	// Backups lists those of a job, newest first; LastFinished returns models.ErrNotFound
	// when there is none.
	Backups(ctx context.Context, f models.BackupFilter, after models.Cursor, limit int) ([]models.Backup, error)
	LastFinished(ctx context.Context, jobID string) (models.Backup, error)
	// NewestOf and NewestAbout look at events that were recorded before.
	NewestOf(ctx context.Context, jobID string, kinds []models.Event, before time.Time) (models.Event, error)
	NewestAbout(ctx context.Context, kind models.Event, prefix string) (string, error)
	// Announce records an event once, and notifications that each says: fresh is false for an
	// event that was recorded before, which is then handed over as it was.
	Announce(ctx context.Context, event models.Notification, each func(recorded models.Notification, fresh bool) []models.Notification) error
	InsertNotification(ctx context.Context, n models.Notification) error
	// DueNotifiers returns who has something to send: of those here, and of others what was
	// made before a moment.
	DueNotifiers(ctx context.Context, now time.Time, here []string, before time.Time) ([]string, error)
	// Clock returns the time that all servers have in common.
	Clock(ctx context.Context) (time.Time, error)
	// ClaimNotification returns models.ErrNotFound when nothing is due.
	ClaimNotification(ctx context.Context, notifier string, now time.Time, lease time.Duration) (models.Notification, error)
	SettleNotification(ctx context.Context, n models.Notification, status models.Status, sentence string, at time.Time, again *time.Time) error
	SendAgain(ctx context.Context, id string, now time.Time) error
	Notification(ctx context.Context, id string) (models.Notification, error)
	// Notifications lists those of a notifier, or of all, newest first.
	Notifications(ctx context.Context, notifier string, limit int) ([]models.Notification, error)
	DropNotifications(ctx context.Context, before, routine time.Time) error
}

// Catalog knows what this process is configured with.
type Catalog interface {
	Jobs(ctx context.Context) ([]models.Job, error)
	Drives(ctx context.Context) ([]models.Drive, error)
	// Notifiers returns those that are configured, without their secrets.
	Notifiers(ctx context.Context) []models.Notifier
	// OpenNotifier returns one with its secrets, or models.ErrNotFound.
	OpenNotifier(ctx context.Context, label string) (models.Notifier, error)
}

// Schedule tells when jobs run.
type Schedule interface {
	// NextRun returns the next slot of a job; false when it has none, or is paused.
	NextRun(jobID string) (time.Time, bool)
	// PreviousRun returns the newest slot that is not after a moment.
	PreviousRun(jobID string, until time.Time) (time.Time, bool)
}

// Options are what a Service is made of.
type Options struct {
	Store   Store
	Catalog Catalog
	// Policy says which addresses are connected to; nil is outgoing.Default.
	Policy *outgoing.Policy
	// AppURL is the address of the pages, without a slash at its end; links are left out
	// when it is empty.
	AppURL string
	Log    *slog.Logger
	// Left returns what is set up and does not run, by kind and label; nil where nothing is
	// set up but by the file.
	Left func(ctx context.Context) ([]models.LeftItem, error)
	// Now is the time; nil is the machine's clock, and that of the metadata database where
	// servers must agree.
	Now func() time.Time
	// Roots are the authorities whose certificates are trusted; nil are the machine's.
	Roots *x509.CertPool
}

// Service tells people of events. It is safe for concurrent use.
type Service struct {
	store   Store
	catalog Catalog
	appURL  string
	log     *slog.Logger
	left    func(ctx context.Context) ([]models.LeftItem, error)
	now     func() time.Time
	// clock is the time that all servers have in common, by which notifications are due and
	// claimed: the machines of replicas may differ by minutes.
	clock  func(ctx context.Context) (time.Time, error)
	sender *sender
	// wake asks for a look at what is to be sent.
	wake chan struct{}

	// looking lets one look at a time use what follows.
	looking sync.Mutex
	// told are the events that this process knows to be recorded, by kind and about, with
	// when it learned that.
	told map[string]time.Time
	// inTime are the slots that jobs are known to have a good backup of, by the job's id,
	// and wellDrives the drives that were good last time and had been told so.
	inTime     map[string]time.Time
	wellDrives map[string]bool
	// leftOut are the marks of what was left out here at the last look, once there was one.
	leftOut      []string
	lookedAtLeft bool
	begun        time.Time
	// notifiers are those of this look, and wishes since when each wants what it wants, by
	// its label.
	notifiers []models.Notifier
	wishes    map[string]wish

	mu      sync.Mutex
	busy    map[string]bool
	sending sync.WaitGroup
}

// New returns a Service.
func New(o Options) *Service {
	clock := func(context.Context) (time.Time, error) { return o.Now(), nil }
	if o.Now == nil {
		o.Now, clock = models.Now, o.Store.Clock
	}
	return &Service{store: o.Store, catalog: o.Catalog, appURL: o.AppURL, log: o.Log, left: o.Left, now: o.Now, clock: clock, sender: newSender(o.Policy, o.Roots),
		wake: make(chan struct{}, 1), told: map[string]time.Time{}, inTime: map[string]time.Time{}, wellDrives: map[string]bool{}, wishes: map[string]wish{}, busy: map[string]bool{}}
}

// Work tells people of events until the context ends. What is being sent then comes to its
// end, or is left to another server.
func (s *Service) Work(ctx context.Context, schedule Schedule) error {
	defer s.sending.Wait()
	// What happens before the first look ever is told, too.
	_, _, _, err := s.marks(ctx, s.now())
	s.note(ctx, "it is not written down since when events are told", err)
	look, send, drop := time.NewTicker(lookEvery), time.NewTicker(sendEvery), time.NewTicker(dropEvery)
	defer look.Stop()
	defer send.Stop()
	defer drop.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			s.note(ctx, "what has happened is not told", s.Look(ctx, schedule))
		case <-send.C:
			s.note(ctx, "notifications are not sent", s.start(ctx))
		case <-s.wake:
			s.note(ctx, "notifications are not sent", s.start(ctx))
		case <-drop.C:
			now := s.now()
			s.note(ctx, "old notifications are not removed", s.store.DropNotifications(ctx, now.Add(-keep), now.Add(-keepRoutine)))
		}
	}
}

// note logs what went wrong, which the next turn tries again.
func (s *Service) note(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.Error(what, "error", err)
	}
}

// soon asks for a look at what is to be sent.
func (s *Service) soon() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
