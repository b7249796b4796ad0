package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
)

// cancelTime is how long a command waits for a run elsewhere to notice that it is cancelled.
const cancelTime = 30 * time.Second

func newCancel(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel ID",
		Short: "End a backup that waits or runs",
		Long: `Ends a backup that waits or runs, on whatever server it does. It is failed then. Copies
that were finished before stay; nothing half-written does. retry makes what is missing.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.auditedBackup(ctx, "backup.cancel", args[0], func(id string) error { return a.cancel(ctx, cmd.OutOrStdout(), f, id) })
			})
		},
	}
}

func (a *app) cancel(ctx context.Context, out io.Writer, f *flags, id string) error {
	if _, err := a.backups.Cancel(ctx, id); err != nil {
		return err
	}
	within, stop := context.WithTimeout(ctx, cancelTime)
	defer stop()
	b, err := a.backups.Wait(within, id)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return models.Conflictf("the backup %s was asked to end and has not yet: look again with show", id)
	}
	if err != nil {
		return err
	}
	if f.json {
		return printBackup(out, b)
	}
	if b.Status == models.StatusFinished {
		_, err = fmt.Fprintf(out, "%s (%s) had finished before it could be cancelled\n", b.ID, b.Label)
		return err
	}
	_, err = fmt.Fprintf(out, "%s (%s): %s\n", b.ID, b.Label, b.Error)
	return err
}
