package drivetest

import (
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func checks(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	report, err := f.Drive.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report.Free == 0 || report.Total == 0 {
		t.Errorf("no room told, and not that it is unknown: %+v", report)
	}
	f.unchanged(t, before)
}

// staleProbes plants what checks that died may have left: only this installation's
// are swept, and only when no check can be at work on them any more.
func staleProbes(t *testing.T, f Fixture) {
	if f.Plant == nil || f.Installation == "" {
		t.Skip("this drive's test has no way to plant a file")
	}
	before := f.Leftovers(t)
	own := ".backupman-probe-" + f.Installation + "-"
	f.Plant(t, own+models.NewID(), time.Minute)
	f.Plant(t, own+"notes", 48*time.Hour)
	f.Plant(t, ".backupman-probe-another-"+models.NewID(), 48*time.Hour)
	f.Plant(t, "theirs.txt", 48*time.Hour)
	kept := f.Leftovers(t)
	if len(kept) != len(before)+4 {
		t.Fatalf("4 files were planted on %d, which made %q", len(before), kept)
	}
	f.Plant(t, own+models.NewID(), 48*time.Hour)
	if _, err := f.Drive.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.unchanged(t, kept)
	if got := listed(t, f.Drive, ""); !slices.Equal(got, []string{"theirs.txt"}) {
		t.Errorf("hidden names are listed, or shown ones are not: %q", got)
	}
	if err := f.Drive.Delete(t.Context(), "theirs.txt"); err != nil {
		t.Error(err)
	}
}
