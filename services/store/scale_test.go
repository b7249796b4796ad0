package store

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

// crowd is the number of backups the program must stay quick with.
const crowd = 100_000

// TestSQLiteCrowd walks a hundred thousand backups with two drive files each
// in constant memory.
func TestSQLiteCrowd(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	fill(t, s, crowd)
	before, peak, seen := heap(), uint64(0), 0
	var last models.Backup
	must(t, s.EachBackup(t.Context(), models.BackupFilter{}, func(b models.Backup) error {
		if seen > 0 && !b.CreatedAt.Before(last.CreatedAt) {
			return fmt.Errorf("backup %d is not older than the one before", seen)
		}
		if len(b.DriveFiles) != 2 {
			return fmt.Errorf("backup %d has %d drive files", seen, len(b.DriveFiles))
		}
		if seen%20_000 == 0 {
			peak = max(peak, heap())
		}
		last = b
		seen++
		return nil
	}))
	equal(t, "the number of backups", seen, crowd)
	if grown := int64(peak) - int64(before); grown > 64<<20 {
		t.Fatalf("the heap grew by %d MiB", grown>>20)
	}
	summary := value(s.JobSummaries(t.Context()))(t)[0]
	equal(t, "the number of finished backups", summary.Finished, crowd)
}

// TestSQLiteCrowdOfManifests asks for what a new backup is compared with, of a hundred
// thousand backups that have a manifest each.
func TestSQLiteCrowdOfManifests(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	fill(t, s, crowd)
	must(t, s.db.Exec(`INSERT INTO manifests SELECT id, '{"BackupID": "' || id || '"}' FROM backups`).Error)
	newest := value(s.Backups(t.Context(), models.BackupFilter{}, models.Cursor{}, 1))(t)[0]
	began := worked(t)
	got := value(s.ManifestsBefore(t.Context(), newest, 10))(t)
	if took := worked(t) - began; took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	equal(t, "the number of manifests", len(got), 10)
	equal(t, "the newest of them", got[0].BackupID, fmt.Sprintf("0197c9a4-0000-7000-8000-%012d", crowd-2))
}

// worked returns the processor time of this process, which what else a machine does is no
// part of.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// fill inserts n finished backups with two drive files each, in SQL alone.
func fill(t *testing.T, s *Store, n int) {
	t.Helper()
	f := configure(t, s)
	first := f.backup(slot(0))
	first.Status, first.CreatedAt = models.StatusFinished, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	must(t, s.InsertBackup(t.Context(), first))
	must(t, s.db.Transaction(func(tx *gorm.DB) error {
		must(t, tx.Exec("CREATE TEMP TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < ?) SELECT i FROM n", n-1).Error)
		must(t, multiply(tx, "backups", map[string]string{
			"id": "printf('0197c9a4-0000-7000-8000-%012d', i)", "slot": "'manual:' || i",
			"created_at": "strftime('%Y-%m-%d %H:%M:%S+00:00', '2020-01-01', i || ' minutes')",
		}))
		return multiply(tx, "drive_files", map[string]string{
			"id":         "printf('0197c9a5-%04d-7000-8000-%012d', s.rowid, i)",
			"backup_id":  "printf('0197c9a4-0000-7000-8000-%012d', i)",
			"created_at": "strftime('%Y-%m-%d %H:%M:%S+00:00', '2020-01-01', i || ' minutes')",
		})
	}))
}

// multiply copies every row of a table once for each row of many, with some
// columns computed.
func multiply(tx *gorm.DB, table string, computed map[string]string) error {
	var columns []string
	if err := tx.Raw("SELECT name FROM pragma_table_info(?)", table).Scan(&columns).Error; err != nil {
		return err
	}
	values := make([]string, len(columns))
	for i, c := range columns {
		columns[i], values[i] = `"`+c+`"`, `s."`+c+`"`
		if expression, ok := computed[c]; ok {
			values[i] = expression
		}
	}
	return tx.Exec(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM (SELECT rowid, * FROM %s) s, many",
		table, strings.Join(columns, ","), strings.Join(values, ","), table)).Error
}

// TestSQLitePlans sees that the queries of busy pages go by an index and sort
// nothing, so that they do not slow down as backups add up.
func TestSQLitePlans(t *testing.T) {
	s := openFile(t, filepath.Join(t.TempDir(), "m.db"))
	var page []models.Backup
	list := func(f models.BackupFilter) string {
		return s.db.ToSQL(func(tx *gorm.DB) *gorm.DB {
			if indexFor(f) == copiesByAge {
				return onDrive(tx, f, models.Cursor{CreatedAt: models.Now(), ID: "x"}, older).Limit(50).Find(&[]models.DriveFile{})
			}
			return newestFirst(olderThan(filtered(tx, f), models.Cursor{CreatedAt: models.Now(), ID: "x"})).Limit(50).Find(&page)
		})
	}
	for name, check := range map[string]struct{ query, index string }{
		"summaries":     {summaryQuery(ProviderSQLite, countFinished), "idx_backups_job_proven"},
		"standings":     {summaryQuery(ProviderSQLite, twoFinished), "idx_backups_job_proven"},
		"all":           {list(models.BackupFilter{}), "idx_backups_created"},
		"of a job":      {list(models.BackupFilter{JobID: "j"}), "idx_backups_job "},
		"of a label":    {list(models.BackupFilter{Label: "l"}), "idx_backups_label"},
		"of a status":   {list(models.BackupFilter{Status: "failed"}), "idx_backups_status"},
		"of a source":   {list(models.BackupFilter{SourceID: "s"}), "idx_backups_source"},
		"of a drive":    {list(models.BackupFilter{DriveID: "d"}), "idx_drive_files_made"},
		"proven":        {list(models.BackupFilter{Proof: models.ProofProven}), "idx_backups_proof"},
		"pinned":        {list(models.BackupFilter{Pinned: true}), "idx_backups_pinned"},
		"drive, job":    {list(models.BackupFilter{DriveID: "d", JobID: "j"}), "idx_backups_job "},
		"drive, proof":  {list(models.BackupFilter{DriveID: "d", Proof: models.ProofUnproven, Since: models.Now()}), "idx_drive_files_made"},
		"job, proof":    {list(models.BackupFilter{JobID: "j", Proof: models.ProofUnproven}), "idx_backups_job_proven"},
		"job and state": {list(models.BackupFilter{JobID: "j", Status: "failed"}), "idx_backups_job_status"},
	} {
		t.Run(name, func(t *testing.T) {
			steps := explain(t, s, check.query)
			mentions(t, fmt.Errorf("%s", steps), check.index)
			refuseWord(t, steps, "SCAN b")
			refuseWord(t, steps, "TEMP B-TREE")
		})
	}
}

func explain(t *testing.T, s *Store, query string) string {
	t.Helper()
	var steps []struct{ Detail string }
	must(t, s.db.Raw("EXPLAIN QUERY PLAN "+query).Scan(&steps).Error)
	var plan strings.Builder
	for _, step := range steps {
		plan.WriteString(step.Detail + " \n")
	}
	return plan.String()
}

func refuseWord(t *testing.T, text, word string) {
	t.Helper()
	if strings.Contains(text, word) {
		t.Fatalf("%q holds %q", text, word)
	}
}
