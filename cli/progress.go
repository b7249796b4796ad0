package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backupman/backupman/models"
)

// progressStep is how often a watched run is looked at.
const progressStep = time.Second

// showProgress tells how far a backup is until the returned function is called.
func (a *app) showProgress(ctx context.Context, out io.Writer, f *flags, id string) func() {
	return follow(ctx, out, f, func(ctx context.Context, p *progressPrinter) {
		if b, err := a.store.Backup(ctx, id); err == nil && !b.Status.Settled() {
			p.print(b)
		}
	})
}

// follow has a run told at every step until the returned function is called: on a
// terminal in one line that changes, elsewhere in a line per phase.
func follow(ctx context.Context, out io.Writer, f *flags, tell func(ctx context.Context, p *progressPrinter)) func() {
	if f.json {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	p := &progressPrinter{out: out, terminal: isTerminal(out), start: time.Now()}
	go func() {
		defer close(done)
		defer p.clear()
		tick := time.NewTicker(progressStep)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			tell(ctx, p)
		}
	}()
	return func() { cancel(); <-done }
}

type progressPrinter struct {
	out      io.Writer
	terminal bool
	start    time.Time
	phase    string
}

func (p *progressPrinter) print(b models.Backup) {
	line := fmt.Sprintf("%s: %s dumped, %s packed, %s", b.Phase, size(b.RawSize), size(b.Size), time.Since(p.start).Round(time.Second))
	p.line(string(b.Phase), line)
}

// line prints how far a phase is.
func (p *progressPrinter) line(phase, line string) {
	switch {
	case p.terminal:
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
	case phase != p.phase:
		fmt.Fprintln(p.out, line)
	}
	p.phase = phase
}

func (p *progressPrinter) clear() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// isTerminal reports whether a stream is one that a person sits at.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), ioctlGetTermios)
	return err == nil
}

// size puts bytes into the unit a person would choose.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1000, 0
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", value, units[unit])
}

// indentLines keeps the later lines of a text below the first.
func indentLines(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
