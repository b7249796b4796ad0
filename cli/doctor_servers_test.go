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

// A doctor says that the servers have another configuration, while one runs.
func TestDoctorComparesTheConfigurationWithThatOfServers(t *testing.T) {
	file, data := writeConfig(t, "data_sources: [{provider: sqlite, label: shop, db_path: /no/such/file.db}]\ndrives: [{provider: local, label: here, folder: "+t.TempDir()+"}]\n")
	doctor := func() string {
		_, out, said := backupman(t, "-c", file, "--data", data, "doctor")
		return out + said
	}
	const warns = "servers use the job weekly, which " // the file goes on
	for _, serves := range []bool{false, true} {
		other(t, data, models.Plan{Sources: []models.Source{{Label: "shop", Provider: "sqlite"}}, Drives: []models.Drive{{Label: "here", Provider: "local"}},
			Jobs: []models.PlannedJob{{Job: models.Job{Label: "weekly", Compression: models.CompressionZstd}, Source: "shop", Drives: []string{"here"}}}}, serves)
		if out := doctor(); strings.Contains(out, warns) != serves {
			t.Errorf("with a server %v it says\n%s", serves, out)
		}
	}
}

// other does what a server of another configuration does when it begins.
func other(t *testing.T, data string, p models.Plan, serves bool) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(data, 0o700))
	s, err := store.Open(t.Context(), store.Config{Provider: store.ProviderSQLite, Path: filepath.Join(data, "backupman.db")}, slog.New(slog.DiscardHandler))
	must(err)
	must(s.ApplyPlan(t.Context(), p))
	must(s.Beat(t.Context(), models.Runner{ID: models.NewID(), Host: "elsewhere", Serves: serves}))
	must(s.Close())
}
