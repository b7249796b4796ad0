//go:build !linux

package source

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// startConfined starts the server. This system can't hold it to its own program.
func (p *scratchProcess) startConfined(_ []string, log io.Writer) error {
	fmt.Fprintln(log, "this system can't keep the private server from running other programs")
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	return nil
}

func identify(pid int) scratchIdentity { return scratchIdentity{pid: pid} }

// processes returns the number of the server's process while it has not ended.
func (id scratchIdentity) processes(dir string) []int {
	if id.owns(dir, id.pid) {
		return []int{id.pid}
	}
	return nil
}

// owns reports whether a process is the server in dir, which its command line names.
func (id scratchIdentity) owns(dir string, pid int) bool {
	if pid <= 1 {
		return false
	}
	words, err := ask(context.Background(), "/bin/ps", "-ww", "-o", "stat=,command=", "-p", strconv.Itoa(pid))
	return err == nil && !strings.HasPrefix(words, "Z") && strings.Contains(words, dir)
}
