package identity

import (
	"context"
	"net/url"
	"time"

	"github.com/backupman/backupman/models"
)

// Accounts is what the web asks of the service that knows people and programs. What is
// wrong with a request is a models.Fault: ErrUnauthorized for who could not show who it is,
// ErrForbidden for who may not, ErrInvalid, ErrNotFound and ErrConflict as everywhere.
type Accounts interface {
	SignIns
	Selves
	Users
	Keys
	Audits
}

// SignIns lets people in, and out.
type SignIns interface {
	// Claimed reports whether there is an owner.
	Claimed(ctx context.Context) (bool, error)
	// Invited returns for whom the token of an invitation is; the zero User for the one
	// that makes the first owner. It changes nothing.
	Invited(ctx context.Context, token string) (models.User, error)
	// Accept uses an invitation: it sets the password and signs the person in. name is
	// the first owner's, and not looked at for others. Of many that race one wins.
	Accept(ctx context.Context, token, name string, password models.Secret, from models.Client) (models.SignedIn, error)
	// SignIn begins a session. Where Session.Half is set, a code is still missing. Failures
	// are counted before the password is looked at, per account and per address.
	SignIn(ctx context.Context, name string, password models.Secret, from models.Client) (models.SignedIn, error)
	// SecondFactor takes a code of the authenticator, or a recovery code, in a half
	// session, and begins a whole one in its place.
	SecondFactor(ctx context.Context, token string, code models.Secret, from models.Client) (models.SignedIn, error)
	// Half returns whose half session a token is, which waits for a code;
	// models.ErrUnauthorized for anything else.
	Half(ctx context.Context, token string) (models.User, error)
	// Session returns whose session a token is, where it is a whole one; models.ErrUnauthorized for one that has
	// ended or never was. It writes nothing: that it was seen is written later.
	Session(ctx context.Context, token string, from models.Client) (models.User, models.Session, error)
	// SignOut ends a session. One that has ended already is no error.
	SignOut(ctx context.Context, token string) error
	// Provider is what the identity provider is called; empty when there is none.
	Provider() string
	// BeginProvider returns where the browser goes to sign in with the identity provider,
	// and a sealed state that it keeps until it comes back. back is the address that it
	// comes back to, and next the page that was wanted.
	BeginProvider(ctx context.Context, back, next string) (address, state string, err error)
	// EndProvider takes what the provider sent the browser back with.
	EndProvider(ctx context.Context, back, state string, query url.Values, from models.Client) (in models.SignedIn, next string, err error)
}

// Selves is what people do with their own account.
type Selves interface {
	User(ctx context.Context, id string) (models.User, error)
	// ChangePassword ends all other sessions. A second factor stays.
	ChangePassword(ctx context.Context, userID, keepSessionID string, old, fresh models.Secret) error
	// StartTOTP makes a new secret, which counts once ConfirmTOTP has seen a code of it.
	// The password is asked for again.
	StartTOTP(ctx context.Context, userID string, password models.Secret) error
	// PendingTOTP returns the secret that waits for its first code; models.ErrNotFound
	// when there is none.
	PendingTOTP(ctx context.Context, userID string) (TOTP, error)
	// ConfirmTOTP switches the second factor on and returns the recovery codes, once.
	ConfirmTOTP(ctx context.Context, userID string, code models.Secret) ([]string, error)
	// RemoveTOTP switches it off; it takes the password.
	RemoveTOTP(ctx context.Context, userID string, password models.Secret) error
	// NewRecoveryCodes replaces those that are left; it takes the password.
	NewRecoveryCodes(ctx context.Context, userID string, password models.Secret) ([]string, error)
	Sessions(ctx context.Context, userID string) ([]models.Session, error)
	// EndSession ends one session of a user, EndSessions all but one; an empty id spares none.
	EndSession(ctx context.Context, userID, sessionID string) error
	EndSessions(ctx context.Context, userID, spareID string) error
}

// TOTP is a second factor that is being set up.
type TOTP = models.TOTP

// Users is what owners do with accounts. The last owner who can sign in can't be removed,
// disabled or given another role: models.ErrConflict.
type Users interface {
	Users(ctx context.Context) ([]models.User, error)
	// InviteUser adds an account without a password and returns the token of its
	// invitation, which works once, for three days.
	InviteUser(ctx context.Context, name string, role models.Role) (models.User, models.Secret, error)
	// Reinvite makes a new invitation, which replaces the password when it is used, and
	// ends the sessions; with withoutTOTP it switches the second factor off, too.
	Reinvite(ctx context.Context, userID string, withoutTOTP bool) (models.User, models.Secret, error)
	SetRole(ctx context.Context, userID string, role models.Role) (models.User, error)
	// SetDisabled ends the person's sessions.
	SetDisabled(ctx context.Context, userID string, disabled bool) (models.User, error)
	RemoveUser(ctx context.Context, userID string) (models.User, error)
}

// Keys is what owners do with API keys.
type Keys interface {
	// CheckKey returns who a key stands for. It writes nothing: that the key was used is
	// written later. Keys of the configuration are known here, too.
	CheckKey(ctx context.Context, key string, from models.Client) (models.Actor, error)
	APIKeys(ctx context.Context) ([]models.APIKey, error)
	// CreateKey returns the key itself, once. expires is nil for one that does not.
	CreateKey(ctx context.Context, by models.Actor, name string, scopes models.Scopes, jobIDs []string, expires *time.Time) (models.APIKey, models.Secret, error)
	RemoveKey(ctx context.Context, id string) (models.APIKey, error)
}

// Audits keeps and shows who did what.
type Audits interface {
	// Record adds an entry; its ID and At are filled in when they are empty.
	Record(ctx context.Context, e models.AuditEntry) error
	// AuditEntries returns entries, newest first, after a cursor.
	AuditEntries(ctx context.Context, f models.AuditFilter, after models.Cursor, limit int) ([]models.AuditEntry, error)
	// EachAuditEntry hands over all, newest first, for an export.
	EachAuditEntry(ctx context.Context, f models.AuditFilter, do func(models.AuditEntry) error) error
}

// Secrets is what owners do with stored secrets. Nothing here returns one.
type Secrets interface {
	StoredSecrets(ctx context.Context) ([]models.StoredSecret, error)
	// SetSecret adds or replaces a secret. A name has letters, digits, dots, dashes,
	// underscores and slashes, at most 128.
	SetSecret(ctx context.Context, name string, value models.Secret, by string) error
	// RemoveSecret returns models.ErrConflict while the configuration refers to it.
	RemoveSecret(ctx context.Context, name string) error
	// SecretUses returns what the configuration uses a secret for, such as "data source
	// shop: password", by the secret's name; names that are used and not stored, too.
	SecretUses() map[string][]string
}
