package config

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

type heard struct {
	config Config
	err    error
}

func TestWatcher(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	put(t, path, "data: one\n")
	current, err := Load(path, Options{Env: none})
	if err != nil {
		t.Fatal(err)
	}
	calls := make(chan heard)
	w := NewWatcher(current, Options{Env: none}, func(c Config, err error) { calls <- heard{c, err} })
	w.interval = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()

	put(t, path, "data: two\n")
	if got := next(t, calls); got.err != nil || got.config.Data != "two" {
		t.Errorf("after a change of the same length: %v, %v", got.config, got.err)
	}
	put(t, path, "date: three\n")
	if got := next(t, calls); got.err == nil {
		t.Errorf("an invalid file gave %v", got.config)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := next(t, calls); got.err == nil {
		t.Errorf("a removed file gave %v", got.config)
	}
	put(t, path, "data: four\n")
	if got := next(t, calls); got.err != nil || got.config.Data != "four" {
		t.Errorf("after the file came back: %v, %v", got.config, got.err)
	}
	w.Reload()
	if got := next(t, calls); got.err != nil || got.config.Data != "four" {
		t.Errorf("after Reload: %v, %v", got.config, got.err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestWatcherIgnoresATouch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	put(t, path, "data: one\n")
	current, err := Load(path, Options{Env: none})
	if err != nil {
		t.Fatal(err)
	}
	w := NewWatcher(current, Options{Env: none}, nil)
	if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if w.look() {
		t.Error("a touch counts as a change")
	}
	put(t, path, "data: 1ne\n")
	if !w.look() || w.look() {
		t.Error("a change must be noticed once")
	}
}

func none(string) (string, bool) { return "", false }

// put replaces the file in one step, so that no half of it is ever seen.
func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func next(t *testing.T, calls chan heard) heard {
	t.Helper()
	select {
	case call := <-calls:
		return call
	case <-time.After(time.Minute):
		t.Fatal("the watcher said nothing")
		return heard{}
	}
}
