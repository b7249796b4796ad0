package source

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/servers"
)

// scratchDir returns a private folder that another account can reach.
func scratchDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "backupman-scratch-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// stubServer is a server made of a shell script, which is ready once it has made the file
// up, and ends only when it is told to.
func stubServer(dir, script string) scratchServer {
	return scratchServer{
		dir:     dir,
		prepare: [][]string{{"/usr/bin/mkfifo", "forever"}},
		argv:    []string{"/bin/sh", "-c", script + "\n: > up; exec 3<> forever; read -r _ <&3"},
		death:   syscall.SIGTERM,
		ready: func(context.Context) error {
			_, err := os.Stat(filepath.Join(dir, "up"))
			return err
		},
		log: &bytes.Buffer{},
	}
}

func startScratch(t *testing.T, s scratchServer) (stop func() error) {
	t.Helper()
	stop, err := s.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

// inside returns the processes that work inside a folder, by the kernel's word.
func inside(t *testing.T, dir string) []int {
	t.Helper()
	var found []int
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if folder, err := os.Readlink(link); err == nil && (folder == dir || strings.HasPrefix(folder, dir+"/")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			found = append(found, pid)
		}
	}
	return found
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never happens that %s", what)
		}
	}
}

func needsLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("looks at processes by /proc, which only Linux has")
	}
}

// needsConfinement leaves out what only a kernel with Landlock can show.
func needsConfinement(t *testing.T, log io.Writer) {
	t.Helper()
	if said := log.(*bytes.Buffer).String(); strings.Contains(said, "Landlock") {
		t.Skip(said)
	}
}

func TestScratchServerRunsConfined(t *testing.T) {
	needsLinux(t)
	dir, outside := scratchDir(t), scratchDir(t)
	if err := os.Chmod(outside, 0o777); err != nil {
		t.Fatal(err)
	}
	bin := servers.Postgres(t).Bin
	psql := func(ctx context.Context, statement string) (string, error) {
		out, err := exec.CommandContext(ctx, filepath.Join(bin, "psql"), "-h", dir, "-U", "drill", "-d", "postgres", "-XqtAc", statement).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	var log bytes.Buffer
	stop := startScratch(t, scratchServer{
		dir: dir, accounts: []string{"no-such-account"},
		prepare: [][]string{{filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "drill", "-A", "trust", "--no-sync"}},
		argv: []string{filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"), "-k", dir, "-c", "listen_addresses=",
			"-c", "dynamic_shared_memory_type=mmap"},
		death: syscall.SIGQUIT,
		ready: func(ctx context.Context) error { _, err := psql(ctx, "SELECT 1"); return err },
		log:   &log,
	})
	for _, pid := range inside(t, dir) {
		info, err := os.Stat(processFile(pid, "."))
		if err == nil && info.Sys().(*syscall.Stat_t).Uid == 0 {
			t.Errorf("process %d of the server runs as root", pid)
		}
	}
	if out, err := psql(t.Context(), "CREATE TABLE t AS SELECT g FROM generate_series(1, 100000) g; COPY t TO '"+dir+"/copy'; SELECT count(*) FROM t"); out != "100000" {
		t.Errorf("the server does not work: %v: %s", err, out)
	}
	if !strings.Contains(log.String(), "Landlock") {
		for statement, says := range map[string]string{
			"COPY (SELECT 1) TO PROGRAM 'true'":    "could not execute command",
			"COPY t TO '" + outside + "/file'":     "ermission denied",
			"SELECT 1; COPY t FROM PROGRAM 'true'": "could not execute command",
		} {
			if out, err := psql(t.Context(), statement); err == nil || !strings.Contains(out, says) {
				t.Errorf("%s: %v: %s", statement, err, out)
			}
		}
	}
	for range 2 {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	if left := inside(t, dir); left != nil {
		t.Errorf("processes %v are left", left)
	}
}

func TestScratchServerExecutesOnlyItsProgram(t *testing.T) {
	needsLinux(t)
	for name, c := range map[string]struct {
		program []string
		says    string
	}{
		"nothing else":  {nil, "126"},
		"what is named": {[]string{"/usr/bin/touch"}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := scratchDir(t)
			s := stubServer(dir, "/usr/bin/touch touched; echo $? > status; : > /dev/null")
			s.program = c.program
			startScratch(t, s)
			needsConfinement(t, s.log)
			if got, err := os.ReadFile(filepath.Join(dir, "status")); strings.TrimSpace(string(got)) != c.says {
				t.Errorf("the program ended with %s, not %s: %v", got, c.says, err)
			}
		})
	}
	if out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "/bin/true").CombinedOutput(); err != nil {
		t.Errorf("this program itself can't run others any more: %v: %s", err, out)
	}
}

func TestScratchServerEndsWithItsContext(t *testing.T) {
	t.Parallel() // it waits until the server is ended by force
	needsLinux(t)
	dir := scratchDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	stop, err := stubServer(dir, "trap '' TERM INT").start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if inside(t, dir) == nil {
		t.Fatal("no server runs")
	}
	cancel()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if left := inside(t, dir); left != nil {
		t.Errorf("processes %v are left", left)
	}
}

func TestScratchServerThatDoesNotStart(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *scratchServer, giveUp func())
		says   string
	}{
		"ends":         {func(s *scratchServer, _ func()) { s.argv = []string{"/bin/sh", "-c", "echo no luck >&2; exit 3"} }, "no luck"},
		"no program":   {func(s *scratchServer, _ func()) { s.argv = []string{"/nonexistent/server"} }, "no such file"},
		"not prepared": {func(s *scratchServer, _ func()) { s.prepare = [][]string{{"/bin/sh", "-c", "echo no room; exit 1"}} }, "no room"},
		"never answers": {func(s *scratchServer, giveUp func()) {
			s.ready = func(context.Context) error { giveUp(); return os.ErrDeadlineExceeded }
		}, "i/o timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			needsLinux(t)
			dir := scratchDir(t)
			s := stubServer(dir, "")
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			c.change(&s, giveUp)
			if _, err := s.start(ctx); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, which does not say %q", err, c.says)
			}
			if left := inside(t, dir); left != nil {
				t.Errorf("processes %v are left", left)
			}
		})
	}
}

// TestScratchServerEndsWithItsProgram kills a process that started a server, and waits
// for the server to go.
func TestScratchServerEndsWithItsProgram(t *testing.T) {
	needsLinux(t)
	if dir := os.Getenv("BACKUPMAN_TEST_SCRATCH"); dir != "" {
		startScratch(t, stubServer(dir, ""))
		if err := os.WriteFile(filepath.Join(dir, "started"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	dir := scratchDir(t)
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestScratchServerEndsWithItsProgram$")
	child.Env = append(os.Environ(), "BACKUPMAN_TEST_SCRATCH="+dir)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server starts", func() bool {
		_, err := os.Stat(filepath.Join(dir, "started"))
		return err == nil
	})
	if inside(t, dir) == nil {
		t.Error("no server runs")
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	eventually(t, "the server ends", func() bool { return inside(t, dir) == nil })
	if err := SweepScratch(dir); err != nil {
		t.Error(err)
	}
}
