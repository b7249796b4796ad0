package config

import (
	"context"
	"crypto/sha256"
	"time"
)

const watchInterval = 2 * time.Second

// Watcher notices that the configuration file has changed. It compares what
// the file holds, not its time: a change within the same second, or one that
// keeps the length, counts, and a touch does not. Asking is cheaper than the
// notifications of file systems, which shared folders and containers lose.
type Watcher struct {
	opts     Options
	changed  func(Config, error)
	reload   chan struct{}
	interval time.Duration
	file     string
	seen     digest
	// missing says that the file could not be read when last looked at.
	missing bool
}

// NewWatcher watches the file that current was read from. changed is called,
// from Run's goroutine, with the new Config, or with an Errors after which the
// old one goes on.
func NewWatcher(current Config, opts Options, changed func(Config, error)) *Watcher {
	return &Watcher{
		opts:     opts,
		changed:  changed,
		reload:   make(chan struct{}, 1),
		interval: watchInterval,
		file:     current.File,
		seen:     current.sum,
	}
}

// Reload asks for the file to be read again even when it looks unchanged,
// because a variable or a secret's file may have changed. It does not wait.
func (w *Watcher) Reload() {
	select {
	case w.reload <- struct{}{}:
	default:
	}
}

// Run watches until the context ends. It returns nil then.
func (w *Watcher) Run(ctx context.Context) error {
	ticker := time.NewTicker(w.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.reload:
			w.look()
			w.load()
		case <-ticker.C:
			if w.look() {
				w.load()
			}
		}
	}
}

// look reports whether the file holds something else than when last looked at.
func (w *Watcher) look() bool {
	if w.file == "" {
		return false
	}
	body, err := readIfThere(w.file)
	if err != nil {
		first := !w.missing
		w.missing = true
		return first
	}
	sum, again := sha256.Sum256(body), w.missing
	changed := sum != w.seen || again
	w.seen, w.missing = sum, false
	return changed
}

func (w *Watcher) load() {
	c, err := Load(w.file, w.opts)
	if err == nil {
		w.file, w.seen = c.File, c.sum
	}
	w.changed(c, err)
}
