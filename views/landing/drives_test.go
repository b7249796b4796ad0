package landing

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestDrivesInTroubleAreNamed(t *testing.T) {
	for want, drives := range map[string][]DriveTrouble{
		"":                                       nil,
		"The drive nas failed its newest check.": {{Label: "nas"}},
		"2 drives failed their newest checks: nas and colo.":    {{Label: "nas"}, {Label: "colo"}},
		"5 drives failed their newest checks: a, b and 3 more.": {{Label: "a"}, {Label: "b"}, {Label: "c"}, {Label: "d"}, {Label: "e"}},
		"Sign in to gdrive.": {{Label: "gdrive", NeedsSignIn: true}},
		"The drive nas failed its newest check. Sign in to gdrive and gdrive-team.": {{Label: "gdrive", NeedsSignIn: true}, {Label: "nas"}, {Label: "gdrive-team", NeedsSignIn: true}},
	} {
		if got := driveWords(drives); strings.TrimSpace(got) != want {
			t.Errorf("%+v: %q, want %q", drives, got, want)
		}
	}
}

// A drive in trouble makes a good answer less certain, and no bad one better.
func TestADriveInTroubleWantsALook(t *testing.T) {
	trouble := []DriveTrouble{{Label: "nas"}}
	for want, b := range map[string]*models.Backup{
		"Yes, but look": backup(models.StatusFinished, time.Hour, true),
		"Very likely":   backup(models.StatusFinished, time.Hour, false),
		"No":            backup(models.StatusFailed, time.Hour, false),
	} {
		s := NewSummary([]JobFacts{job("a", "shop", b)}, trouble, now)
		if s.Answer != want || !strings.Contains(s.Drives, "nas") {
			t.Errorf("answers %q with %q, want %q", s.Answer, s.Drives, want)
		}
	}
}
