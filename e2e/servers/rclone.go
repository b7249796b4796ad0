package servers

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/backupman/backupman/e2e/needs"
)

// Rclone returns the path of rclone.
func Rclone(t testing.TB) string {
	t.Helper()
	return needs.Program(t, "rclone", "rclone")
}

// WebDAVServer is a running WebDAV server that asks for a password.
type WebDAVServer struct {
	// URL is the address of Root, with a slash at its end.
	URL      string
	User     string
	Password string
	// Root is the path of the folder that is served. It is the test's own, and
	// the server is too.
	Root string
}

// WebDAV starts rclone's WebDAV server on an empty folder until the test ends.
func WebDAV(t testing.TB) WebDAVServer {
	t.Helper()
	program := Rclone(t)
	root := t.TempDir()
	s, stop, err := startWebDAV(program, root)
	if err != nil {
		t.Fatalf("start rclone serve webdav: %v", err)
	}
	t.Cleanup(stop)
	return s
}

func startWebDAV(program, root string) (s WebDAVServer, stop func(), err error) {
	d, err := newOwnDaemon("webdav")
	if err != nil {
		return s, nil, err
	}
	defer func() {
		if err != nil {
			d.discard()
		}
	}()
	config, err := d.write("rclone.conf", "")
	if err != nil {
		return s, nil, err
	}
	port, err := freePort()
	if err != nil {
		return s, nil, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s = WebDAVServer{URL: "http://" + address + "/", User: "tester", Password: Password, Root: root}
	stop, err = d.startStoppable(program, "serve", "webdav", root, "--config", config, "--addr", address,
		"--user", s.User, "--pass", s.Password, "--dir-cache-time", "0s", "--log-level", "ERROR")
	if err != nil {
		return s, nil, err
	}
	return s, stop, d.await(s.answers)
}

// startStoppable starts a server that the returned function ends, with its folder.
func (d *daemon) startStoppable(argv ...string) (stop func(), err error) {
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := d.command(argv)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	if err := startForever(cmd); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(d.exited)
	}()
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-d.exited
		d.discard()
	}
	return stop, d.reap(cmd.Process.Pid)
}

// answers reports whether the server lets its user in.
func (s WebDAVServer) answers() error {
	request, err := http.NewRequest("OPTIONS", s.URL, nil)
	if err != nil {
		return err
	}
	request.SetBasicAuth(s.User, s.Password)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}
