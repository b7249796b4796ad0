package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// scratchStart bounds how long a private server may take until it answers.
	scratchStart = 60 * time.Second
	// scratchGrace is how long a private server may take to end by itself.
	scratchGrace = 10 * time.Second
	// scratchPoll is the time between two looks at a server that starts or ends.
	scratchPoll = 20 * time.Millisecond
	// scratchLog is the file in the folder that the server's own words go to.
	scratchLog = "server.log"
)

// scratchServer is a private database server for one drill. What it restores is not
// trusted: it runs in a folder of its own, never as root, executes nothing but its own
// program where the system can hold it to that, and ends with this program.
type scratchServer struct {
	// dir is a private folder, which the server's files go into.
	dir string
	// accounts are those to run the server as when this program is root: the first that
	// exists, then nobody.
	accounts []string
	// prepare are commands that run to their end first, such as one that makes the
	// server's data folder. They see nothing of a dump and are not held to programs.
	prepare [][]string
	// argv starts the server, which stays in the foreground.
	argv []string
	// death ends the server; it is also sent when this program dies.
	death syscall.Signal
	// ready returns nil once the server answers.
	ready func(ctx context.Context) error
	// log receives what is done, and the last words of a server that does not start.
	log io.Writer
	// program are files that the server may execute, and folders of such, beside
	// argv[0] and its loader. Libraries need not be named.
	program []string
}

// start prepares and starts the server and returns once it answers. The server ends with
// stop, which returns when no process of it is left and may be called again, and when ctx
// ends. When there is no account to run it as, the error is an *IncapableError.
func (s scratchServer) start(ctx context.Context) (stop func() error, err error) {
	account, err := scratchAccount(s.accounts)
	if err != nil {
		return nil, err
	}
	if err := giveFolder(s.dir, account); err != nil {
		return nil, err
	}
	for _, argv := range s.prepare {
		if err := s.runPreparing(ctx, argv, account); err != nil {
			return nil, err
		}
	}
	running, err := s.launch(account)
	if err != nil {
		return nil, err
	}
	if err := s.await(ctx, running); err != nil {
		return nil, errors.Join(err, running.stop())
	}
	context.AfterFunc(ctx, func() { _ = running.stop() })
	return running.stop, nil
}

func (s scratchServer) command(argv []string, account *syscall.Credential) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = toolAttributes()
	cmd.SysProcAttr.Credential = account
	cmd.WaitDelay = toolGrace
	return cmd
}

func (s scratchServer) runPreparing(ctx context.Context, argv []string, account *syscall.Credential) error {
	cmd := s.command(argv, account)
	var words bytes.Buffer
	lines := newLogLines(&words, nil)
	cmd.Stdout, cmd.Stderr = lines, lines
	name := filepath.Base(argv[0])
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	defer context.AfterFunc(ctx, func() { killGroup(cmd) })()
	err := cmd.Wait()
	killGroup(cmd)
	lines.flush()
	if ctx.Err() != nil {
		return fmt.Errorf("%s was stopped: %w", name, context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("%s: %w; it said: %s", name, err, lastLines(words.String()))
	}
	return nil
}

// launch starts the server's process and writes down which it is.
func (s scratchServer) launch(account *syscall.Credential) (*scratchProcess, error) {
	words, err := os.OpenFile(filepath.Join(s.dir, scratchLog), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the log of a private server: %w", err)
	}
	defer words.Close()
	cmd := s.command(s.argv, account)
	cmd.Stdout, cmd.Stderr = words, words
	p := &scratchProcess{cmd: cmd, dir: s.dir, death: s.death, exited: make(chan struct{})}
	if err := p.startConfined(s.program, s.log); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(s.argv[0]), err)
	}
	p.id = identify(cmd.Process.Pid)
	if err := p.id.write(s.dir); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// await asks the server until it answers, has ended or time is up.
func (s scratchServer) await(ctx context.Context, p *scratchProcess) error {
	ctx, cancel := context.WithTimeoutCause(ctx, scratchStart, fmt.Errorf("it does not answer after %s", scratchStart))
	defer cancel()
	tick := time.NewTicker(scratchPoll)
	defer tick.Stop()
	name := filepath.Base(s.argv[0])
	for {
		err := s.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s ended (%v) instead of starting; it said: %s", name, p.cmd.ProcessState, s.words())
		case <-ctx.Done():
			return fmt.Errorf("start %s: %w: %w; it said: %s", name, context.Cause(ctx), err, s.words())
		case <-tick.C:
		}
	}
}

// words returns the end of what the server has said.
func (s scratchServer) words() string {
	text, err := os.ReadFile(filepath.Join(s.dir, scratchLog))
	if err != nil {
		return err.Error()
	}
	return lastLines(string(text))
}

// lastLines returns the last few lines of a text, or "nothing".
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(text, "?")), "\n")
	text = strings.Join(lines[max(0, len(lines)-8):], "\n")
	if text == "" {
		return "nothing"
	}
	return text[max(0, len(text)-maxLogLine):]
}

// scratchProcess is a private server that runs.
type scratchProcess struct {
	cmd    *exec.Cmd
	dir    string
	death  syscall.Signal
	id     scratchIdentity
	exited chan struct{}
	once   sync.Once
	err    error
}

// stop ends the server, by force when it takes its time, and everything it started.
func (p *scratchProcess) stop() error {
	p.once.Do(func() {
		_ = p.cmd.Process.Signal(p.death)
		select {
		case <-p.exited:
		case <-time.After(scratchGrace):
			killGroup(p.cmd)
			<-p.exited
		}
		p.err = p.id.end(p.dir)
	})
	return p.err
}
