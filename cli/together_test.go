package cli_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/store"
)

// setUp keeps what a page would have, in a data folder of its own.
func setUp(t *testing.T, data string, items ...models.PlanItem) {
	t.Helper()
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{Provider: store.ProviderSQLite, Path: filepath.Join(data, "backupman.db")}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		revision, err := s.PlanRevision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SavePlanItem(t.Context(), models.PlanChange{Item: item, New: true, Revision: revision}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCommandsWorkWithWhatIsSetUpOnPages: from a source, a drive and a job that only the
// metadata database knows, to a backup.
func TestCommandsWorkWithWhatIsSetUpOnPages(t *testing.T) {
	dir := t.TempDir()
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	t.Chdir(t.TempDir()) // no config.yaml is found here
	data := filepath.Join(t.TempDir(), "data")
	setUp(t, data,
		models.PlanItem{Kind: models.PlanSource, Label: "shop", Fields: models.Settings{"provider": "sqlite", "db_path": filepath.Join(dir, "shop.db")}},
		models.PlanItem{Kind: models.PlanDrive, Label: "copies", Fields: models.Settings{"provider": "local", "folder": filepath.Join(dir, "page-copies")}},
		models.PlanItem{Kind: models.PlanJob, Label: "nightly", Fields: models.Settings{"data_source": "shop", "drives": "copies", "drill.after_backup": "true"}},
		models.PlanItem{Kind: models.PlanJob, Label: "lost", Fields: models.Settings{"data_source": "elsewhere"}})
	for _, command := range []struct {
		code int
		says string
		args []string
	}{
		{0, "shop", []string{"doctor"}},
		{0, "the job lost, which was set up on a page, is left out", []string{"doctor"}},
		{0, "finished", []string{"run", "nightly"}},
		{0, "nightly", []string{"list"}},
		{0, "nightly", []string{"jobs"}},
		{0, "label: nightly\n    data_source: shop\n    drill:\n      after_backup: \"true\"\n    drives:\n      - copies\n", []string{"config", "export"}},
		{0, "nightly", []string{"__complete", "run", ""}},
		{0, "copies", []string{"__complete", "drives", "check", ""}},
	} {
		code, out, said := backupman(t, append([]string{"--data", data}, command.args...)...)
		if code != command.code || !strings.Contains(out, command.says) {
			t.Errorf("%v ends with %d and says\n%s%s", command.args, code, out, said)
		}
	}
}
