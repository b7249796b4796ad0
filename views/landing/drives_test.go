package landing

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestDrivesInTroubleAreNamed(t *testing.T) {
	for want, drives := range map[string][]DriveFacts{
		"":                                       nil,
		"The drive nas failed its newest check.": {{Label: "nas", Trouble: true}},
		"2 drives failed their newest checks: nas and colo.":    {{Label: "nas", Trouble: true}, {Label: "colo", Trouble: true}},
		"5 drives failed their newest checks: a, b and 3 more.": {{Label: "a", Trouble: true}, {Label: "b", Trouble: true}, {Label: "c", Trouble: true}, {Label: "d", Trouble: true}, {Label: "e", Trouble: true}},
		"Sign in to gdrive.": {{Label: "gdrive", Trouble: true, NeedsSignIn: true}},
		"The drive nas failed its newest check. Sign in to gdrive and gdrive-team.": {{Label: "gdrive", Trouble: true, NeedsSignIn: true}, {Label: "nas", Trouble: true}, {Label: "gdrive-team", Trouble: true, NeedsSignIn: true}},
	} {
		if got := driveWords(drives); strings.TrimSpace(got) != want {
			t.Errorf("%+v: %q, want %q", drives, got, want)
		}
	}
}

// A drive in trouble makes a good answer less certain, and no bad one better.
func TestADriveInTroubleWantsALook(t *testing.T) {
	trouble := []DriveFacts{{Label: "nas", Trouble: true}}
	for want, b := range map[string]*models.Backup{
		"Yes, but look": backup(models.StatusFinished, time.Hour, true),
		"Very likely":   backup(models.StatusFinished, time.Hour, false),
		"No":            backup(models.StatusFailed, time.Hour, false),
	} {
		s := summaryOf([]JobFacts{job("a", "shop", b)}, trouble)
		if s.Answer != want || !strings.Contains(s.Drives, "nas") {
			t.Errorf("answers %q with %q, want %q", s.Answer, s.Drives, want)
		}
	}
}
