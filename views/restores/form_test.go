package restores

import (
	"errors"
	"net/url"
	"reflect"
	"testing"

	"github.com/backupman/backupman/models"
)

// The address is the form: what is written down is read back, whatever the names hold.
func TestAFormSurvivesItsAddress(t *testing.T) {
	odd := []models.TableName{{Name: "plain"}, {Schema: "public", Name: "a.b"}, {Name: "a/b"}, {Schema: "od d", Name: "%2F&table=x"}, {Name: "日本 ñ `\"'"}, {Name: "-x"}}
	for name, f := range map[string]Form{
		"empty":     {BackupID: "b"},
		"all of it": {BackupID: "b", Copy: "c", Into: IntoNew, Server: "s", Other: "o", Database: "x y", File: "/a b", Tables: odd, Find: "f&g", Existing: ReplaceSafely, Planned: true},
		"an upload": {UploadID: "u", Into: IntoFile, File: "-x"},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := url.Parse(f.Path())
			if err != nil {
				t.Fatal(err)
			}
			got := ParseForm(at.Query())
			got.BackupID = f.BackupID // it is in the path
			if !reflect.DeepEqual(got, f) {
				t.Errorf("read %+v, want %+v", got, f)
			}
		})
	}
}

func TestNamesThatAreNoneAreLeftOut(t *testing.T) {
	if f := ParseForm(url.Values{"table": {"", "x", "/", "a/%zz", "/good"}}); len(f.Tables) != 1 || f.Tables[0].Name != "good" {
		t.Errorf("read %+v", f.Tables)
	}
}

func TestRequests(t *testing.T) {
	orders := []models.TableName{{Name: "orders"}}
	base := models.RestoreRequest{BackupID: "b", Trigger: models.TriggerPage}
	with := func(change func(*models.RestoreRequest)) models.RestoreRequest { r := base; change(&r); return r }
	for name, c := range map[string]struct {
		form Form
		want models.RestoreRequest
		says string
	}{
		"a new database": {Form{BackupID: "b", Into: IntoNew, Server: "s", Database: "d"},
			with(func(r *models.RestoreRequest) {
				r.Target = models.RestoreTarget{Kind: models.TargetNew, SourceID: "s", Name: "d"}
			}), ""},
		"the original, whatever else was typed": {Form{BackupID: "b", Into: IntoOriginal, Server: "s", Database: "d", File: "/f", Other: "o"},
			with(func(r *models.RestoreRequest) { r.Target = models.RestoreTarget{Kind: models.TargetSource} }), ""},
		"another, replaced": {Form{BackupID: "b", Into: IntoOther, Other: "o", Existing: ReplaceSafely},
			with(func(r *models.RestoreRequest) {
				r.Target, r.Replace = models.RestoreTarget{Kind: models.TargetSource, SourceID: "o"}, true
			}), ""},
		"without a safety backup": {Form{BackupID: "b", Into: IntoOriginal, Existing: ReplaceUnsafely},
			with(func(r *models.RestoreRequest) {
				r.Target, r.Replace, r.WithoutSafety = models.RestoreTarget{Kind: models.TargetSource}, true, true
			}), ""},
		"some tables of a copy into a file": {Form{BackupID: "b", Into: IntoFile, File: "/f", Copy: "c", Tables: orders},
			with(func(r *models.RestoreRequest) {
				r.Target, r.DriveFileID, r.Tables = models.RestoreTarget{Kind: models.TargetFile, Name: "/f"}, "c", orders
			}), ""},
		"no name":        {form: Form{Into: IntoNew}, says: "the new database has no name: give it one"},
		"no path":        {form: Form{Into: IntoFile}, says: "the file has no name: give it one"},
		"no other":       {form: Form{Into: IntoOther}, says: "no database is chosen: choose the data source whose database the backup goes into"},
		"no target":      {form: Form{}, says: "no target is chosen: say where the backup goes"},
		"no such target": {form: Form{Into: "moon"}, says: "no target is chosen: say where the backup goes"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.form.Request()
			switch {
			case c.says != "" && (!errors.Is(err, models.ErrInvalid) || err.Error() != c.says):
				t.Errorf("the error is %v, want %q", err, c.says)
			case c.says == "" && (err != nil || !reflect.DeepEqual(got, c.want)):
				t.Errorf("asked for %+v (%v), want %+v", got, err, c.want)
			}
		})
	}
}
