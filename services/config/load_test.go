package config_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
)

func TestOlderFormIsReadUnchanged(t *testing.T) {
	c, err := config.Load("testdata/older.yaml", options(nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := (config.Database{Provider: "mysql", Host: "db", Port: 3307, DBName: "backupman", User: "root", Password: models.NewSecret("pa$$word")}); c.Database != want {
		t.Errorf("database is %+v with password %q", c.Database, c.Database.Password.Reveal())
	}
	var labels []string
	for _, s := range c.Sources {
		labels = append(labels, s.Label)
	}
	if want := []string{"MySQL 1", "PostgreSQL 1", "SQLite 1"}; !slices.Equal(labels, want) {
		t.Errorf("sources are %v, want %v", labels, want)
	}
	if got := c.Sources[0].Settings["password"]; got != "0123" {
		t.Errorf("the password 0123 became %q", got)
	}
	if got := c.Sources[2].Settings["db_path"]; got != "./wiki.db" {
		t.Errorf("db_path became %q: it stays relative to the working directory", got)
	}
	if got := c.Drives[2].Settings["force_path_style"]; got != "true" {
		t.Errorf("force_path_style is %q", got)
	}
	if len(c.Jobs) != 3 {
		t.Fatalf("%d jobs, want one of each source", len(c.Jobs))
	}
	j := c.Jobs[0]
	if j.Job.Label != "MySQL 1" || j.Source != "MySQL 1" || len(j.Drives) != 3 || j.Job.Cron != "0 0 3 * * *" || j.Job.Compression != models.CompressionZstd {
		t.Errorf("the first job is %+v", j)
	}
	ops := models.Settings{"smtp_host": "smtp.example.com", "smtp_port": "587", "smtp_user": "u", "smtp_password": "smtp-secret", "smtp_crypto": "starttls", "to": "ops@example.com"}
	if len(c.Notifiers) != 1 || c.Notifiers[0].Label != "Ops" || c.Notifiers[0].Provider != "mail" || !maps.Equal(c.Notifiers[0].Settings, ops) {
		t.Errorf("the notifiers are %+v", c.Notifiers)
	}
	if c.HTTP.AppURL != "http://localhost:8080" || !slices.Equal(c.HTTP.APIKeys, hidden("older-key")) || c.HTTP.Listen != config.DefaultListen {
		t.Errorf("http: app url %q, listen %q, %d keys", c.HTTP.AppURL, c.HTTP.Listen, len(c.HTTP.APIKeys))
	}
	for _, want := range []string{
		"testdata/older.yaml:19: the data source \"MySQL 1\": tmp_folder is read but not used",
		"testdata/older.yaml:39: the drive \"Google Drive 1\": it is read, but no drive yet",
	} {
		if !slices.ContainsFunc(c.Notes, func(n string) bool { return strings.HasPrefix(n, want) }) {
			t.Errorf("no note %q in\n%s", want, strings.Join(c.Notes, "\n"))
		}
	}
}

func TestExampleIsValid(t *testing.T) {
	c, err := config.Load("../../config.example.yaml", options(nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 3 || len(c.Drives) != 1 || len(c.Jobs) != 3 || len(c.Notes) != 0 {
		t.Errorf("it holds %v with notes %q", c, c.Notes)
	}
	if !c.Jobs[2].Job.DrillAfter || c.Jobs[0].Job.Timezone != "Europe/Paris" || c.Jobs[2].Job.Cron != "" {
		t.Errorf("the jobs are %+v", c.Jobs)
	}
	plan := c.Plan()
	if len(plan.Sources) != 3 || len(plan.Drives) != 1 || len(plan.Jobs) != 3 || plan.Sources[0].Settings["password"] != "change-me" {
		t.Errorf("the plan is %d sources, %d drives, %d jobs", len(plan.Sources), len(plan.Drives), len(plan.Jobs))
	}
}

func TestTimingOfJobs(t *testing.T) {
	c := load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), `data_sources: [{label: s, provider: sqlite, db_path: /s.db}]
drives: [{label: l, provider: local, folder: /f}]
jobs:
  - {label: a, data_source: s, schedule: daily at 23:00, window: 22:00-6:00, spread: 30m, timezone: Asia/Tokyo, drill: {schedule: "weekly on sun at 06:00"}}
  - {label: b, data_source: s, cron: hourly at :15}
`), options(nil))
	a, b := c.Jobs[0].Job, c.Jobs[1].Job
	if a.Cron != "daily at 23:00" || a.Window != "22:00-06:00" || a.Spread != 30*time.Minute || a.Timezone != "Asia/Tokyo" || a.DrillCron != "weekly on sun at 06:00" {
		t.Errorf("the job a is %+v", a)
	}
	if b.Cron != "hourly at :15" || b.Window != "" || b.Spread != 0 || b.DrillCron != "" {
		t.Errorf("the job b is %+v", b)
	}
}

func TestScratchFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if c := load(t, write(t, path, "scratch_folder: ./fast\n"), options(nil)); c.ScratchFolder != "./fast" {
		t.Errorf("the folder is %q", c.ScratchFolder)
	}
	if c := load(t, write(t, path, "data: ./data\n"), options(nil)); c.ScratchFolder != "" {
		t.Errorf("without the key the folder is %q", c.ScratchFolder)
	}
}

func TestWithoutAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := config.Load("", options(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.File != "" || c.Data != "./data" || c.HTTP.Listen != "127.0.0.1:8080" || c.Database.Path != filepath.Join("data", "backupman.db") {
		t.Errorf("the defaults are %v", c)
	}
	if _, err := config.Load("absent.yaml", options(nil)); err == nil || !strings.Contains(err.Error(), "absent.yaml: there is no such file") {
		t.Errorf("a named file that is missing: %v", err)
	}
	if _, err := config.Load("", options(map[string]string{"BACKUPMAN_CONFIG": "gone.yaml"})); err == nil || !strings.Contains(err.Error(), "gone.yaml: there is no such file") {
		t.Errorf("a file that the environment names and is missing: %v", err)
	}
	write(t, "config.yaml", "data: found\n")
	if c, err = config.Load("", options(nil)); err != nil || c.Data != "found" || c.File != "config.yaml" {
		t.Errorf("config.yaml in the working directory: %v, %v", c, err)
	}
	for _, empty := range []string{"", "\n", "# nothing\n", "---\n", "\xef\xbb\xbf# nothing\n"} {
		if _, err := config.Load(write(t, "empty.yaml", empty), options(nil)); err != nil {
			t.Errorf("the empty file %q: %v", empty, err)
		}
	}
	if _, err := config.Load(".", options(nil)); err == nil || !strings.Contains(err.Error(), "it cannot be read") {
		t.Errorf("a folder: %v", err)
	}
}

func TestPrecedence(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "c.yaml"), "data: file\nhttp: {listen: 127.0.0.1:1, api_keys: [from-file]}\n")
	env := map[string]string{"BACKUPMAN_DATA": "env", "BACKUPMAN_LISTEN": "127.0.0.1:2", "BACKUPMAN_API_KEYS": "one, two,"}
	opts := options(env)
	c := load(t, path, options(nil))
	if c.Data != "file" || c.HTTP.Listen != "127.0.0.1:1" || c.HTTP.APIKeys[0].Reveal() != "from-file" {
		t.Errorf("the file over the defaults: %v", c)
	}
	c = load(t, path, opts)
	if c.Data != "env" || c.HTTP.Listen != "127.0.0.1:2" || !slices.Equal(c.HTTP.APIKeys, hidden("one", "two")) {
		t.Errorf("the environment over the file: %v", c)
	}
	opts.Overrides = config.Overrides{Data: "flag", Listen: "127.0.0.1:3"}
	c = load(t, path, opts)
	if c.Data != "flag" || c.HTTP.Listen != "127.0.0.1:3" || c.Database.Path != filepath.Join("flag", "backupman.db") {
		t.Errorf("flags over the environment: %v", c)
	}
	env["BACKUPMAN_LISTEN"] = "nowhere"
	if _, err := config.Load(path, opts); err == nil || !strings.HasPrefix(err.Error(), "BACKUPMAN_LISTEN: must be HOST:PORT") {
		t.Errorf("a bad variable: %v", err)
	}
}

func TestExpansion(t *testing.T) {
	env := map[string]string{"A": "alpha", "EMPTY": "", "PORT": "99"}
	for text, want := range map[string]string{
		"plain":               "plain",
		"${A}":                "alpha",
		"x${A}y${A}z":         "xalphayalphaz",
		"${UNSET:-fallback}":  "fallback",
		"${UNSET:-}x":         "x",
		"${EMPTY:-fallback}":  "fallback",
		"${EMPTY}x":           "x",
		"$${A}":               "${A}",
		"pa$$word":            "pa$$word",
		"$":                   "$",
		"a$b$":                "a$b$",
		"${A}$${A}${A}":       "alpha${A}alpha",
		"${UNSET:-a:-b c$$d}": "a:-b c$$d",
	} {
		c := load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), "data: '"+text+"'\n"), options(env))
		if c.Data != want {
			t.Errorf("%q became %q, want %q", text, c.Data, want)
		}
	}
	c := load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), "database: {provider: mysql, db_name: b, user: u, port: \"${PORT}\"}\n"), options(env))
	if c.Database.Port != 99 {
		t.Errorf("a port from the environment is %d", c.Database.Port)
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "password"), "from a file\n")
	write(t, filepath.Join(dir, "keys"), "one\n\ntwo\r\n")
	path := write(t, filepath.Join(dir, "c.yaml"), `
data_sources: [{label: a, provider: mysql, db_name: d, user: u, password_file: password}]
drives: [{label: l, provider: local, folder: /f}]
http: {api_keys: [zero], api_keys_file: `+filepath.Join(dir, "keys")+`}
`)
	c := load(t, path, options(nil))
	if got := c.Sources[0].Settings["password"]; got != "from a file" {
		t.Errorf("the password is %q", got)
	}
	if _, ok := c.Sources[0].Settings["password_file"]; ok {
		t.Error("password_file became a setting")
	}
	if !slices.Equal(c.HTTP.APIKeys, hidden("zero", "one", "two")) {
		t.Errorf("%d keys", len(c.HTTP.APIKeys))
	}
}

func TestAnchorsAndMerges(t *testing.T) {
	c := load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), `
data_sources:
  - &base {label: a, provider: mysql, host: h, db_name: d, user: u}
  - {<<: *base, label: b, db_name: e}
drives: [{label: l, provider: local, folder: &f /f}, {label: m, provider: local, folder: *f}]
`), options(nil))
	if b := c.Sources[1]; b.Label != "b" || b.Settings["host"] != "h" || b.Settings["db_name"] != "e" {
		t.Errorf("the merged source is %q with %q", b.Label, b.Settings["db_name"])
	}
	if got := c.Drives[1].Settings["folder"]; got != "/f" {
		t.Errorf("the folder by alias is %q", got)
	}
}

func TestDefaultsOfJobs(t *testing.T) {
	const base = "data_sources: [{label: a, provider: sqlite, db_path: a.db}]\n"
	c := load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), base+"drives: [{label: l, provider: local, folder: /f}]\nhttp: {backup_job: {enabled: false, cron: '0 3 * * *'}}\n"), options(nil))
	if len(c.Jobs) != 1 || c.Jobs[0].Job.Cron != "" {
		t.Errorf("backup_job is not enabled, but the jobs are %+v", c.Jobs)
	}
	c = load(t, write(t, filepath.Join(t.TempDir(), "c.yaml"), base), options(nil))
	if len(c.Jobs) != 0 || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], ":1: there are data sources but no drives") {
		t.Errorf("without drives: %d jobs, notes %q", len(c.Jobs), c.Notes)
	}
}

func options(env map[string]string) config.Options {
	return config.Options{
		Sources: []models.Kind{
			{Provider: "mysql", Name: "MySQL or MariaDB", Settings: serverSettings("3306")},
			{Provider: "postgres", Name: "PostgreSQL", Settings: serverSettings("5432")},
			{Provider: "sqlite", Name: "SQLite", Settings: []models.Setting{
				{Name: "db_path", Type: models.SettingPath, Required: true, Help: "Path of the database file."},
			}},
		},
		Drives: []models.Kind{
			{Provider: "local", Name: "Local folder", Settings: []models.Setting{
				{Name: "folder", Type: models.SettingPath, Required: true, Help: "Folder that keeps the copies."},
				{Name: "rate_limit", Type: models.SettingRate},
				{Name: "max_uploads", Type: models.SettingInt, Least: 1},
			}},
			{Provider: "s3", Name: "S3", Unsupported: "no drive yet", Settings: []models.Setting{
				{Name: "bucket", Type: models.SettingText, Required: true},
				{Name: "region", Type: models.SettingText},
				{Name: "endpoint", Type: models.SettingText},
				{Name: "access_key", Type: models.SettingText},
				{Name: "secret_key", Type: models.SettingText, Secret: true},
				{Name: "prefix", Type: models.SettingText},
				{Name: "class", Type: models.SettingChoice, Choices: []string{"hot", "cold"}},
				{Name: "force_path_style", Type: models.SettingBool, Default: "false"},
			}},
			{Provider: "google_drive", Name: "Google Drive", Unsupported: "no drive yet", Settings: []models.Setting{
				{Name: "folder", Type: models.SettingText},
				{Name: "client_secret_file", Type: models.SettingPath},
				{Name: "token_file", Type: models.SettingPath},
			}},
		},
		Env: func(name string) (string, bool) {
			value, ok := env[name]
			return value, ok
		},
	}
}

func serverSettings(port string) []models.Setting {
	return []models.Setting{
		{Name: "host", Type: models.SettingText, Default: "127.0.0.1"},
		{Name: "port", Type: models.SettingInt, Default: port},
		{Name: "db_name", Type: models.SettingText, Required: true, Help: "Name of the database to back up."},
		{Name: "user", Type: models.SettingText, Required: true, Help: "Account that reads the database."},
		{Name: "password", Type: models.SettingText, Secret: true},
	}
}

func load(t *testing.T, path string, opts config.Options) config.Config {
	t.Helper()
	c, err := config.Load(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func hidden(texts ...string) []models.Secret {
	var out []models.Secret
	for _, text := range texts {
		out = append(out, models.NewSecret(text))
	}
	return out
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func problems(t *testing.T, err error) config.Errors {
	t.Helper()
	var all config.Errors
	if !errors.As(err, &all) || !errors.Is(err, models.ErrInvalid) {
		t.Fatalf("the error is %v, want config.Errors of models.ErrInvalid", err)
	}
	return all
}
