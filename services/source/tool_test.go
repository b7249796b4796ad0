package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// fakeTool writes a program that tells its version as the real one does, and
// otherwise runs the given shell commands.
func fakeTool(t testing.TB, version, commands string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dump-tool")
	script := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo " + shellWord(version) + "; exit 0; fi\n" + commands + "\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// kept writes a real dump to a file for fake tools to repeat.
func kept(t testing.TB, dump []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dump")
	if err := os.WriteFile(path, dump, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// brokenTool is one way in which a tool ends a dump.
type brokenTool struct {
	name, commands, want string
}

// brokenTools are the ways that every kind of source must call a failure, made
// from a whole dump of the given size.
func brokenTools(file string, size int) []brokenTool {
	var broken []brokenTool
	for _, at := range []int{0, 1, 4096, size - 1} {
		head := fmt.Sprintf("head -c %d %s; ", at, shellWord(file))
		broken = append(broken,
			brokenTool{fmt.Sprintf("killed at byte %d", at), head + "kill -9 $$", "ended by a signal (killed)"},
			brokenTool{fmt.Sprintf("exit 1 at byte %d", at), head + "echo 'lost the server' >&2; exit 1", "failed with exit status 1; it said: lost the server"},
			brokenTool{fmt.Sprintf("exit 0 at byte %d", at), head + "exit 0", "can't be kept"},
		)
	}
	return append(broken,
		brokenTool{"exit 3 after all", "cat " + shellWord(file) + "; exit 3", "failed with exit status 3; it said: nothing"},
		brokenTool{"a byte too many", "cat " + shellWord(file) + "; echo", "can't be kept"},
	)
}

// testBrokenTools gives a source each broken tool.
func testBrokenTools(t *testing.T, version string, dump []byte, open func(tool string) Source) {
	file := kept(t, dump)
	for _, b := range brokenTools(file, len(dump)) {
		t.Run(b.name, func(t *testing.T) {
			_, _, _, err := dumped(t, open(fakeTool(t, version, b.commands)))
			if err == nil || !strings.Contains(err.Error(), b.want) {
				t.Errorf("%v, wanted %q", err, b.want)
			}
			if !errors.Is(err, models.ErrInvalid) {
				t.Errorf("%v may not be shown to a person", err)
			}
		})
	}
	t.Run("whole", func(t *testing.T) {
		if _, _, log, err := dumped(t, open(fakeTool(t, version, "cat "+shellWord(file)))); err != nil {
			t.Errorf("%v\n%s", err, log)
		}
	})
}

func TestToolRedactsSecrets(t *testing.T) {
	secret := `p'a"s#s\w=o rd`
	path := fakeTool(t, "x", "printf '%s\\n' "+shellWord("denied for "+secret+" twice "+secret)+" >&2; head -c 5000 /dev/zero | tr '\\0' y >&2; printf '\\nlast: %s' "+shellWord(secret)+" >&2; exit 1")
	var log bytes.Buffer
	err := tool{path: path, dir: t.TempDir(), secrets: []string{"p'a", secret, ""}}.run(t.Context(), &log, io.Discard)
	if err == nil || !strings.HasSuffix(err.Error(), "it said: last: **redacted**") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(log.String(), "s#s") || !strings.Contains(log.String(), "denied for **redacted** twice **redacted**\n") {
		t.Errorf("log %q", log.String())
	}
}

func TestLogLinesCutsNoSecretInTwo(t *testing.T) {
	var log bytes.Buffer
	lines := newLogLines(&log, []string{"topsecret"})
	fmt.Fprintf(lines, "%s topsecret\n", strings.Repeat("x", maxLogLine-4))
	if strings.Contains(log.String(), "top") {
		t.Errorf("log ends in %q", log.String()[len(log.String())-10:])
	}
}

func TestLogLinesAreBounded(t *testing.T) {
	var log bytes.Buffer
	lines := newLogLines(&log, nil)
	for range 10000 {
		fmt.Fprintln(lines, strings.Repeat("complaint ", 20))
	}
	fmt.Fprintln(lines, "the last words")
	if log.Len() > maxLogBytes+maxLogLine || lines.last != "the last words" {
		t.Errorf("log of %d bytes, last line %q", log.Len(), lines.last)
	}
}

// TestToolLeavesNoProcess stops a tool that has a child of its own.
func TestToolLeavesNoProcess(t *testing.T) {
	cause := errors.New("the server is shutting down")
	for _, name := range []string{"context", "writer"} {
		t.Run(name, func(t *testing.T) {
			pids := filepath.Join(t.TempDir(), "pids")
			path := fakeTool(t, "x", "sleep 1000 & echo $! $$ >"+shellWord(pids)+"; echo started; wait")
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			started := writerFunc(func(p []byte) (int, error) {
				if name == "writer" && len(p) > 0 {
					return 0, cause
				}
				if len(p) > 0 {
					cancel(cause)
				}
				return len(p), nil
			})
			if err := (tool{path: path, dir: t.TempDir()}).run(ctx, io.Discard, started); !errors.Is(err, cause) {
				t.Errorf("%v, not %v", err, cause)
			}
			text, err := os.ReadFile(pids)
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range strings.Fields(string(text)) {
				pid, _ := strconv.Atoi(field)
				gone(t, pid)
			}
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// gone waits until a killed process is one no more; a zombie that nobody has
// waited for is none.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}
