package models

import "time"

// UsedLink is a download link that was opened. It is remembered until the link expires, so
// that nobody opens it again.
type UsedLink struct {
	// Hash is the SHA-256 of the link's signature, in hexadecimal digits.
	Hash string `gorm:"primaryKey;size:64"`
	// Address is where the link was opened first.
	Address string    `gorm:"size:64;not null"`
	UsedAt  time.Time `gorm:"precision:6;not null"`
	// DoneAt is when the whole file had been sent; nil before.
	DoneAt    *time.Time `gorm:"precision:6"`
	ExpiresAt time.Time  `gorm:"precision:6;not null"`
}
