package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/backupman/backupman/models"
)

// feed runs the tool on an input that fill writes, and throws away what it prints. It
// returns nil only when the tool ended with status 0 and took everything. When fill
// fails, the tool is ended before it can see the end of its input. Whatever happens, no
// process of the tool is left.
func (t tool) feed(ctx context.Context, log io.Writer, fill func(io.Writer) error) error {
	in, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe for %s: %w", t.name(), err)
	}
	enlargePipe(w)
	cmd := t.command()
	cmd.Stdin = in
	lines := newLogLines(log, t.secrets)
	cmd.Stderr = lines
	err = cmd.Start()
	_ = in.Close()
	if err != nil {
		_ = w.Close()
		return models.Invalidf("%s could not be started: %v", t.name(), pathless(err))
	}
	stop := context.AfterFunc(ctx, func() { killGroup(cmd) })
	defer stop()
	fillErr := fill(w)
	deaf := errors.Is(fillErr, syscall.EPIPE)
	if fillErr != nil && !deaf {
		killGroup(cmd)
	}
	_ = w.Close()
	waitErr := cmd.Wait()
	killGroup(cmd)
	lines.flush()
	switch {
	case ctx.Err() == nil && fillErr != nil && !deaf:
		return fillErr
	case ctx.Err() == nil && deaf && waitErr == nil:
		return models.Invalidf("%s ended before it had taken everything; it said: %s", t.name(), lines.last)
	}
	return t.outcome(ctx, nil, waitErr, lines.last)
}
