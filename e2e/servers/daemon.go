package servers

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// daemon is one server process with its folder.
type daemon struct {
	folder  string
	account *syscall.Credential
	log     string
	exited  chan struct{}
	// leash is the end of a pipe that the reaper reads: it closes when this
	// process ends, by whatever means.
	leash io.Closer
}

// newDaemon makes the folder. When this process is root the folder belongs to
// the first of the accounts that exists, because servers refuse to run as root.
func newDaemon(kind string, accounts ...string) (*daemon, error) {
	folder, err := os.MkdirTemp("", "backupman-"+kind+"-")
	if err != nil {
		return nil, err
	}
	d := &daemon{folder: folder, log: filepath.Join(folder, "server.log"), exited: make(chan struct{})}
	if os.Geteuid() != 0 {
		return d, nil
	}
	for _, name := range append(accounts, "nobody") {
		if d.account = credential(name); d.account != nil {
			return d, os.Chown(folder, int(d.account.Uid), int(d.account.Gid))
		}
	}
	return nil, fmt.Errorf("running as root, and no account %q or nobody to run the server as", accounts)
}

func credential(name string) *syscall.Credential {
	u, err := user.Lookup(name)
	if err != nil {
		return nil
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (d *daemon) path(name string) string { return filepath.Join(d.folder, name) }

// write makes a file in the folder that the server's account can read and nobody else.
func (d *daemon) write(name, content string) (string, error) {
	path := d.path(name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", err
	}
	if d.account == nil {
		return path, nil
	}
	return path, os.Chown(path, int(d.account.Uid), int(d.account.Gid))
}

func (d *daemon) command(argv []string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = d.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.folder, "TZ=UTC", "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: d.account}
	return cmd
}

// run runs a preparing command, such as initdb, to its end.
func (d *daemon) run(argv ...string) error {
	out, err := d.command(argv).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(argv[0]), err, out)
	}
	return nil
}

// start starts the server, which gets the signal when this process dies.
func (d *daemon) start(death syscall.Signal, argv ...string) error {
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := d.command(argv)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr.Pdeathsig = death
	if err := startForever(cmd); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait()
		close(d.exited)
	}()
	return d.reap(cmd.Process.Pid)
}

// startForever starts cmd from a thread that lives as long as the process: a
// death signal is sent when the thread that forked ends, not the process.
func startForever(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		select {}
	}()
	return <-started
}

// reaper waits for the end of its input, then for the end of the server, and
// removes the folder.
const reaper = `read _
n=0
while [ -e "/proc/$1/exe" ] && [ $n -lt 100 ]; do n=$((n+1)); sleep 0.1; done
rm -rf -- "$2"`

// reap leaves a shell behind that clears up when this process has ended.
func (d *daemon) reap(pid int) error {
	cmd := exec.Command("/bin/sh", "-c", reaper, "reaper", strconv.Itoa(pid), d.folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	leash, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	d.leash = leash
	go func() { _ = cmd.Wait() }()
	return nil
}

// await calls ready until it succeeds, the server has ended or time is up.
func (d *daemon) await(ready func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(startTimeout)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-d.exited:
			return fmt.Errorf("the server ended: %s", lastLines(d.log))
		case <-deadline:
			return fmt.Errorf("the server is not ready after %s: %w: %s", startTimeout, err, lastLines(d.log))
		case <-tick.C:
		}
	}
}

// discard removes the folder of a server that did not start.
func (d *daemon) discard() { _ = os.RemoveAll(d.folder) }
