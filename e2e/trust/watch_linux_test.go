package trust

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// watcher looks at the arguments and the environment of a process and of everything
// below it, over and over, as anybody on the machine may look at the first.
type watcher struct {
	// secrets returns what is looked for, by what each is.
	secrets func() map[string]string
	stop    chan struct{}
	done    chan struct{}

	mu sync.Mutex
	// family are the processes below the one that is watched, also those whose parent has
	// ended, by id and time of start.
	family map[string]bool
	// found has what was found, and programs the names of all that were looked at.
	found    map[string]bool
	programs map[string]bool
}

// watch begins with a process; secrets returns what it looks for.
func watch(t *testing.T, pid int, secrets func() map[string]string) *watcher {
	t.Helper()
	w := &watcher{secrets: secrets, stop: make(chan struct{}), done: make(chan struct{}), family: map[string]bool{},
		found: map[string]bool{}, programs: map[string]bool{}}
	w.look(pid)
	go func() {
		defer close(w.done)
		for {
			select {
			case <-w.stop:
				return
			default:
				w.look(pid)
			}
		}
	}()
	t.Cleanup(w.end)
	return w
}

func (w *watcher) end() {
	select {
	case <-w.stop:
	default:
		close(w.stop)
	}
	<-w.done
}

// report ends the watch, fails for each secret that was seen, and returns the programs
// that were.
func (w *watcher) report(t *testing.T) []string {
	t.Helper()
	w.end()
	for what := range w.found {
		t.Error(what)
	}
	return slices.Sorted(maps.Keys(w.programs))
}

type process struct {
	pid, parent, start string
}

func (w *watcher) look(root int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	all := map[string]process{}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name in parentheses may hold anything: proc_pid_stat(5).
		pid, rest := filepath.Base(filepath.Dir(path)), string(text[bytes.LastIndexByte(text, ')')+1:])
		if fields := strings.Fields(rest); len(fields) > 19 {
			all[pid] = process{pid: pid, parent: fields[1], start: fields[19]}
		}
	}
	secrets := w.secrets()
	for _, p := range all {
		if w.isFamily(p, all, strconv.Itoa(root)) {
			w.read(p, secrets)
		}
	}
}

func (w *watcher) isFamily(p process, all map[string]process, root string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := p.pid + " " + p.start
	if w.family[key] {
		return true
	}
	for up := p; ; {
		if up.pid == root || w.family[up.pid+" "+up.start] {
			w.family[key] = true
			return true
		}
		next, ok := all[up.parent]
		if !ok {
			return false
		}
		up = next
	}
}

func (w *watcher) read(p process, secrets map[string]string) {
	for _, file := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(filepath.Join("/proc", p.pid, file))
		if err != nil {
			continue
		}
		w.mu.Lock()
		if name, _, _ := bytes.Cut(text, []byte{0}); file == "cmdline" && len(name) > 0 {
			w.programs[filepath.Base(string(name))] = true
		}
		for what, secret := range secrets {
			if bytes.Contains(text, []byte(secret)) {
				w.found[what+" is in "+file+" of "+string(bytes.ReplaceAll(text[:min(len(text), 200)], []byte{0}, []byte{' '}))] = true
			}
		}
		w.mu.Unlock()
	}
}
