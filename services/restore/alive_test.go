package restore_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/restore"
	"github.com/backupman/backupman/services/source"
)

// deafened takes no signs of life down from some moment on.
type deafened struct {
	restore.Store
	deaf *atomic.Bool
}

func (d deafened) SaveDrillProgress(ctx context.Context, id, runnerID string, p models.RunProgress) (bool, error) {
	if d.deaf.Load() && p.Phase != models.RestoreQueued {
		return false, errors.New("away")
	}
	return d.Store.SaveDrillProgress(ctx, id, runnerID, p)
}

// A drill that others may soon take for dead stops itself and says why.
func TestADrillThatIsNotHeardOfStopsItself(t *testing.T) {
	w := newWorld(t, "nas")
	b := w.backUp()
	stuck := newStuck()
	w.targets(func(to *target) {
		to.restore = func(ctx context.Context, _ source.RestoreRequest) error { return stuck.until(ctx) }
	})
	deaf := &atomic.Bool{}
	s := w.service(restore.Options{Store: deafened{w.store, deaf}, Patience: 2 * time.Second, SettleTime: time.Millisecond})
	deaf.Store(true)
	d, _ := s.Drill(t.Context(), models.DrillRequest{BackupID: b.ID}) // that it is not written down is told
	if d.Outcome != models.DrillUnverified || !strings.Contains(d.Reason, "signs of life") {
		t.Errorf("it ended %q: %s", d.Outcome, d.Reason)
	}
}
