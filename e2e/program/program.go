// Package program builds Backupman and runs it the way a person does, for tests
// of the whole.
package program

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "backupman-program-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "backupman")
	cmd := exec.Command("go", "build", "-o", binary, ".")
	if raceDetector() {
		cmd = exec.Command("go", "build", "-race", "-o", binary, ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	}
	if cmd.Dir, err = root(); err != nil {
		return "", err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w: %s", err, out)
	}
	return binary, nil
})

// raceDetector reports whether the program is to be built with the race detector, which
// needs a C compiler. A server in which it finds a race fails its test.
func raceDetector() bool { return os.Getenv("BACKUPMAN_TEST_RACE") != "" }

// root finds the module from where the tests run: with -trimpath a file's own
// path does not lead there.
func root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// Path builds the program once per test process and returns its path.
func Path(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Result is how a command ended.
type Result struct {
	Code   int
	Out    string
	Err    string
	Wall   time.Duration
	CPU    time.Duration // processor time of the command and its children
	MaxRSS int64         // peak memory in bytes of the largest single process
}

// Run runs one command to its end.
func Run(t testing.TB, args ...string) Result {
	t.Helper()
	return RunEnv(t, nil, args...)
}

// RunEnv runs one command with more environment variables.
func RunEnv(t testing.TB, env []string, args ...string) Result {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(t.Context(), Path(t), args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	start := time.Now()
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("run %v: %v", args, err)
	}
	return Result{Code: cmd.ProcessState.ExitCode(), Out: out.String(), Err: errOut.String(), Wall: time.Since(start), CPU: CPU(cmd.ProcessState), MaxRSS: maxRSS(cmd.ProcessState)}
}

// CPU returns the processor time of a process and the children it waited for.
func CPU(p *os.ProcessState) time.Duration { return p.UserTime() + p.SystemTime() }

func maxRSS(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}

// patience bounds how long a server may take to start, and to end: it is for what hangs, and
// not for a slow machine.
const patience = 5 * time.Minute

// Server is a program that serves until the test ends.
type Server struct {
	// URL is where its dashboard is, without a slash at the end.
	URL     string
	Process *os.Process

	cmd  *exec.Cmd
	done chan struct{}
	log  *tail
}

// Serve starts a command that serves and waits until it says where.
func Serve(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{log: &tail{}, done: make(chan struct{})}
	s.cmd = exec.Command(Path(t), args...)
	s.cmd.Stderr = s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.Process = s.cmd.Process
	found := make(chan string, 1)
	go s.follow(out, found)
	t.Cleanup(func() { s.Stop(t) })
	select {
	case s.URL = <-found:
	case <-s.done:
		t.Fatalf("%v ended before it served: %s", args, s.log)
	case <-time.After(patience):
		t.Fatalf("%v did not say where it serves: %s", args, s.log)
	}
	return s
}

func (s *Server) follow(out io.Reader, found chan<- string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(s.log, lines.Text())
		if url, ok := strings.CutPrefix(lines.Text(), "Dashboard: "); ok {
			found <- strings.TrimSpace(url)
		}
	}
	_ = s.cmd.Wait()
	close(s.done)
}

// Stop asks the server to end and waits for it.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	_ = s.Process.Signal(syscall.SIGTERM)
	s.Wait(t)
}

// Wait waits for a server that was asked to end.
func (s *Server) Wait(t testing.TB) {
	t.Helper()
	select {
	case <-s.done:
	case <-time.After(patience):
		_ = s.Process.Kill()
		t.Errorf("the server did not end: %s", s.log)
	}
	if log := s.Log(); strings.Contains(log, "WARNING: DATA RACE") {
		t.Errorf("the race detector found a race: %s", log)
	}
}

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() {
	_ = s.Process.Kill()
	<-s.done
}

// Log returns what the server has said.
func (s *Server) Log() string { return s.log.String() }

// tail keeps what was written, for messages of failed tests.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// WriteConfig writes a configuration file into a folder and returns its path. Nobody has to
// sign in there, unless the text says so.
func WriteConfig(t testing.TB, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(path, []byte(WithoutAccounts(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// WithoutAccounts returns a configuration in which accounts are switched off, unless it
// says something of accounts itself.
func WithoutAccounts(text string) string {
	if strings.HasPrefix(text, "accounts:") || strings.Contains(text, "\naccounts:") {
		return text
	}
	return strings.TrimRight(text, "\n") + "\naccounts: {enabled: false}\n"
}

// Eventually waits until ask is content, and fails with what it last said after
// the given time.
func Eventually(t testing.TB, within time.Duration, ask func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after %s: %v", within, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
