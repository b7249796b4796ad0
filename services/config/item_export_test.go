package config_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

// What is exported reads as what was set up does.
func TestExportReadsAsWhatWasSetUp(t *testing.T) {
	items := []models.PlanItem{
		{Kind: models.PlanSource, Label: "shop: 1 # \"x\"", Fields: models.Settings{"provider": "mysql", "host": "true", "db_name": "${HOME} $${x} $", "user": "007", "password": "${secret:source/shop/password}"}},
		{Kind: models.PlanSource, Label: "null", Fields: models.Settings{"provider": "sqlite", "db_path": "- a\n  b: é"}},
		{Kind: models.PlanDrive, Label: "a.b", Fields: models.Settings{"provider": "local", "folder": "~"}},
		{Kind: models.PlanDrive, Label: "12", Fields: models.Settings{"provider": "local", "folder": "/x"}},
		{Kind: models.PlanJob, Label: "nightly", Fields: models.Settings{
			"data_source": "null", "drives": "12\na.b", "cron": "0 3 * * *", "window": "01:00-05:00", "retention.daily": "7", "retention.drives.a.b.keep_last": "3", "retention.drives.12.weekly": "3",
			"encryption.passphrase": "${secret:job/nightly/passphrase}", "drill.after_backup": "true"}},
		{Kind: models.PlanJob, Label: "plain", Fields: models.Settings{"data_source": "null", "encryption": config.NoEncryption}},
		{Kind: models.PlanNotifier, Label: "ops", Fields: models.Settings{"provider": "webhook"}},
	}
	var want models.Plan
	for _, item := range items[:6] {
		var err error
		if want, err = (config.Config{}).ReadItem(item, want, options(nil)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := config.Export(items)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(write(t, filepath.Join(t.TempDir(), "c.yaml"), string(text)), options(nil))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if got := c.Plan(); !reflect.DeepEqual(got.Sources, want.Sources) || !reflect.DeepEqual(got.Drives, want.Drives) || !reflect.DeepEqual(got.Jobs, want.Jobs) {
		t.Errorf("exported as\n%s", text)
	}
	if strings.Contains(string(text), "ops") {
		t.Errorf("a notifier is in\n%s", text)
	}
	if text, err := config.Export(nil); err != nil || len(text) != 0 {
		t.Errorf("nothing is exported as %q, %v", text, err)
	}
}
