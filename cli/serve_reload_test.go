package cli

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/services/schedule"
)

const reloadConfig = `data_sources: [{provider: sqlite, label: shop, db_path: shop.db}]
drives: [{provider: local, label: here, folder: copies}]
http: {listen: "127.0.0.1:0", api_keys_file: keys}
`

func TestAHangupReadsTheKeysAgain(t *testing.T) {
	dir, log := t.TempDir(), &lockedText{}
	file, keys := filepath.Join(dir, "c.yaml"), filepath.Join(dir, "keys")
	write(t, file, reloadConfig)
	write(t, keys, "old\n")
	a := open(t, &flags{config: file, data: filepath.Join(dir, "data")}, serving)
	defer closed(t, a)
	a.log = slog.New(slog.NewTextHandler(log, nil))
	if got := a.keys.current(); !slices.Equal(got, []string{"old"}) {
		t.Fatalf("the keys at the start are %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	hangups, ended := make(chan os.Signal, 1), make(chan error, 1)
	plan := schedule.New(a.catalog, a.store, a.backups, a.log)
	options := (&flags{config: file, data: filepath.Join(dir, "data")}).loadOptions("")
	go func() { ended <- a.watchConfig(ctx, options, plan, hangups) }()

	write(t, keys, "new\nnewer\n")
	hangups <- os.Interrupt
	until(t, func() bool { return slices.Equal(a.keys.current(), []string{"new", "newer"}) })
	if text := log.String(); strings.Contains(text, "restart") || strings.Contains(text, "newer") {
		t.Errorf("the log says\n%s", text)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("watching ended with %v", err)
	}
}

func TestReloadTellsWhatNeedsARestart(t *testing.T) {
	dir, log := t.TempDir(), &lockedText{}
	t.Chdir(dir)
	write(t, "c.yaml", reloadConfig)
	write(t, "keys", "k")
	a := open(t, &flags{config: "c.yaml"}, serving)
	defer closed(t, a)
	a.log = slog.New(slog.NewTextHandler(log, nil))
	told := 0
	for _, step := range []struct{ text, keys string }{
		{reloadConfig, ""},
		{strings.ReplaceAll(reloadConfig, "copies", "elsewhere"), ""},
		{"data: other\ndatabase: {db_path: x.db}\nhttp: {listen: \"127.0.0.1:1\", app_url: \"http://localhost\"}\n", "[data database http.listen http.app_url]"},
	} {
		write(t, "c.yaml", step.text)
		before := len(log.String())
		c, err := (&flags{config: "c.yaml"}).load("")
		a.reload(t.Context(), c, err, func() { told++ })
		said := log.String()[before:]
		if got := strings.Contains(said, "restart"); got != (step.keys != "") || !strings.Contains(said, step.keys) {
			t.Errorf("want a restart for %q, the log says\n%s", step.keys, said)
		}
	}
	if told != 3 {
		t.Errorf("the schedule was told %d times, want 3", told)
	}
	if got := a.keys.current(); len(got) != 0 {
		t.Errorf("keys that left the file still open the API: %d", len(got))
	}
}

func TestPathsOfTheDataFolderAreWhole(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, data := range []string{"", "some/where"} {
		c, err := (&flags{data: data}).load("")
		if err != nil {
			t.Fatal(err)
		}
		if !filepath.IsAbs(c.Data) || c.Database.Path != filepath.Join(c.Data, "backupman.db") {
			t.Errorf("with --data %q: %s and %s", data, c.Data, c.Database.Path)
		}
	}
}

func closed(t *testing.T, a *app) {
	t.Helper()
	if err := a.close(); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// until waits for what another goroutine is about to do.
func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
	}
}

type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
