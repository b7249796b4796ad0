package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// sleeper starts a process that is no server in a folder.
func sleeper(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sleep", "1000")
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func TestSweepScratchEndsWhatIsLeft(t *testing.T) {
	needsLinux(t)
	dir := scratchDir(t)
	// The server splits, as PostgreSQL does, into a process in a group of its own.
	startScratch(t, stubServer(dir, "set -m; (exec 3<> forever; read -r _ <&3) & set +m; trap '' TERM"))
	if n := len(inside(t, dir)); n != 2 {
		t.Fatalf("%d processes run, not 2", n)
	}
	person := sleeper(t, dir)
	if err := SweepScratch(dir); err != nil {
		t.Fatal(err)
	}
	left := inside(t, dir)
	if len(left) != 1 || left[0] != person.Process.Pid {
		t.Errorf("%v are left, and not only %d, which is no part of the server", left, person.Process.Pid)
	}
}

func TestSweepScratchSparesOthers(t *testing.T) {
	needsLinux(t)
	elsewhere := sleeper(t, t.TempDir())
	for name, id := range map[string]scratchIdentity{
		"the number passed on": {pid: elsewhere.Process.Pid},
		"the same program":     identify(elsewhere.Process.Pid),
		"everything":           {pid: -1},
		"its own group":        {pid: 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := id.write(dir); err != nil {
				t.Fatal(err)
			}
			if err := SweepScratch(dir); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(processFile(elsewhere.Process.Pid, "cwd")); err != nil {
				t.Errorf("another process was ended: %v", err)
			}
		})
	}
}

func TestSweepScratchOfFoldersWithoutServer(t *testing.T) {
	fifo := t.TempDir()
	if err := exec.CommandContext(t.Context(), "/usr/bin/mkfifo", filepath.Join(fifo, scratchPID)).Run(); err != nil {
		t.Fatal(err)
	}
	cut := t.TempDir()
	if err := os.WriteFile(filepath.Join(cut, scratchPID), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{t.TempDir(), fifo, cut, filepath.Join(cut, "nothing")} {
		if err := SweepScratch(dir); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
