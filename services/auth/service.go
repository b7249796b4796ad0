// Package auth knows people and programs: who there is, how they show who they are, what
// they may do, and what they did. Passwords, tokens and keys are kept as hashes, secrets
// of second factors sealed.
package auth

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/backupman/backupman/models"
)

// Store is what this package asks of the metadata database. Everything that must happen
// together is one call, and so one transaction.
type Store interface {
	users
	sessions
	invitations
	apiKeys
	auditLog
	// Limit returns what is counted under a name; nothing was where it is zero.
	Limit(ctx context.Context, name string) (models.SignInLimit, error)
	// ChangeLimit changes what is counted under a name while nobody else does.
	ChangeLimit(ctx context.Context, name string, change func(*models.SignInLimit)) error
}

type users interface {
	HasOwner(ctx context.Context) (bool, error)
	User(ctx context.Context, id string) (models.User, error)
	UserByName(ctx context.Context, name string) (models.User, error)
	UserByExternal(ctx context.Context, external string) (models.User, error)
	Users(ctx context.Context) ([]models.User, error)
	// InsertUser adds a user, with an invitation unless that is nil.
	InsertUser(ctx context.Context, u models.User, invitation *models.Invitation) error
	// ChangeUser refuses with models.ErrConflict to take the last owner away.
	ChangeUser(ctx context.Context, id string, change func(*models.User) error) (models.User, error)
	ChangeUserEndingSessions(ctx context.Context, id, spareID string, change func(*models.User) error) (models.User, error)
	RemoveUser(ctx context.Context, id string) (models.User, error)
}

type sessions interface {
	// BeginSession ends the session of the token hash replaces, unless that is empty,
	// changes the user and adds a session.
	BeginSession(ctx context.Context, begun models.Session, replaces string, change func(*models.User) error) (models.User, error)
	Session(ctx context.Context, tokenHash string) (models.Session, models.User, error)
	Sessions(ctx context.Context, userID string) ([]models.Session, error)
	EndSessionOf(ctx context.Context, tokenHash string) error
	EndSession(ctx context.Context, userID, id string) error
	EndSessions(ctx context.Context, userID, spareID string) error
	TouchSessions(ctx context.Context, seen map[string]time.Time) error
	DropExpired(ctx context.Context, now, seenBefore, triedBefore time.Time) error
}

type invitations interface {
	InsertOwnerInvitation(ctx context.Context, i models.Invitation) error
	Reinvite(ctx context.Context, i models.Invitation, change func(*models.User) error) (models.User, error)
	Invitation(ctx context.Context, tokenHash string, now time.Time) (models.Invitation, error)
	ClaimOwner(ctx context.Context, tokenHash string, u models.User, begun models.Session) error
	AcceptInvitation(ctx context.Context, tokenHash string, begun models.Session, change func(*models.User) error) (models.User, error)
}

type apiKeys interface {
	InsertAPIKey(ctx context.Context, k models.APIKey) error
	APIKey(ctx context.Context, id string) (models.APIKey, error)
	APIKeys(ctx context.Context) ([]models.APIKey, error)
	RemoveAPIKey(ctx context.Context, id string) (models.APIKey, error)
	TouchAPIKeys(ctx context.Context, used []models.APIKey) error
}

type auditLog interface {
	InsertAuditEntry(ctx context.Context, e models.AuditEntry) error
	AuditEntries(ctx context.Context, f models.AuditFilter, after models.Cursor, limit int) ([]models.AuditEntry, error)
	EachAuditEntry(ctx context.Context, f models.AuditFilter, do func(models.AuditEntry) error) error
	DropAuditEntries(ctx context.Context, before time.Time) (int, error)
}

// Sealer encrypts what is kept, and binds it to the row and the field that it is kept in.
type Sealer interface {
	Seal(plain []byte, row, field string) (string, error)
	Unseal(sealed, row, field string) ([]byte, error)
}

// Options are what a Service works with.
type Options struct {
	Store Store
	Seal  Sealer
	// Provider is an identity provider that vouches for people; without an Issuer there
	// is none. HTTP is how it is reached; nil is http.DefaultClient.
	Provider ProviderConfig
	HTTP     *http.Client
	// Idle and Longest end a session: so long after its newest request, and after its
	// begin. Zero is two hours and a week.
	Idle, Longest time.Duration
	// ConfigKeys tells the API keys that the configuration has at this moment; nil is none.
	ConfigKeys func() []string
	// AuditKeep is how long the audit log is kept; zero is for ever.
	AuditKeep time.Duration
	Log       *slog.Logger
	// Now is the clock; nil is models.Now.
	Now func() time.Time
}

const (
	defaultIdle    = 2 * time.Hour
	defaultLongest = 7 * 24 * time.Hour
)

// Service knows people and programs. It is safe for concurrent use.
type Service struct {
	Options
	hasher   *hasher
	provider *provider
	seen     seen
	used     used
	// strangers counts what fails where nothing may be written down.
	strangers *memoryLimits
}

// New returns a Service. It asks nobody for anything yet.
func New(o Options) *Service {
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	if o.Idle <= 0 {
		o.Idle = defaultIdle
	}
	if o.Longest <= 0 {
		o.Longest = defaultLongest
	}
	if o.ConfigKeys == nil {
		o.ConfigKeys = func() []string { return nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = models.Now
	}
	return &Service{Options: o, hasher: newHasher(usual), provider: newProvider(o.Provider, o.HTTP), strangers: newMemoryLimits()}
}
