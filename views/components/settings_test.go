package components

import (
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

var testKind = models.Kind{Provider: "box", Name: "A box", Settings: []models.Setting{
	{Name: "host", Label: "Host", Help: "Name of the server.", Type: models.SettingText, Default: "127.0.0.1"},
	{Name: "port", Label: "Port", Type: models.SettingInt, Default: "22"},
	{Name: "name", Label: "Name", Type: models.SettingText, Required: true},
	{Name: "password", Label: "Password", Type: models.SettingText, Secret: true, Required: true},
	{Name: "class", Label: "Class", Type: models.SettingChoice, Choices: []string{"", "cold"}, Advanced: true},
	{Name: "create", Label: "Make it", Type: models.SettingBool, Default: "yes", Advanced: true},
	{Name: "old", Label: "Old", Type: models.SettingPath, Unused: true},
	{Name: "engine", Label: "Engine", Type: models.SettingChoice, Choices: []string{"client"}, Default: "client"},
	{Name: "key", Label: "Key", Type: models.SettingText, Secret: true, Advanced: true},
}}

func fieldOf(t *testing.T, v SettingsView, name string) SettingField {
	t.Helper()
	f, ok := v.Field(name)
	if !ok {
		t.Fatalf("there is no field %s", name)
	}
	return f
}

func TestSettingsShowDefaultsAndKeepWhatWasTyped(t *testing.T) {
	v := NewSettingsView(SettingsForm{Kind: testKind, Suggest: models.Settings{"name": "shop", "port": "9"},
		Draft: models.PlanDraft{Fields: models.Settings{"port": "x", "create": "no"}}, Problems: models.FieldErrors{"port": "the port is a number"}})
	for name, want := range map[string]string{"host": "127.0.0.1", "port": "x", "name": "shop", "create": "false", "class": ""} {
		if got := fieldOf(t, v, name).Value; got != want {
			t.Errorf("%s shows %q, want %q", name, got, want)
		}
	}
	if f := fieldOf(t, v, "port"); f.Problem != "The port is a number." || !f.Digits || !f.Focus || fieldOf(t, v, "name").Focus {
		t.Errorf("the port is %+v", f)
	}
	missing := NewSettingsView(SettingsForm{Kind: testKind, Problems: models.FieldErrors{"host": "is missing: Name of the server."}})
	if f := fieldOf(t, missing, "host"); f.Problem != "Fill this in." || f.Hint != "Name of the server." {
		t.Errorf("a host that is missing is told as %q, above %q", f.Problem, f.Hint)
	}
	for _, name := range []string{"old", "engine"} {
		if _, asked := v.Field(name); asked {
			t.Errorf("%s is asked for, and there is nothing to choose", name)
		}
	}
	if f := fieldOf(t, v, "name"); !f.Required {
		t.Error("the name is not required")
	}
}

func TestAdvancedSettingsUnfoldWhenTheyWantALook(t *testing.T) {
	for what, c := range map[string]struct {
		form SettingsForm
		open bool
	}{
		"nothing":              {SettingsForm{}, false},
		"a value of its own":   {SettingsForm{Draft: models.PlanDraft{Fields: models.Settings{"class": "cold"}}}, true},
		"the default":          {SettingsForm{Draft: models.PlanDraft{Fields: models.Settings{"create": "true"}}}, false},
		"a switch that is off": {SettingsForm{Draft: models.PlanDraft{Fields: models.Settings{"create": "false"}}}, true},
		"a secret":             {SettingsForm{Draft: models.PlanDraft{Secrets: map[string]models.Secret{"key": {}}}}, true},
		"a problem":            {SettingsForm{Problems: models.FieldErrors{"class": "no"}}, true},
		"an ordinary problem":  {SettingsForm{Problems: models.FieldErrors{"host": "no"}}, false},
	} {
		c.form.Kind = testKind
		v := NewSettingsView(c.form)
		if v.Open != c.open || strings.Contains(render(t, SettingFields(v)), "<details class=\"rounded-field border border-base-300 px-4 py-3\" open>") != c.open {
			t.Errorf("%s: unfolded is %v", what, v.Open)
		}
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	typed := models.NewSecret("hunter2")
	for what, c := range map[string]struct {
		form     SettingsForm
		required bool
		forget   bool
		words    string
	}{
		"none":           {SettingsForm{}, true, false, ""},
		"set":            {SettingsForm{Draft: models.PlanDraft{Secrets: map[string]models.Secret{"password": {}}}}, false, true, "It is set"},
		"typed":          {SettingsForm{Draft: models.PlanDraft{Secrets: map[string]models.Secret{"password": typed}}}, true, false, "type it again"},
		"typed and held": {SettingsForm{Held: true, Draft: models.PlanDraft{Secrets: map[string]models.Secret{"password": typed}}}, false, false, "remembered for 15 minutes"},
	} {
		c.form.Kind = testKind
		c.form.Check = "/check"
		c.form.Draft.Fields = models.Settings{"password": "hunter2"}
		v := NewSettingsView(c.form)
		f, shown := fieldOf(t, v, "password"), render(t, SettingFields(v))
		if f.Required != c.required || f.Set != c.forget || !strings.Contains(f.Hint, c.words) || f.Check != "" {
			t.Errorf("%s: %+v", what, f)
		}
		if strings.Contains(shown, "hunter2") || strings.Contains(shown, `name="forget.password"`) != c.forget || !strings.Contains(shown, `type="password" name="password"`) {
			t.Errorf("%s shows %s", what, shown)
		}
	}
}

func TestAFieldIsCheckedWhereItStands(t *testing.T) {
	checked := render(t, Input(Field{Name: "host", Check: "/sources/check", Hint: "h"}))
	for _, want := range []string{`hx-post="/sources/check"`, `hx-trigger="change"`, `hx-target="next .remark"`, `aria-describedby="remark-host"`, `id="remark-host"`} {
		if !strings.Contains(checked, want) {
			t.Errorf("%s lacks %s", checked, want)
		}
	}
	if plain := render(t, Input(Field{Name: "host", Hint: "h"})); strings.Contains(plain, "hx-") || !strings.Contains(plain, `aria-describedby="hint-host"`) {
		t.Errorf("a plain field is %s", plain)
	}
	if got := render(t, Remark(Field{Name: "host", Check: "/x", Problem: "No."})); !strings.Contains(got, `data-problem`) || !strings.Contains(got, "No.") {
		t.Errorf("the remark is %s", got)
	}
}
