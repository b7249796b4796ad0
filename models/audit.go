package models

import "time"

// AuditOutcome is what became of what somebody asked for.
type AuditOutcome string

// The outcomes.
const (
	// AuditBegun is written before what can't be undone: restores, deletions, what owners do,
	// and what hands out the content of dumps. Another entry says what became of it.
	AuditBegun   AuditOutcome = "begun"
	AuditDone    AuditOutcome = "done"
	AuditRefused AuditOutcome = "refused"
	AuditFailed  AuditOutcome = "failed"
)

// AuditOutcomes are all outcomes.
var AuditOutcomes = []AuditOutcome{AuditBegun, AuditDone, AuditRefused, AuditFailed}

// AuditEntry says who did what to what, from where. Entries are added and, when they are
// old, dropped; none is changed.
type AuditEntry struct {
	ID    string    `gorm:"primaryKey;size:36;index:idx_audit_actor,priority:3;index:idx_audit_action,priority:3;index:idx_audit_at,priority:2"`
	At    time.Time `gorm:"precision:6;not null;index:idx_audit_at,priority:1;index:idx_audit_actor,priority:2;index:idx_audit_action,priority:2"`
	Kind  ActorKind `gorm:"size:16;not null"`
	Actor string    `gorm:"size:255;not null;index:idx_audit_actor,priority:1"`
	// ActorID is the user's or the key's; empty for others.
	ActorID string `gorm:"size:36;not null"`
	// Action is a noun and a verb, such as "backup.start" or "user.role".
	Action string `gorm:"size:64;not null;index:idx_audit_action,priority:1"`
	// Subject is what it was done to, in words; SubjectID its id, where it has one.
	Subject   string       `gorm:"size:512;not null"`
	SubjectID string       `gorm:"size:36;not null"`
	Outcome   AuditOutcome `gorm:"size:16;not null"`
	// Detail is a sentence: why it was refused or failed, or what changed.
	Detail  string `gorm:"type:text"`
	Address string `gorm:"size:64;not null"`
	Agent   string `gorm:"size:255;not null"`
}

// AuditFilter narrows a list of audit entries; what is empty narrows nothing.
type AuditFilter struct {
	Actor string
	// Action is a whole action, or the noun before its dot.
	Action  string
	Outcome AuditOutcome
	Since   time.Time
	Until   time.Time
}
