package plan_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	_ "modernc.org/sqlite" // the driver of the databases that are tried

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/catalog"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/plan"
	"github.com/backupman/backupman/services/secrets"
	"github.com/backupman/backupman/services/source"
	"github.com/backupman/backupman/services/store"
)

// world is an installation: a metadata database, and processes that use it.
type world struct {
	dir   string
	store *store.Store
	vault *secrets.Vault
	log   *strings.Builder
}

var discard = slog.New(slog.DiscardHandler)

// process is one server, or one command.
type process struct {
	*plan.Service
	catalog *catalog.Catalog
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), log: &strings.Builder{}}
	var err error
	w.store, err = store.Open(t.Context(), store.Config{Provider: store.ProviderSQLite, Path: filepath.Join(w.dir, "b.db")}, discard)
	must(t, err)
	t.Cleanup(func() { must(t, w.store.Close()) })
	none := func() map[string][]string { return map[string][]string{} }
	w.vault = secrets.NewVault(w.store, secrets.NewKeyring(secrets.Source{Data: w.dir}), none)
	return w
}

func kinds() config.Options {
	o := config.Options{Env: func(string) (string, bool) { return "", false }}
	for _, k := range source.Kinds() {
		o.Sources = append(o.Sources, k.Kind)
	}
	for _, k := range drive.Kinds() {
		o.Drives = append(o.Drives, k.Kind)
	}
	o.Notifiers = []models.Kind{{Provider: "webhook", Name: "Webhook", Settings: []models.Setting{
		{Name: "url", Required: true, Help: "Where."}, {Name: "token", Secret: true}}}}
	return o
}

// start makes a process that uses a file; an empty text is none.
func (w *world) start(t *testing.T, reach plan.Reach, file string) process {
	t.Helper()
	p := process{catalog: catalog.New(w.store, source.Lookup, drive.Lookup,
		drive.Place{StateDir: filepath.Join(w.dir, "drives"), Installation: "here", Policy: drive.DefaultPolicy()}, catalog.WithSecrets(w.vault))}
	p.Service = plan.New(plan.Options{Store: w.store, Catalog: p.catalog, Vault: w.vault, Kinds: kinds(), Reach: reach,
		Log: slog.New(slog.NewTextHandler(w.log, nil))})
	must(t, p.Use(t.Context(), w.file(t, file)))
	return p
}

func (w *world) file(t *testing.T, text string) config.Config {
	t.Helper()
	if text == "" {
		return config.Config{}
	}
	path := filepath.Join(w.dir, "config.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	c, err := config.Load(path, kinds())
	must(t, err)
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want an error of the kind %v", err, kind)
	}
}

// faultAt returns what an error says of a field.
func faultAt(t *testing.T, err error, field string) string {
	t.Helper()
	var wrong models.FieldErrors
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v, want mistakes of fields", err)
	}
	if _, ok := wrong[field]; !ok {
		t.Fatalf("got %v, and nothing at %q", map[string]string(wrong), field)
	}
	return wrong[field]
}

func mysqlDraft(label string, more models.Settings) models.PlanDraft {
	fields := models.Settings{"provider": "mysql", "host": "db.example.com", "db_name": "shop", "user": "backup"}
	for k, v := range more {
		fields[k] = v
	}
	return models.PlanDraft{Kind: models.PlanSource, Label: label, Fields: fields, Secrets: map[string]models.Secret{"password": models.NewSecret("first secret")}}
}

func driveDraft(label, folder string) models.PlanDraft {
	return models.PlanDraft{Kind: models.PlanDrive, Label: label, Fields: models.Settings{"provider": "local", "folder": folder}}
}

func jobDraft(label, source string, drives ...string) models.PlanDraft {
	return models.PlanDraft{Kind: models.PlanJob, Label: label, Fields: models.Settings{"data_source": source, "drives": strings.Join(drives, "\r\n")}}
}

func add(t *testing.T, p process, d models.PlanDraft) string {
	t.Helper()
	id, err := p.Save(t.Context(), d, true, "ann")
	must(t, err)
	return id
}

// password is what a source is opened with.
func password(t *testing.T, w *world, p process, label string) string {
	t.Helper()
	for _, s := range p.Plan().Sources {
		if s.Label == label {
			kind, err := source.Lookup(s.Provider)
			must(t, err)
			settings, err := p.catalog.RevealSettings(t.Context(), label, kind.Kind, s.Settings)
			must(t, err)
			return settings["password"]
		}
	}
	t.Fatalf("there is no source %s", label)
	return ""
}

func secretNames(t *testing.T, w *world) []string {
	t.Helper()
	all, err := w.vault.StoredSecrets(t.Context())
	must(t, err)
	names := []string{}
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// database makes a SQLite file with a table.
func database(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "shop.db")
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(context.Background(), "CREATE TABLE orders (id INTEGER PRIMARY KEY)")
	must(t, errors.Join(err, db.Close()))
	return path
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	must(t, err)
	return key
}
