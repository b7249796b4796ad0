package store

import (
	"time"

	"gorm.io/gorm"
)

// trustTables adds accounts, API keys, stored secrets, the audit log, and what is known
// of encrypted jobs and backups. The structs are frozen, as those of the first version are.
func trustTables(tx *gorm.DB) error {
	err := createTables(tx, &user0005{}, &session0005{}, &invitation0005{}, &signInLimit0005{}, &apiKey0005{},
		&auditEntry0005{}, &storedSecret0005{}, &usedLink0005{})
	if err != nil {
		return err
	}
	if err := addColumns(tx, &job0005{}, "Encryption", "KitAt", "KitFor"); err != nil {
		return err
	}
	return addColumns(tx, &backup0005{}, "Encryption")
}

type job0005 struct {
	Encryption string     `gorm:"type:text"`
	KitAt      *time.Time `gorm:"precision:6"`
	KitFor     string     `gorm:"size:64;not null;default:''"`
}

func (job0005) TableName() string { return "jobs" }

type backup0005 struct {
	Encryption string `gorm:"size:16;not null;default:''"`
}

func (backup0005) TableName() string { return "backups" }

type user0005 struct {
	ID            string     `gorm:"primaryKey;size:36"`
	Name          string     `gorm:"size:255;not null;uniqueIndex:idx_users_name"`
	Role          string     `gorm:"size:16;not null"`
	PasswordHash  string     `gorm:"size:255;not null"`
	TOTPSecret    string     `gorm:"column:totp_secret;type:text"`
	TOTPAt        *time.Time `gorm:"column:totp_at;precision:6"`
	TOTPStep      int64      `gorm:"column:totp_step;not null"`
	RecoveryCodes string     `gorm:"type:text"`
	Issuer        string     `gorm:"size:255;not null"`
	// EXTERNAL is a reserved word of MySQL 9.
	External   *string    `gorm:"column:external_id;size:64;uniqueIndex:idx_users_external"`
	SignedIn   *time.Time `gorm:"column:signed_in_at;precision:6"`
	DisabledAt *time.Time `gorm:"precision:6"`
	CreatedAt  time.Time  `gorm:"precision:6;not null"`
	UpdatedAt  *time.Time `gorm:"precision:6;autoUpdateTime:false"`
}

func (user0005) TableName() string { return "users" }

type session0005 struct {
	ID        string    `gorm:"primaryKey;size:36"`
	UserID    string    `gorm:"size:36;not null;index:idx_sessions_user"`
	TokenHash string    `gorm:"size:64;not null;uniqueIndex:idx_sessions_token"`
	Half      bool      `gorm:"not null"`
	Address   string    `gorm:"size:64;not null"`
	Agent     string    `gorm:"size:255;not null"`
	Method    string    `gorm:"size:32;not null"`
	CreatedAt time.Time `gorm:"precision:6;not null"`
	SeenAt    time.Time `gorm:"precision:6;not null"`
	ExpiresAt time.Time `gorm:"precision:6;not null;index:idx_sessions_expires"`
}

func (session0005) TableName() string { return "sessions" }

type invitation0005 struct {
	TokenHash string     `gorm:"primaryKey;size:64"`
	UserID    string     `gorm:"size:36;not null;index:idx_invitations_user"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	ExpiresAt *time.Time `gorm:"precision:6"`
}

func (invitation0005) TableName() string { return "invitations" }

type signInLimit0005 struct {
	Name         string     `gorm:"primaryKey;size:64"`
	Failures     int        `gorm:"not null"`
	TriedAt      time.Time  `gorm:"precision:6;not null;index:idx_sign_in_limits_tried"`
	BlockedUntil *time.Time `gorm:"precision:6"`
}

func (signInLimit0005) TableName() string { return "sign_in_limits" }

type apiKey0005 struct {
	ID        string     `gorm:"primaryKey;size:36"`
	Name      string     `gorm:"size:255;not null;uniqueIndex:idx_api_keys_name"`
	Hash      string     `gorm:"size:64;not null"`
	Scopes    string     `gorm:"type:text"`
	JobIDs    string     `gorm:"type:text"`
	CreatedBy string     `gorm:"size:255;not null"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	ExpiresAt *time.Time `gorm:"precision:6"`
	UsedAt    *time.Time `gorm:"precision:6"`
	UsedFrom  string     `gorm:"size:64;not null"`
}

func (apiKey0005) TableName() string { return "api_keys" }

// auditEntry0005 is indexed for all entries, those of an actor and those of an action,
// newest first.
type auditEntry0005 struct {
	ID        string    `gorm:"primaryKey;size:36;index:idx_audit_actor,priority:3;index:idx_audit_action,priority:3;index:idx_audit_at,priority:2"`
	At        time.Time `gorm:"precision:6;not null;index:idx_audit_at,priority:1;index:idx_audit_actor,priority:2;index:idx_audit_action,priority:2"`
	Kind      string    `gorm:"size:16;not null"`
	Actor     string    `gorm:"size:255;not null;index:idx_audit_actor,priority:1"`
	ActorID   string    `gorm:"size:36;not null"`
	Action    string    `gorm:"size:64;not null;index:idx_audit_action,priority:1"`
	Subject   string    `gorm:"size:512;not null"`
	SubjectID string    `gorm:"size:36;not null"`
	Outcome   string    `gorm:"size:16;not null"`
	Detail    string    `gorm:"type:text"`
	Address   string    `gorm:"size:64;not null"`
	Agent     string    `gorm:"size:255;not null"`
}

func (auditEntry0005) TableName() string { return "audit_entries" }

type storedSecret0005 struct {
	Name      string     `gorm:"primaryKey;size:128"`
	Sealed    string     `gorm:"type:mediumtext;not null"`
	SetBy     string     `gorm:"size:255;not null"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6;autoUpdateTime:false"`
}

func (storedSecret0005) TableName() string { return "stored_secrets" }

type usedLink0005 struct {
	Hash      string     `gorm:"primaryKey;size:64"`
	Address   string     `gorm:"size:64;not null"`
	UsedAt    time.Time  `gorm:"precision:6;not null"`
	DoneAt    *time.Time `gorm:"precision:6"`
	ExpiresAt time.Time  `gorm:"precision:6;not null;index:idx_used_links_expires"`
}

func (usedLink0005) TableName() string { return "used_links" }
