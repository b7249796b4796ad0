package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
)

func newRetry(f *flags) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use:   "retry ID",
		Short: "Try a failed backup again",
		Long:  "Tries a failed backup again. When its dump is still there only the missing copies are made; otherwise the database is dumped anew.",
		Args:  cobra.ExactArgs(1),

		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.auditedBackup(ctx, "backup.retry", args[0], func(id string) error { return a.retry(ctx, cmd.OutOrStdout(), f, id, wait) })
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "make the backup in this command and wait for its end")
	return cmd
}

func (a *app) retry(ctx context.Context, out io.Writer, f *flags, id string, wait bool) error {
	if err := a.backups.Recover(ctx); err != nil {
		a.log.Warn("left-overs of an earlier run are not all settled", "error", err)
	}
	b, err := a.findBackup(ctx, id)
	if err != nil {
		return err
	}
	up, err := a.backups.ServerIsUp(ctx)
	if err != nil {
		return err
	}
	// A backup that nobody began may have been queued by a retry that was killed.
	if b.Status != models.StatusPending || b.LeaseOwner != "" {
		if b, err = a.backups.Retry(ctx, b.ID); err != nil {
			return err
		}
	}
	if up && !wait {
		return tellQueued(out, f, b)
	}
	return a.carryOut(ctx, out, f, b.ID)
}
