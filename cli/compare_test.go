package cli_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// changeShop runs statements on the demo's database and backs it up once more.
func changeShop(t *testing.T, base []string, dir, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
	if code, out, said := backupman(t, append(base, "run", "shop-hourly", "--wait")...); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
}

type alarmAnswer struct {
	Results []struct {
		ID        string `json:"Id"`
		JobID     string `json:"JobId"`
		BackupID  string `json:"BackupId"`
		Kind      string
		Sentences []string
		CreatedAt string
		SeenAt    *string
	}
}

func TestCompareTellsTheDifference(t *testing.T) {
	base, dir := newDemo(t)
	if code, _, said := backupman(t, append(base, "compare", "latest")...); code != 1 || !strings.Contains(said, "shop-hourly has no finished backup before") {
		t.Errorf("the only one: status %d, %q", code, said)
	}
	changeShop(t, base, dir, "DELETE FROM order_items WHERE order_id > 100; CREATE TABLE \"odd\x1b[2J\" (x); CREATE VIEW cheap AS SELECT * FROM products WHERE price_cents < 500; UPDATE customers SET name = 'x' WHERE id = 1")
	code, out, said := backupman(t, append(base, "compare", "latest")...)
	if code != 0 || said != "" || strings.Contains(out, "\x1b") {
		t.Fatalf("status %d, %q, said %q", code, out, said)
	}
	for _, want := range []string{"order_items", "other values", "added", "view", "cheap", "2 tables hold the same rows"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
	if strings.Index(out, "order_items") > strings.Index(out, "customers") {
		t.Errorf("the largest change is not first:\n%s", out)
	}
	var list listAnswer
	answer(t, &list, 0, append(base, "list")...)
	newest, oldest := list.Results[0].ID, list.Results[1].ID
	var told struct {
		Equal  bool
		Tables []struct {
			Schema, Name, Kind                             string
			RowsBefore, RowsAfter, BytesBefore, BytesAfter int64
			SameRows, Definition                           bool
		}
		Objects                                        []struct{ Schema, Name, Type, Kind string }
		EqualTables                                    int
		RowsBefore, RowsAfter, BytesBefore, BytesAfter int64
		Notes                                          []string
	}
	answer(t, &told, 0, append(base, "compare", oldest, newest)...)
	if told.Equal || told.EqualTables != 2 || len(told.Tables) != 3 || told.Tables[0].Name != "order_items" || told.Tables[0].RowsAfter == 0 || len(told.Objects) != 1 {
		t.Errorf("in JSON: %+v", told)
	}
	for _, c := range []struct{ id, other, says string }{{"xyz", "", "is not an id"}, {"latest", "xyz", "is not an id"}} {
		if code, out, said := backupman(t, append(base, "compare", c.id, c.other)...); code != 1 || out != "" || !strings.Contains(said, c.says) {
			t.Errorf("%+v: status %d, %q, %q", c, code, out, said)
		}
	}
}

func TestALossRaisesAnAlarmUntilItIsSeen(t *testing.T) {
	base, dir := newDemo(t)
	if code, out, _ := backupman(t, append(base, "alarms")...); code != 0 || out != "There is no alarm.\n" {
		t.Errorf("at first: status %d, %q", code, out)
	}
	changeShop(t, base, dir, "DELETE FROM order_items")
	code, out, said := backupman(t, append(base, "alarms")...)
	if code != 0 || said != "" || !strings.Contains(out, "shop-hourly  anomaly") || !strings.Contains(out, "table order_items has 0 rows; the backup before had ") || !strings.Contains(out, "Nothing of these jobs is deleted") {
		t.Fatalf("status %d, %q, said %q", code, out, said)
	}
	var told, seen, after alarmAnswer
	answer(t, &told, 0, append(base, "alarms")...)
	if len(told.Results) != 1 || told.Results[0].Kind != "anomaly" || len(told.Results[0].Sentences) != 1 || told.Results[0].SeenAt != nil {
		t.Fatalf("in JSON: %+v", told)
	}
	id := told.Results[0].ID
	answer(t, &seen, 0, append(base, "alarms", "seen", id)...)
	if len(seen.Results) != 1 || seen.Results[0].SeenAt == nil {
		t.Errorf("seen: %+v", seen)
	}
	answer(t, &after, 0, append(base, "alarms")...)
	if len(after.Results) != 0 {
		t.Errorf("after it was seen: %+v", after)
	}
	if code, out, _ := backupman(t, append(base, "alarms", "--all")...); code != 0 || !strings.Contains(out, "seen:") || strings.Contains(out, "Nothing of these") {
		t.Errorf("all: status %d, %q", code, out)
	}
	if code, _, said := backupman(t, append(base, "alarms", "seen", id)...); code != 1 || !strings.Contains(said, "has looked at the alarm") {
		t.Errorf("seen twice: status %d, %q", code, said)
	}
	if code, out, _ := backupman(t, append(base, "alarms", "seen", "all")...); code != 0 || !strings.Contains(out, "There is no alarm") {
		t.Errorf("all of none: status %d, %q", code, out)
	}
	for _, c := range []struct{ id, says string }{{"xyz", "is not an id"}, {"0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b", "there is no alarm"}} {
		if code, _, said := backupman(t, append(base, "alarms", "seen", c.id)...); code != 1 || !strings.Contains(said, c.says) {
			t.Errorf("%s: status %d, %q", c.id, code, said)
		}
	}
}

func TestAllAlarmsAreSeenAtOnce(t *testing.T) {
	base, dir := newDemo(t)
	changeShop(t, base, dir, "DELETE FROM order_items")
	changeShop(t, base, dir, "DELETE FROM orders")
	if code, out, said := backupman(t, append(base, "alarms", "seen", "all")...); code != 0 || said != "" || strings.Count(out, "seen ") != 2 {
		t.Errorf("status %d, %q, said %q", code, out, said)
	}
}
