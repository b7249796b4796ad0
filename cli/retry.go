package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newRetry(f *flags) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use:   "retry ID",
		Short: "Try a failed backup again",
		Long:  "Tries a failed backup again. When its dump is still there only the missing copies are made; otherwise the database is dumped anew.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				if err := a.backups.Recover(ctx); err != nil {
					a.log.Warn("left-overs of an earlier run are not all settled", "error", err)
				}
				b, err := a.findBackup(ctx, args[0])
				if err != nil {
					return err
				}
				up, err := a.backups.ServerIsUp(ctx)
				if err != nil {
					return err
				}
				if b, err = a.backups.Retry(ctx, b.ID); err != nil {
					return err
				}
				if up && !wait {
					fmt.Fprintf(cmd.OutOrStdout(), "queued %s again: the running server makes it\n", b.ID)
					return nil
				}
				return a.carryOut(ctx, cmd.OutOrStdout(), f, b.ID)
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "make the backup in this command and wait for its end")
	return cmd
}
