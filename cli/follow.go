package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// followStep is how often a restore or a drill is looked at.
	followStep = 200 * time.Millisecond
	// stopTime bounds how long one that was stopped may take to settle.
	stopTime = time.Minute
)

// followed is a restore or a drill as it stands.
type followed struct {
	phase       models.RestorePhase
	done, total int64
	ended       bool
}

// follow shows how far a restore or a drill of this process is until it has ended. When
// the command is to end before, it is stopped, and followed to where it is settled.
func (a *app) follow(ctx context.Context, out io.Writer, f *flags, look func(ctx context.Context) (followed, error), stop func(ctx context.Context) error) error {
	p := &progressPrinter{out: out, terminal: isTerminal(out), start: time.Now(), quiet: f.json}
	defer p.clear()
	err := p.follow(ctx, look)
	if ctx.Err() == nil {
		return err
	}
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := stop(settling); err != nil {
		a.log.Warn("what runs could not be stopped", "error", err)
	}
	return p.follow(settling, look)
}

// follow looks until what is looked at has ended, or until the context does.
func (p *progressPrinter) follow(ctx context.Context, look func(ctx context.Context) (followed, error)) error {
	tick := time.NewTicker(followStep)
	defer tick.Stop()
	for {
		now, err := look(ctx)
		if err != nil || now.ended {
			return err
		}
		p.print(string(now.phase), progressLine(now, time.Since(p.start)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func progressLine(now followed, took time.Duration) string {
	line := string(now.phase)
	switch {
	case now.done > 0 && now.total > 0:
		line += fmt.Sprintf(": %s of %s", size(min(now.done, now.total)), size(now.total))
	case now.done > 0:
		line += ": " + size(now.done)
	}
	return line + ", " + took.Round(time.Second).String()
}
