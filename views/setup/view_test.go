package setup

import (
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/views/layout"
	"github.com/backupman/backupman/views/sources"
)

func TestTheStepThatIsGoneThroughIsMarked(t *testing.T) {
	for at := StageSource; at <= StageRun; at++ {
		for i, s := range steps(at) {
			if s.Current != (Stage(i) == at) || (s.Words == "done") != (Stage(i) < at) {
				t.Errorf("at %d the step %s is %+v", at, s.Title, s)
			}
		}
	}
	if got := short(StageDrives); got != "Step 3 of 5: Drives" {
		t.Errorf("short it is %q", got)
	}
}

func driveFacts(labels string) []drives.Facts {
	var all []drives.Facts
	for label := range strings.FieldsSeq(labels) {
		all = append(all, drives.Facts{Drive: models.Drive{ID: label, Label: label, Provider: "local", Settings: models.Settings{"folder": "/" + label}}})
	}
	return all
}

func TestFewDrivesAreTickedBeforeAnybodyChose(t *testing.T) {
	f := sources.Facts{Source: models.Source{ID: "s", Label: "shop"}, Trial: &models.Trial{Source: &models.SourceReport{ServerVersion: "11.8", Tables: 3}}}
	for name, c := range map[string]struct {
		drives, want string
		chosen       []string
	}{
		"few":      {"a b", "a b", nil},
		"many":     {"a b c d e", "", nil},
		"chosen":   {"a b c d e", "b e", []string{"e", "b", "gone"}},
		"unticked": {"a b", "", []string{}},
	} {
		v := NewDrivesView(layout.Page{}, f, driveFacts(c.drives), c.chosen)
		if got := strings.Join(v.Ticked, " "); got != c.want || len(v.Drives) != len(strings.Fields(c.drives)) || v.Found != "11.8 · 3 tables" {
			t.Errorf("%s: %q is ticked, want %q; %s", name, got, c.want, v.Found)
		}
	}
	v := NewDrivesView(layout.Page{}, f, driveFacts("a"), nil)
	v.Choose([]models.Kind{{Provider: "s3", Name: "S3"}})
	if got := v.Kinds[0].Path; got != "/setup/drives?drive=a&source=s&provider=s3#new-drive" {
		t.Errorf("a kind leads to %s", got)
	}
}

func TestADriveThatDoesNotWorkIsToldOf(t *testing.T) {
	all := driveFacts("a b")
	all[1].Check = &models.DriveCheck{Error: `drive "b": it is full`}
	v := NewDrivesView(layout.Page{}, sources.Facts{}, all, nil)
	if len(v.Wanting) != 1 || v.Wanting[0] != (Wanting{"b", "It is full.", "/drives/b?next=%2Fsetup%2Fdrives%3Fdrive%3Da%26drive%3Db%26source%3D"}) {
		t.Errorf("wanting are %+v", v.Wanting)
	}
}
