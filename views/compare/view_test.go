package compare

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/layout"
)

func TestSummaries(t *testing.T) {
	table := func(k models.ChangeKind) models.TableChange { return models.TableChange{Kind: k} }
	for want, c := range map[string]models.Comparison{
		"Both hold the same: 3 tables and 1,200 rows, with the same digests.":       {Equal: 3, RowsAfter: 1200},
		"No difference was found in what can be compared: 3 tables and 1,200 rows.": {Equal: 3, RowsAfter: 1200, Notes: []string{"digests of other tools"}},
		"1 table added, 2 tables changed, 7 tables equal.":                          {Equal: 7, Tables: []models.TableChange{table(models.Added), table(models.Changed), table(models.Changed)}},
		"1 table removed, 0 tables equal, 1 other object differs.":                  {Tables: []models.TableChange{table(models.Removed)}, Objects: make([]models.ObjectChange, 1)},
		"2 tables equal, 3 other objects differ.":                                   {Equal: 2, Objects: make([]models.ObjectChange, 3)},
	} {
		if got := summary(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRows(t *testing.T) {
	for name, c := range map[string]struct {
		change models.TableChange
		want   TableRow
	}{
		"added":   {models.TableChange{Kind: models.Added, RowsAfter: 1000, BytesAfter: 2000}, TableRow{RowsAfter: "1,000", BytesAfter: "2.0 kB"}},
		"removed": {models.TableChange{Kind: models.Removed, RowsBefore: 5, BytesBefore: 7}, TableRow{RowsBefore: "5", BytesBefore: "7 B"}},
		"emptied": {models.TableChange{Kind: models.Changed, RowsBefore: 5, BytesBefore: 7}, TableRow{RowsBefore: "5", RowsAfter: "0", BytesBefore: "7 B", BytesAfter: "0 B", What: "other rows"}},
		"other values": {models.TableChange{Kind: models.Changed, RowsBefore: 1, RowsAfter: 1, SameRows: true},
			TableRow{RowsBefore: "1", RowsAfter: "1", BytesBefore: "0 B", BytesAfter: "0 B", What: "as many rows, other values"}},
		"made anew": {models.TableChange{Kind: models.Changed, RowsBefore: 1, RowsAfter: 1, Definition: true},
			TableRow{RowsBefore: "1", RowsAfter: "1", BytesBefore: "0 B", BytesAfter: "0 B", What: "made in another way"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Chip = chip(c.change.Kind)
			if got := tableRow(c.change); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestLongComparisonsAreCut(t *testing.T) {
	now := time.Now()
	b := models.Backup{CreatedAt: now}
	f := Facts{Before: &b, After: &b, Comparison: models.Comparison{Tables: make([]models.TableChange, shownChanges+3), Objects: make([]models.ObjectChange, shownChanges+1)}}
	if v := New(layout.Page{}, f, now); len(v.Tables) != shownChanges || v.MoreTables != 3 || v.MoreObjects != 1 || v.Equal {
		t.Errorf("%d tables, %d and %d more", len(v.Tables), v.MoreTables, v.MoreObjects)
	}
}
