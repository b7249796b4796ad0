package models

import "time"

// HeldBackup is a pending backup that a runner holds.
type HeldBackup struct {
	Backup
	// Over is how long ago its lease ran out; negative while it lasts.
	Over time.Duration
}

// Place is where a runner asks for work from.
type Place struct {
	// Node is the runner's own.
	Node string
	// Patience is how long what lies on another node is left to the servers there after
	// one of them was seen.
	Patience time.Duration
}
