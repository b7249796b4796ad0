package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/backupman/backupman/models"
)

// toolGrace is how long a tool may take to end after it closed its output or
// was killed.
const toolGrace = 10 * time.Second

// tool is one run of a vendor's dump program.
type tool struct {
	path string
	args []string
	env  []string
	// dir is a private folder, which also stands in for the home folder, so
	// that no file of the person who runs this program has a say.
	dir string
	// secrets are taken out of everything that is logged.
	secrets []string
}

// run runs the tool and hands everything it writes to each of outs in turn. It
// returns nil only when the tool ended with status 0 and every write went well;
// a write error is returned so that errors.Is finds it. Whatever happens, no
// process of the tool is left.
func (t tool) run(ctx context.Context, log io.Writer, outs ...io.Writer) error {
	pipe, w, err := newToolPipe()
	if err != nil {
		return fmt.Errorf("make a pipe for %s: %w", t.name(), err)
	}
	defer pipe.close()
	cmd := t.command()
	cmd.Stdout = w
	lines := newLogLines(log, t.secrets)
	cmd.Stderr = lines
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		return models.Invalidf("%s could not be started: %v", t.name(), pathless(err))
	}
	stop := context.AfterFunc(ctx, func() { killGroup(cmd) })
	defer stop()
	copyErr := pipe.pump(ctx, outs)
	if copyErr != nil {
		killGroup(cmd)
	}
	waitErr := cmd.Wait()
	killGroup(cmd)
	lines.flush()
	return t.outcome(ctx, copyErr, waitErr, lines.last)
}

// name is what sentences call the tool; its path is in the log.
func (t tool) name() string { return filepath.Base(t.path) }

// pathless leaves the path out of an error of the file system.
func pathless(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

func (t tool) command() *exec.Cmd {
	cmd := exec.Command(t.path, t.args...)
	cmd.Dir = t.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.dir, "LC_ALL=C", "TZ=UTC"}, t.env...)
	cmd.SysProcAttr = toolAttributes()
	cmd.WaitDelay = toolGrace
	return cmd
}

// killGroup ends the tool and whatever it started. The number of a process is
// not given away again while its group has a member.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// outcome turns how a run ended into the one error that says why.
func (t tool) outcome(ctx context.Context, copyErr, waitErr error, words string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s was stopped: %w", t.name(), context.Cause(ctx))
	}
	if copyErr != nil {
		return fmt.Errorf("keep what %s writes: %w", t.name(), copyErr)
	}
	if waitErr == nil {
		return nil
	}
	if words == "" {
		words = "nothing"
	}
	var exit *exec.ExitError
	if !errors.As(waitErr, &exit) {
		return models.Invalidf("%s did not end as it should: %v; it said: %s", t.name(), waitErr, words)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return &IncapableError{models.Invalidf("%s was ended by a signal (%s) before it was done; it said: %s", t.name(), status.Signal(), words)}
	}
	return models.Invalidf("%s failed with exit status %d; it said: %s", t.name(), exit.ExitCode(), words)
}

// removeSecret removes a file with a password once the tool has ended.
func removeSecret(path string, log io.Writer) {
	if err := os.Remove(path); err != nil {
		fmt.Fprintf(log, "a file with the password could not be removed: %v\n", err)
	}
}

// ask runs a program to its end and returns what it printed, for --version.
func ask(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, toolGrace)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=/nonexistent"}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
