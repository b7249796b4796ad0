package models

import (
	"slices"
	"time"
)

// Role is what a person may do here.
type Role string

// The roles, from the one that may do everything to the one that may only look.
const (
	RoleOwner    Role = "owner"
	RoleOperator Role = "operator"
	RoleViewer   Role = "viewer"
)

// Roles are all roles, the strongest first.
var Roles = []Role{RoleOwner, RoleOperator, RoleViewer}

// Scope is one kind of thing that may be done.
type Scope string

// The scopes. Each of the others lets read, too, and ScopeAdmin everything.
const (
	// ScopeRead lets look at everything but the content of dumps.
	ScopeRead Scope = "read"
	// ScopeRun lets backups, drills, checks and repairs be started and stopped.
	ScopeRun Scope = "run"
	// ScopeRestore lets dumps be downloaded and restored to where nothing is overwritten.
	ScopeRestore Scope = "restore"
	// ScopeAdmin lets everything be done: overwrite, delete, change what is configured
	// here, and say who may do what.
	ScopeAdmin Scope = "admin"
)

// AllScopes are all scopes, the weakest first.
var AllScopes = []Scope{ScopeRead, ScopeRun, ScopeRestore, ScopeAdmin}

// Scopes are what somebody may do.
type Scopes []Scope

// Allow reports whether what needs a scope may be done.
func (s Scopes) Allow(need Scope) bool {
	if slices.Contains(s, ScopeAdmin) || slices.Contains(s, need) {
		return true
	}
	return need == ScopeRead && len(s) > 0
}

// Scopes returns what a role may do; none for a word that is no role.
func (r Role) Scopes() Scopes {
	switch r {
	case RoleOwner:
		return Scopes{ScopeAdmin}
	case RoleOperator:
		return Scopes{ScopeRead, ScopeRun, ScopeRestore}
	case RoleViewer:
		return Scopes{ScopeRead}
	}
	return nil
}

// User is a person who signs in.
type User struct {
	ID string `gorm:"primaryKey;size:36"`
	// Name is what the person signs in with, in lower case.
	Name string `gorm:"size:255;not null;uniqueIndex:idx_users_name"`
	Role Role   `gorm:"size:16;not null"`
	// PasswordHash is in the PHC string format of argon2id; empty for somebody who has
	// not chosen a password, or who signs in with the identity provider only.
	PasswordHash string `gorm:"size:255;not null"`
	// TOTPSecret is the sealed secret of the second factor; empty for none. It counts
	// from TOTPAt on, when a first code has shown that it arrived.
	TOTPSecret string     `gorm:"column:totp_secret;type:text"`
	TOTPAt     *time.Time `gorm:"column:totp_at;precision:6"`
	// TOTPStep is the newest time step whose code was used: none is taken twice.
	TOTPStep int64 `gorm:"column:totp_step;not null"`
	// RecoveryCodes are the SHA-256 of those that are left, in hexadecimal digits.
	RecoveryCodes []string `gorm:"serializer:json;type:text"`
	// Issuer is the identity provider that vouches for the person, and External the
	// SHA-256 of the issuer and the person's name there; nil for an account of this server.
	Issuer   string     `gorm:"size:255;not null"`
	External *string    `gorm:"column:external_id;size:64;uniqueIndex:idx_users_external"`
	SignedIn *time.Time `gorm:"column:signed_in_at;precision:6"`
	// DisabledAt is since when the person can't sign in; nil for one who can.
	DisabledAt *time.Time `gorm:"precision:6"`
	CreatedAt  time.Time  `gorm:"precision:6;not null"`
	UpdatedAt  *time.Time `gorm:"precision:6;autoUpdateTime:false"`
}

// SecondFactor reports whether signing in takes a code, too.
func (u User) SecondFactor() bool { return u.TOTPAt != nil }

// TOTP is a second factor that is being set up.
type TOTP struct {
	// Secret is in base32, for typing it in; URL is otpauth://…, and Image that URL as a
	// QR code, a PNG.
	Secret, URL string
	Image       []byte
}

// Client is where a request comes from.
type Client struct {
	// Address is the address of the machine that asks, behind proxies that are trusted.
	Address string
	// Agent is what the program there says that it is.
	Agent string
}

// Session is one browser in which a person is signed in.
type Session struct {
	ID     string `gorm:"primaryKey;size:36"`
	UserID string `gorm:"size:36;not null;index:idx_sessions_user"`
	// TokenHash is the SHA-256 of what the browser shows, in hexadecimal digits.
	TokenHash string `gorm:"size:64;not null;uniqueIndex:idx_sessions_token"`
	// Half says that the password was right and the second factor is still missing.
	Half    bool   `gorm:"not null"`
	Address string `gorm:"size:64;not null"`
	Agent   string `gorm:"size:255;not null"`
	// Method is how the person signed in: "password", "password and code", "recovery
	// code", "identity provider" or "link".
	Method    string    `gorm:"size:32;not null"`
	CreatedAt time.Time `gorm:"precision:6;not null"`
	// SeenAt is the newest request, give or take a minute. ExpiresAt ends the session
	// whatever is done in it.
	SeenAt    time.Time `gorm:"precision:6;not null"`
	ExpiresAt time.Time `gorm:"precision:6;not null;index:idx_sessions_expires"`
}

// SignedIn is a session that has just begun.
type SignedIn struct {
	// Token is what the browser shows from now on. It is not kept.
	Token   Secret
	User    User
	Session Session
}

// Invitation lets whoever has its token choose a password once: the first owner, or a
// person whom an owner invited or whose password was reset.
type Invitation struct {
	// TokenHash is the SHA-256 of the token, in hexadecimal digits.
	TokenHash string `gorm:"primaryKey;size:64"`
	// UserID is empty for the one that makes the first owner.
	UserID    string     `gorm:"size:36;not null;index:idx_invitations_user"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	ExpiresAt *time.Time `gorm:"precision:6"`
}

// SignInLimit counts the sign-ins that failed for one account or from one address.
type SignInLimit struct {
	// Name is "account NAME" or "address ADDRESS", hashed: what people type by mistake
	// may be a password.
	Name     string    `gorm:"primaryKey;size:64"`
	Failures int       `gorm:"not null"`
	TriedAt  time.Time `gorm:"precision:6;not null"`
	// BlockedUntil is until when no further try is looked at; nil for now.
	BlockedUntil *time.Time `gorm:"precision:6"`
}

// APIKey lets a program use the API.
type APIKey struct {
	ID   string `gorm:"primaryKey;size:36"`
	Name string `gorm:"size:255;not null;uniqueIndex:idx_api_keys_name"`
	// Hash is the SHA-256 of the key, in hexadecimal digits. The key itself is not kept.
	Hash   string `gorm:"size:64;not null"`
	Scopes Scopes `gorm:"serializer:json;type:text"`
	// JobIDs are the jobs that the key is for; empty is all.
	JobIDs    []string   `gorm:"serializer:json;type:text"`
	CreatedBy string     `gorm:"size:255;not null"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	ExpiresAt *time.Time `gorm:"precision:6"`
	// UsedAt is the newest use, give or take a minute, and UsedFrom its address.
	UsedAt   *time.Time `gorm:"precision:6"`
	UsedFrom string     `gorm:"size:64;not null"`
}

// Expired reports whether the key opens nothing any more.
func (k APIKey) Expired(now time.Time) bool { return k.ExpiresAt != nil && !now.Before(*k.ExpiresAt) }
