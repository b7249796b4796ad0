package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
)

func TestWhatTryingFoundIsToldWithItsWayOut(t *testing.T) {
	good := models.SourceReport{ServerVersion: "11.8", Tool: "mariadb-dump", ToolVersion: "11.8.3", Tables: 1, Size: 3_000_000}
	poor := good
	poor.Problems, poor.Grants, poor.Warnings = []string{`data source "a \"b": it may not see triggers`}, []string{"GRANT A;", "GRANT B;"}, []string{"two tables are MyISAM"}
	for name, c := range map[string]struct {
		trial models.Trial
		tone  components.Tone
		title string
		words []string
	}{
		"a good source":   {models.Trial{Source: &good, Took: 1500 * time.Millisecond}, components.ToneGood, "It is reached, and all of it can be backed up", []string{"mariadb-dump 11.8.3", "about 3.0 MB"}},
		"a poor source":   {models.Trial{Source: &poor}, components.ToneWarn, "It is reached, but it can't be backed up yet", []string{"1 thing is missing.", "It may not see triggers.", "GRANT A;\nGRANT B;", "Two tables are MyISAM."}},
		"none":            {models.Trial{Error: `data source "shop": nobody answers`}, components.ToneBad, "It does not work yet", []string{"Nobody answers."}},
		"refused":         {models.Trial{Source: &models.SourceReport{Problems: []string{`data source "shop": the password is wrong`}}}, components.ToneBad, "It does not work yet", []string{"The password is wrong."}},
		"a good drive":    {models.Trial{Drive: &models.DriveCheck{Free: 5e9, Total: 1e10}}, components.ToneGood, "It works: a file was written, read back and deleted", []string{"5.0 GB of 10 GB"}},
		"a bad drive":     {models.Trial{Drive: &models.DriveCheck{Error: `drive "nas": it is full`, Free: -1, Total: -1}}, components.ToneBad, "It does not work yet", []string{"It is full."}},
		"a drive to open": {models.Trial{Drive: &models.DriveCheck{Error: "sign in", NeedsSignIn: true}}, components.ToneWarn, "Somebody has to sign in to it", []string{"Sign in."}},
	} {
		f := NewFound(c.trial)
		if f.Tone != c.tone || f.Title != c.title || f.Good != (c.tone == components.ToneGood) {
			t.Errorf("%s is %q, %s, good %v", name, f.Title, f.Tone, f.Good)
		}
		said := f.Sentence + strings.Join(f.Problems, "|") + strings.Join(f.Warnings, "|") + f.Grants
		for _, fact := range f.Facts {
			said += "|" + fact.Text
		}
		for _, want := range c.words {
			if !strings.Contains(said, want) {
				t.Errorf("%s says %q and lacks %q", name, said, want)
			}
		}
	}
	if got := NewFound(models.Trial{Source: &good}).Summary(); got != "11.8 · 1 table · about 3.0 MB" {
		t.Errorf("the summary is %q", got)
	}
}

func TestProblemsThatNoFieldShowsAreSummedUp(t *testing.T) {
	kind := models.Kind{Provider: "box", Settings: []models.Setting{{Name: "host", Type: models.SettingText}}}
	for name, c := range map[string]struct {
		problems models.FieldErrors
		want     string
	}{
		"none":     {nil, ""},
		"a field":  {models.FieldErrors{"host": "no", "label": "taken"}, "What is marked below is not right yet."},
		"the form": {models.FieldErrors{"host": "no", "": "these do not fit", "gone": "an old one"}, "These do not fit. An old one."},
	} {
		if got := NewFormView(Facts{Noun: Sources, Kind: kind, Problems: c.problems}).Problem; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSettingsAreToldWithoutSecrets(t *testing.T) {
	kind := models.Kind{Settings: []models.Setting{
		{Name: "url", Label: "Address", Type: models.SettingText}, {Name: "folder", Label: "Folder", Type: models.SettingPath},
		{Name: "password", Label: "Password", Secret: true}, {Name: "key", Label: "Key", Secret: true},
		{Name: "create", Label: "Make it", Type: models.SettingBool, Default: "true"}, {Name: "class", Label: "Class", Default: "hot", Advanced: true},
	}}
	draft := models.PlanDraft{Fields: models.Settings{"url": "https://ada:hunter2@x.example/a", "folder": "/a", "create": "false", "class": "hot"}, Secrets: map[string]models.Secret{"password": models.NewSecret("hunter2")}}
	var said []string
	for _, s := range NewSettings(kind, draft) {
		said = append(said, s.Label+"="+s.Value)
	}
	if got := strings.Join(said, " "); got != "Address=https://x.example/a Folder=/a Password=set Make it=no" {
		t.Errorf("said is %q", got)
	}
}

func TestWhatDependsOnSomethingIsLinked(t *testing.T) {
	got := NewNeeded([]string{"the job nightly", `the job "a b"`, "the job gone", "the notifier x"}, []models.Job{{ID: "1", Label: "nightly"}, {ID: "2", Label: "a b"}})
	for i, want := range []string{"/jobs/1", "/jobs/2", "", ""} {
		if got[i].Path != want {
			t.Errorf("%s leads to %q, want %q", got[i].Words, got[i].Path, want)
		}
	}
}
