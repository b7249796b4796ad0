package compare_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/compare"
)

// manifest is one of a backup by one tool.
func manifest(tables ...models.TableDigest) models.Manifest {
	m := models.Manifest{Provider: "mysql", Inventory: models.Inventory{Tool: "mariadb-dump", ToolVersion: "11.8.3", Tables: tables}}
	for _, t := range tables {
		m.Inventory.Objects = append(m.Inventory.Objects, models.Object{Kind: models.ObjectTable, Schema: t.Schema, Name: t.Name, Definition: "made"})
	}
	return m
}

func table(name string, rows int64, digest string) models.TableDigest {
	return models.TableDigest{Name: name, Rows: rows, Bytes: rows * 100, SHA256: digest}
}

func named(name string) models.TableName { return models.TableName{Name: name} }

func TestTablesOfTwoBackups(t *testing.T) {
	grown := models.TableChange{TableName: named("t"), Kind: models.Changed, RowsBefore: 5, RowsAfter: 7, BytesBefore: 500, BytesAfter: 700}
	for name, c := range map[string]struct {
		before, after models.Manifest
		want          []models.TableChange
		equal         int
	}{
		"the same":      {manifest(table("t", 5, "a")), manifest(table("t", 5, "a")), nil, 1},
		"more rows":     {manifest(table("t", 5, "a")), manifest(table("t", 7, "b")), []models.TableChange{grown}, 0},
		"other values":  {manifest(table("t", 5, "a")), manifest(table("t", 5, "b")), []models.TableChange{{TableName: named("t"), Kind: models.Changed, SameRows: true, RowsBefore: 5, RowsAfter: 5, BytesBefore: 500, BytesAfter: 500}}, 0},
		"added":         {manifest(), manifest(table("t", 7, "b")), []models.TableChange{{TableName: named("t"), Kind: models.Added, RowsAfter: 7, BytesAfter: 700}}, 0},
		"removed":       {manifest(table("t", 5, "a")), manifest(), []models.TableChange{{TableName: named("t"), Kind: models.Removed, RowsBefore: 5, BytesBefore: 500}}, 0},
		"nothing":       {manifest(), manifest(), nil, 0},
		"names of case": {manifest(table("T", 1, "a")), manifest(table("t", 1, "a")), []models.TableChange{{TableName: named("T"), Kind: models.Removed, RowsBefore: 1, BytesBefore: 100}, {TableName: named("t"), Kind: models.Added, RowsAfter: 1, BytesAfter: 100}}, 0},
		"two schemas": {
			manifest(models.TableDigest{Schema: "a", Name: "t", Rows: 1, SHA256: "x"}, models.TableDigest{Schema: "b", Name: "t", Rows: 2, SHA256: "y"}),
			manifest(models.TableDigest{Schema: "a", Name: "t", Rows: 1, SHA256: "x"}, models.TableDigest{Schema: "c", Name: "t", Rows: 2, SHA256: "y"}),
			[]models.TableChange{
				{TableName: models.TableName{Schema: "b", Name: "t"}, Kind: models.Removed, RowsBefore: 2},
				{TableName: models.TableName{Schema: "c", Name: "t"}, Kind: models.Added, RowsAfter: 2},
			}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := compare.Manifests(c.before, c.after)
			if !reflect.DeepEqual(got.Tables, c.want) || got.Equal != c.equal {
				t.Errorf("got %+v, %d equal", got.Tables, got.Equal)
			}
			if len(got.Objects) != 0 || len(got.Notes) != 0 {
				t.Errorf("and objects %+v, notes %q", got.Objects, got.Notes)
			}
		})
	}
}

func TestTheLargestChangeIsFirst(t *testing.T) {
	before := manifest(table("a", 10, "1"), table("b", 1000, "2"), table("c", 10, "3"), table("d", 10, "4"))
	after := manifest(table("a", 11, "5"), table("c", 10, "6"), table("d", 500, "7"), table("e", 11, "8"))
	after.Inventory.Tables[1].Bytes = 5000
	got := compare.Manifests(before, after)
	var order []string
	for _, c := range got.Tables {
		order = append(order, c.Name)
	}
	if strings.Join(order, "") != "bdeac" {
		t.Errorf("the order is %v", order)
	}
	if got.RowsBefore != 1030 || got.RowsAfter != 532 || got.BytesBefore != 103000 || got.BytesAfter != 1100+5000+50000+1100 {
		t.Errorf("the totals are %d to %d rows, %d to %d bytes", got.RowsBefore, got.RowsAfter, got.BytesBefore, got.BytesAfter)
	}
}

func TestDigestsOfAnotherToolProveNothing(t *testing.T) {
	before, after := manifest(table("same", 5, "a"), table("other", 5, "b"), table("more", 5, "c")), manifest(table("same", 5, "a"), table("other", 5, "z"), table("more", 6, "z"))
	after.Inventory.ToolVersion = "11.8.4"
	got := compare.Manifests(before, after)
	if len(got.Tables) != 1 || got.Tables[0].Name != "more" || got.Tables[0].SameRows || got.Equal != 1 {
		t.Errorf("got %+v, %d equal", got.Tables, got.Equal)
	}
	if len(got.Notes) != 1 || !strings.HasPrefix(got.Notes[0], "1 table has as many rows in both") || !strings.Contains(got.Notes[0], "mariadb-dump 11.8.3") || !strings.Contains(got.Notes[0], "11.8.4") {
		t.Errorf("the notes are %q", got.Notes)
	}
}

func objects(all ...models.Object) models.Manifest {
	m := manifest(table("t", 1, "a"))
	m.Inventory.Objects = append(m.Inventory.Objects, all...)
	return m
}

func TestObjectsOfTwoBackups(t *testing.T) {
	view := models.Object{Kind: models.ObjectView, Name: "v", Definition: "1"}
	other := models.Object{Kind: models.ObjectView, Name: "v", Definition: "2"}
	function := func(definition string) models.Object {
		return models.Object{Kind: models.ObjectRoutine, Schema: "s", Name: "f", Definition: definition}
	}
	virtual := models.Object{Kind: models.ObjectTable, Name: "search", Definition: "3"}
	for name, c := range map[string]struct {
		before, after models.Manifest
		want          []models.ObjectChange
	}{
		"the same":               {objects(view), objects(view), nil},
		"added":                  {objects(), objects(view), []models.ObjectChange{{Object: view, Kind: models.Added}}},
		"removed":                {objects(view), objects(), []models.ObjectChange{{Object: view, Kind: models.Removed}}},
		"changed":                {objects(view), objects(other), []models.ObjectChange{{Object: other, Kind: models.Changed}}},
		"a table without rows":   {objects(), objects(virtual), []models.ObjectChange{{Object: virtual, Kind: models.Added}}},
		"one of a name":          {objects(function("1"), function("2")), objects(function("3"), function("1")), []models.ObjectChange{{Object: function("3"), Kind: models.Changed}}},
		"one more of a name":     {objects(function("1")), objects(function("1"), function("1")), []models.ObjectChange{{Object: function("1"), Kind: models.Added}}},
		"of a kind and a schema": {objects(view), objects(view, models.Object{Kind: models.ObjectView, Schema: "x", Name: "v", Definition: "1"}), []models.ObjectChange{{Object: models.Object{Kind: models.ObjectView, Schema: "x", Name: "v", Definition: "1"}, Kind: models.Added}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := compare.Manifests(c.before, c.after)
			if !reflect.DeepEqual(got.Objects, c.want) || len(got.Tables) != 0 || len(got.Notes) != 0 || got.Equal != 1 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestATableMadeInAnotherWay(t *testing.T) {
	before, after := manifest(table("t", 1, "a"), table("u", 1, "a")), manifest(table("t", 1, "a"), table("u", 1, "b"))
	after.Inventory.Objects[0].Definition, after.Inventory.Objects[1].Definition = "altered", "altered"
	got := compare.Manifests(before, after)
	if len(got.Tables) != 2 || !got.Tables[0].Definition || got.Tables[0].SameRows || !got.Tables[1].Definition || !got.Tables[1].SameRows || got.Equal != 1 {
		t.Errorf("got %+v, %d equal", got.Tables, got.Equal)
	}
	if len(got.Objects) != 0 {
		t.Errorf("the tables are among the objects, too: %+v", got.Objects)
	}
}

func TestAnOlderVersionSaysLess(t *testing.T) {
	later := objects(models.Object{Kind: models.ObjectView, Name: "v", Definition: "1"}, models.Object{Kind: models.ObjectIndex, Name: "i", Definition: "2"})
	older := objects(models.Object{Kind: models.ObjectView, Name: "v"}, models.Object{Kind: models.ObjectTrigger, Name: "gone"})
	older.Inventory.Objects[0].Definition = ""
	gone := models.ObjectChange{Object: models.Object{Kind: models.ObjectTrigger, Name: "gone"}, Kind: models.Removed}
	got := compare.Manifests(older, later)
	if !reflect.DeepEqual(got.Objects, []models.ObjectChange{gone}) || len(got.Tables) != 0 {
		t.Errorf("got %+v", got)
	}
	if len(got.Notes) != 2 || !strings.HasPrefix(got.Notes[0], "2 objects were compared by name alone") || !strings.Contains(got.Notes[1], "index") {
		t.Errorf("the notes are %q", got.Notes)
	}
	neither := compare.Manifests(older, older)
	if len(neither.Objects) != 0 || len(neither.Notes) != 1 || !strings.HasPrefix(neither.Notes[0], "neither backup says") {
		t.Errorf("two older ones: %+v", neither)
	}
}
