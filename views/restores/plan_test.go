package restores

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestWhatATargetHolds(t *testing.T) {
	changed := now.Add(-3 * time.Hour)
	tables := []models.TargetTable{{TableName: models.TableName{Name: "a"}}, {TableName: models.TableName{Name: "b"}}}
	for want, c := range map[string]struct {
		kind  models.TargetKind
		state models.TargetState
	}{
		"It is not there yet. It gets the unpacked dump.":                  {models.TargetFile, models.TargetState{}},
		"It is not there yet and will be made.":                            {models.TargetNew, models.TargetState{}},
		"It is there and empty.":                                           {models.TargetSource, models.TargetState{Exists: true}},
		"It holds 2 tables.":                                               {models.TargetSource, models.TargetState{Exists: true, Tables: tables}},
		"It holds 2 tables, 1 other object, 1.5 MB; last changed 3 h ago.": {models.TargetSource, models.TargetState{Exists: true, Tables: tables, Objects: 1, Size: 1_500_000, ChangedAt: &changed}},
		"It holds 0 tables, 4 other objects.":                              {models.TargetSource, models.TargetState{Exists: true, Objects: 4}},
	} {
		p := models.RestorePlan{Request: models.RestoreRequest{Target: models.RestoreTarget{Kind: c.kind}}, Target: c.state}
		if got := holds(p, now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What is overwritten is asked about until it was said, and then what becomes of it.
func TestReplacing(t *testing.T) {
	full := models.RestorePlan{NeedsReplace: true, SafetyJob: "shop-nightly", Request: models.RestoreRequest{Target: models.RestoreTarget{Kind: models.TargetSource}}}
	without := full
	without.SafetyJob, without.NoSafety = "", "no job backs this database up"
	for name, c := range map[string]struct {
		plan         models.RestorePlan
		form         Form
		asks, safely bool
		missing      bool
		says         string
	}{
		"not said yet":                   {full, Form{}, true, true, false, ""},
		"not said, nothing can back up":  {without, Form{}, true, false, false, "No job backs this database up."},
		"safely":                         {full, Form{Existing: ReplaceSafely}, false, false, false, "the job shop-nightly backs up what is there"},
		"unsafely":                       {full, Form{Existing: ReplaceUnsafely}, false, false, true, "you chose so"},
		"safely, nothing can back it up": {without, Form{Existing: ReplaceSafely}, false, false, true, "No job backs this database up."},
	} {
		t.Run(name, func(t *testing.T) {
			c.form.BackupID, c.form.Into = "b", IntoOriginal
			c.plan.Request, _ = c.form.Request()
			v := NewPlanView(layout.Page{}, Head{}, c.form, c.plan, now)
			if v.AskReplace != c.asks || (v.SafelyPath != "") != c.safely || v.SafetyMissing != c.missing || !strings.Contains(v.Safety, c.says) || !v.Replaces {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestCopiesToRead(t *testing.T) {
	p := models.RestorePlan{Copies: []models.RestoreCopy{{DriveFileID: "a", Drive: "nas", Proposed: true}, {DriveFileID: "b", Drive: "offsite"}}}
	for named, want := range map[string]string{"": "nas", "a": "nas", "b": "offsite"} {
		for _, c := range NewPlanView(layout.Page{}, Head{}, Form{BackupID: "x", Copy: named}, p, now).Copies {
			if c.Chosen != (c.Drive == want) {
				t.Errorf("with %q named, %s is chosen: %v", named, c.Drive, c.Chosen)
			}
		}
	}
}

func TestManyTablesAreCounted(t *testing.T) {
	var tables []models.TableName
	for range 30 {
		tables = append(tables, models.TableName{Schema: "s", Name: "t"})
	}
	if got := TableWords(tables); !strings.HasPrefix(got, "30 tables: s.t, s.t") || !strings.HasSuffix(got, " and 18 more") {
		t.Errorf("said %q", got)
	}
	if got := TableWords(tables[:1]); got != "1 table: s.t" {
		t.Errorf("said %q", got)
	}
}

// A new database that is there already is a problem: nothing in it would be overwritten.
func TestNothingInANewDatabaseIsOverwritten(t *testing.T) {
	p := models.RestorePlan{NeedsReplace: true, Overwrites: []models.TargetTable{{Bytes: 1}}, Problems: []string{"there already is a database x: choose another name"},
		Request: models.RestoreRequest{Target: models.RestoreTarget{Kind: models.TargetNew}}}
	if v := NewPlanView(layout.Page{}, Head{}, Form{BackupID: "b"}, p, now); len(v.Overwrites) != 0 || v.AskReplace || len(v.Problems) != 1 {
		t.Errorf("got %+v", v)
	}
}
