package watch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/watch"
)

// shelf is a store with the backups of one job, oldest first.
type shelf struct {
	backups   []models.Backup
	manifests map[string]models.Manifest
	alarms    []models.Alarm
	limit     int
	broken    error
}

func (s *shelf) add(tables ...models.TableDigest) models.Backup {
	b := models.Backup{ID: models.NewID(), JobID: "job", Label: "shop-nightly", Status: models.StatusFinished,
		CreatedAt: time.Date(2025, 7, 2+len(s.backups), 0, 0, 0, 0, time.UTC)}
	if s.manifests == nil {
		s.manifests = map[string]models.Manifest{}
	}
	s.backups = append(s.backups, b)
	s.manifests[b.ID] = models.Manifest{BackupID: b.ID, Provider: "mysql", Inventory: models.Inventory{Tables: tables}}
	return b
}

func (s *shelf) Manifest(_ context.Context, id string) (models.Manifest, error) {
	m, ok := s.manifests[id]
	if !ok {
		return m, models.NotFoundf("the backup %s has no manifest", id)
	}
	return m, nil
}

func (s *shelf) ManifestsBefore(_ context.Context, b models.Backup, limit int) ([]models.Manifest, error) {
	s.limit = limit
	var found []models.Manifest
	for _, e := range slices.Backward(s.backups) {
		if e.CreatedAt.Before(b.CreatedAt) {
			found = append(found, s.manifests[e.ID])
		}
	}
	return found[:min(limit, len(found))], s.broken
}

func (s *shelf) Alarms(context.Context, bool) ([]models.Alarm, error) { return s.alarms, nil }

func (s *shelf) RaiseAlarm(_ context.Context, a models.Alarm) error {
	s.alarms = append(s.alarms, a)
	return nil
}

func rows(name string, n int64) models.TableDigest {
	return models.TableDigest{Name: name, Rows: n, SHA256: fmt.Sprint(n)}
}

func check(t *testing.T, s *shelf, b models.Backup) {
	t.Helper()
	if err := watch.New(s).Check(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func TestALossRaisesOneAlarm(t *testing.T) {
	s := &shelf{}
	check(t, s, s.add(rows("orders", 48_000), rows("customers", 7)))
	check(t, s, s.add(rows("orders", 48_100), rows("customers", 7)))
	if len(s.alarms) != 0 {
		t.Fatalf("without a reason: %+v", s.alarms)
	}
	b := s.add(rows("orders", 12))
	check(t, s, b)
	if len(s.alarms) != 1 {
		t.Fatalf("the alarms are %+v", s.alarms)
	}
	a := s.alarms[0]
	want := "table customers is not in this backup; the 2 backups before had it, the newest with 7 rows\n" +
		"table orders has 12 rows; the 2 backups before had 48,000 to 48,100"
	if a.Sentence != want || a.JobID != "job" || a.BackupID != b.ID || a.Kind != models.AlarmAnomaly || a.SeenAt != nil || a.CreatedAt.IsZero() {
		t.Errorf("the alarm is %+v", a)
	}
	if s.limit != 10 {
		t.Errorf("%d earlier backups were looked at", s.limit)
	}
	at := time.Now()
	s.alarms[0].SeenAt = &at
	check(t, s, b) // it finishes again, when a copy was made again
	check(t, s, s.add(rows("orders", 13)))
	if len(s.alarms) != 1 {
		t.Errorf("what was seen raises an alarm again: %+v", s.alarms)
	}
}

func TestALostDatabaseIsToldInFewLines(t *testing.T) {
	s := &shelf{}
	var tables []models.TableDigest
	for i := range 500 {
		tables = append(tables, rows(fmt.Sprintf("table%cx%d", 'a'+i%26, i), 10))
	}
	s.add(append(tables, rows("left", 1))...)
	check(t, s, s.add(rows("left", 1)))
	lines := strings.Split(s.alarms[0].Sentence, "\n")
	if len(lines) != 11 || lines[10] != "and 490 more" {
		t.Errorf("the alarm says:\n%s", s.alarms[0].Sentence)
	}
}

func TestWhatCannotBeCheckedIsAnError(t *testing.T) {
	s := &shelf{broken: errors.New("the disk is on fire")}
	b := s.add(rows("t", 1))
	if err := watch.New(s).Check(t.Context(), b); !errors.Is(err, s.broken) || !strings.Contains(err.Error(), b.ID) {
		t.Errorf("got %v", err)
	}
	delete(s.manifests, b.ID)
	if err := watch.New(s).Check(t.Context(), b); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
