package landing

import (
	"cmp"
	"slices"

	"github.com/backupman/backupman/views/charts"
	"github.com/backupman/backupman/views/human"
)

// DriveFacts is what is known of one drive.
type DriveFacts struct {
	ID, Label string
	// Trouble says that the drive failed its newest check, NeedsSignIn that somebody has to
	// sign in to its provider.
	Trouble, NeedsSignIn bool
	// Free and Total are bytes; -1 where the provider does not tell, and before the first check.
	Free, Total int64
	// Bytes is the length of the finished copies on it.
	Bytes int64
}

// driveWords says which drives are in trouble; empty when none is.
func driveWords(drives []DriveFacts) string {
	var failed, signedOut []string
	for _, d := range drives {
		switch {
		case d.NeedsSignIn:
			signedOut = append(signedOut, d.Label)
		case d.Trouble:
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

// shownDrives bounds how many drives are told of across the top; their page has the rest.
const shownDrives = 8

// DriveLine is how much room one drive has.
type DriveLine struct {
	Label, Path string
	// Room says how much is free.
	Room string
	// Meter is nil where the provider does not tell the size of the place.
	Meter *charts.Meter
	// Trouble says that the drive failed its newest check.
	Trouble bool
}

// driveLines tell of the drives, those with the least room first.
func driveLines(drives []DriveFacts) (lines []DriveLine, more int) {
	for _, d := range drives {
		line := DriveLine{Label: d.Label, Path: "/drives/" + d.ID, Room: "size not told", Trouble: d.Trouble}
		if d.Free >= 0 {
			line.Room = human.Bytes(d.Free) + " free"
		}
		if m, ok := charts.Full(d.Label, d.Free, d.Total); ok {
			line.Meter = &m
		}
		if d.Trouble {
			line.Room = "in trouble"
		}
		lines = append(lines, line)
	}
	slices.SortStableFunc(lines, func(a, b DriveLine) int { return cmp.Compare(b.urgency(), a.urgency()) })
	if len(lines) > shownDrives {
		lines, more = lines[:shownDrives], len(lines)-shownDrives
	}
	return lines, more
}

// urgency is how much a drive wants a look.
func (l DriveLine) urgency() int {
	switch {
	case l.Trouble:
		return 101
	case l.Meter != nil:
		return l.Meter.Percent
	}
	return -1
}
