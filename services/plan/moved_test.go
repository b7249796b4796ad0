package plan_test

import (
	"context"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/plan"
)

// counted is a store in which a drive has a copy.
type counted struct {
	plan.Store
	driveID string
}

func (c counted) DriveTotals(context.Context) (map[string]models.DriveTotals, error) {
	return map[string]models.DriveTotals{c.driveID: {DriveID: c.driveID, Finished: 1}}, nil
}

// A drive that keeps copies changes its place only for somebody who says that they were
// moved along.
func TestADriveWithCopiesMovesOnlyWithThem(t *testing.T) {
	w := newWorld(t)
	p := w.start(t, plan.Rules, shopFile)
	nas := add(t, p, driveDraft("nas", "/mnt/page"))
	change := driveDraft("nas", "/mnt/other")
	saveAgain(t, p, change) // nothing lies there yet

	p.Store = counted{p.Store, nas}
	change.Fields["folder"] = "/mnt/third"
	_, saved := p.Save(t.Context(), change, false, "ann")
	for _, err := range []error{saved, p.Check(t.Context(), change, false)} {
		if says := faultAt(t, err, "moved"); !strings.Contains(says, "add another drive") {
			t.Error(says)
		}
	}
	change.Moved = true
	saveAgain(t, p, change)
	change.Moved = false
	change.Fields = models.Settings{"provider": "local", "folder": "/mnt/third", "max_uploads": "2"}
	saveAgain(t, p, change) // how it is used is no place
	change.Fields = models.Settings{"provider": "webdav", "url": "https://dav.example.com/x"}
	faultAt(t, p.Check(t.Context(), change, false), "moved")
}
