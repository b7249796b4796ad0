package drive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// rcloneEndTime is how long rclone may take to end when it is told to: it gives
	// up unfinished uploads at the provider.
	rcloneEndTime = 5 * time.Second
	// rcloneTold is how much of what rclone complains of is kept, in bytes.
	rcloneTold = 8 << 10
)

// rcloneFlags hold for every command. Trying again is up to this program; an upload
// whose content pauses is not cut off for minutes; memory is bounded.
var rcloneFlags = []string{
	"--retries=1", "--low-level-retries=3", "--contimeout=30s", "--timeout=5m", "--ask-password=false",
	"--log-level=ERROR", "--stats=0", "--transfers=1", "--buffer-size=4M",
}

// rcloneProcess is one running rclone.
type rcloneProcess struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	// stdout is nil when the output is collected.
	stdout io.ReadCloser
	told   tail
}

// run runs a command of rclone to its end and returns what it prints.
func (d *Rclone) run(ctx context.Context, in io.Reader, args ...string) ([]byte, error) {
	p, err := d.command(ctx, args...)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	p.cmd.Stdin, p.cmd.Stdout = in, &out
	if err := d.start(p); err != nil {
		return nil, err
	}
	err = p.wait(ctx)
	return out.Bytes(), err
}

// start starts what was prepared.
func (d *Rclone) start(p *rcloneProcess) error {
	err := p.cmd.Start()
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ETXTBSY):
		return &PassingError{Cause: models.Conflictf("drive %q could not start rclone, because this machine is too busy (%v): try again", d.place.Label, errors.Unwrap(err))}
	}
	return models.Invalidf("drive %q: %s is not a program that this machine can run: set rclone_path to rclone", d.place.Label, p.cmd.Path)
}

// command prepares a command of rclone, which ends with ctx.
func (d *Rclone) command(ctx context.Context, args ...string) (*rcloneProcess, error) {
	if err := d.checkRemote(); err != nil {
		return nil, err
	}
	program, err := d.program()
	if err != nil {
		return nil, err
	}
	config, err := d.config()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, slices.Concat(args[:1], rcloneFlags, config, args[1:])...)
	cmd.Env = d.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = rcloneEndTime
	p := &rcloneProcess{cmd: cmd}
	cmd.Stderr = &p.told
	return p, nil
}

func (d *Rclone) program() (string, error) {
	name := sftpHome(d.place.Settings["rclone_path"])
	if name == "" {
		name = "rclone"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return "", models.Invalidf("drive %q needs rclone, and there is no program %s: install it, or set rclone_path to where it is", d.place.Label, name)
	}
	return program, nil
}

func (d *Rclone) config() ([]string, error) {
	file := sftpHome(d.place.Settings["config_file"])
	if file == "" {
		return nil, nil
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, models.Invalidf("drive %q: there is no file %s: set config_file to rclone's configuration", d.place.Label, file)
	}
	return []string{"--config=" + file}, nil
}

// rcloneVariables are the environment that rclone and its remotes read; those that
// end with an underscore are beginnings.
var rcloneVariables = []string{
	"PATH", "HOME", "USER", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"GOOGLE_APPLICATION_CREDENTIALS", "RCLONE_", "AWS_", "AZURE_",
}

// rcloneUnwanted are the variables that make rclone do something else than it is asked
// for, or hide what it complains of. AWS_CA_BUNDLE stops older versions of rclone at
// every S3 remote.
var rcloneUnwanted = []string{
	"AWS_CA_BUNDLE",
	"RCLONE_DRY_RUN", "RCLONE_INTERACTIVE", "RCLONE_IMMUTABLE", "RCLONE_IGNORE_EXISTING", "RCLONE_IGNORE_SIZE", "RCLONE_UPDATE", "RCLONE_SIZE_ONLY", "RCLONE_CHECKSUM",
	"RCLONE_BACKUP_DIR", "RCLONE_SUFFIX", "RCLONE_COMPARE_DEST", "RCLONE_COPY_DEST", "RCLONE_MAX_TRANSFER", "RCLONE_MAX_DURATION", "RCLONE_CUTOFF_MODE", "RCLONE_MAX_DEPTH",
	"RCLONE_INCLUDE", "RCLONE_INCLUDE_FROM", "RCLONE_EXCLUDE", "RCLONE_EXCLUDE_FROM", "RCLONE_EXCLUDE_IF_PRESENT", "RCLONE_FILTER", "RCLONE_FILTER_FROM",
	"RCLONE_FILES_FROM", "RCLONE_FILES_FROM_RAW", "RCLONE_MIN_SIZE", "RCLONE_MAX_SIZE", "RCLONE_MIN_AGE", "RCLONE_MAX_AGE",
	"RCLONE_HEAD", "RCLONE_TAIL", "RCLONE_OFFSET", "RCLONE_COUNT", "RCLONE_DISCARD", "RCLONE_SIZE",
	"RCLONE_VERBOSE", "RCLONE_QUIET", "RCLONE_LOG_FILE", "RCLONE_LOG_FORMAT", "RCLONE_USE_JSON_LOG", "RCLONE_SYSLOG", "RCLONE_PROGRESS", "RCLONE_DUMP",
}

func (d *Rclone) environment() []string {
	environment := []string{"LC_ALL=C.UTF-8"}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		wanted := slices.ContainsFunc(rcloneVariables, func(v string) bool {
			return v == name || strings.HasSuffix(v, "_") && strings.HasPrefix(name, v)
		})
		if wanted && !slices.Contains(rcloneUnwanted, name) {
			environment = append(environment, variable)
		}
	}
	if password := d.place.Settings["config_password"]; password != "" {
		environment = append(environment, "RCLONE_CONFIG_PASS="+password)
	}
	return environment
}

// wait waits for the end of the process.
func (p *rcloneProcess) wait(ctx context.Context) error {
	err := p.cmd.Wait()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &rcloneError{status: p.cmd.ProcessState.ExitCode(), told: p.told.String()}
}

// end makes the process give up before its input ends, which it would take for
// the end of the content.
func (p *rcloneProcess) end() {
	_ = p.cmd.Cancel()
	timer := time.AfterFunc(rcloneEndTime, func() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
	defer timer.Stop()
	_ = p.cmd.Wait()
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - rcloneTold; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.kept) }
