package landing

import (
	"github.com/backupman/backupman/views/human"
)

// DriveTrouble is a drive that failed its newest check.
type DriveTrouble struct {
	Label string
	// NeedsSignIn says that somebody has to sign in to its provider.
	NeedsSignIn bool
}

// driveWords says which drives are in trouble; empty when none is.
func driveWords(drives []DriveTrouble) string {
	var failed, signedOut []string
	for _, d := range drives {
		if d.NeedsSignIn {
			signedOut = append(signedOut, d.Label)
		} else {
			failed = append(failed, d.Label)
		}
	}
	said := ""
	switch len(failed) {
	case 0:
	case 1:
		said = "The drive " + failed[0] + " failed its newest check. "
	default:
		said = human.Count(int64(len(failed))) + " drives failed their newest checks: " + human.Names(failed) + ". "
	}
	if len(signedOut) > 0 {
		said += "Sign in to " + human.Names(signedOut) + "."
	}
	return said
}
