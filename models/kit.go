package models

import "time"

// Kit is the recovery kit of a job whose dumps are encrypted: what a person needs to
// restore them without this program, but for the private key or the passphrase.
type Kit struct {
	JobID string
	// Label is the job's.
	Label string
	// Fingerprint names the encryption that the kit is for.
	Fingerprint string
	Encryption  Encryption
	// TakenAt is when somebody took a kit of the job; nil when nobody has. Current says
	// that it was this one: the encryption is still the same.
	TakenAt *time.Time
	Current bool
	// FileName is what the file is to be called. Text is the kit, as plain text without
	// any secret.
	FileName string
	Text     string
}
