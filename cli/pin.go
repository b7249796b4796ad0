package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/retention"
)

func newPin(f *flags) *cobra.Command {
	var until string
	cmd := &cobra.Command{
		Use:   "pin ID",
		Short: "Keep a backup, whatever the rules of retention say",
		Long: `Keeps a backup with all its copies, whatever the rules of retention say: for ever, or to
the end of the day that --until names, in the time zone of the backup's job.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.auditedBackup(ctx, "backup.pin", args[0], func(id string) error { return a.pin(ctx, cmd.OutOrStdout(), f, id, until) })
			})
		},
	}
	cmd.Flags().StringVar(&until, "until", "", "the last day that it is kept, such as 2027-03-01 (default: for ever)")
	return cmd
}

func newUnpin(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:               "unpin ID",
		Short:             "Leave a pinned backup to the rules of retention again",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.auditedBackup(ctx, "backup.unpin", args[0], func(id string) error {
					b, err := a.retention.Unpin(ctx, id)
					if err != nil {
						return err
					}
					return tellPin(cmd.OutOrStdout(), f, b, time.UTC)
				})
			})
		},
	}
}

func (a *app) pin(ctx context.Context, out io.Writer, f *flags, id, until string) error {
	b, err := a.findBackup(ctx, id)
	if err != nil {
		return err
	}
	job, err := a.store.Job(ctx, b.JobID)
	if err != nil {
		return err
	}
	zone, err := job.Location()
	if err != nil {
		zone = time.UTC
	}
	var end *time.Time
	if until != "" {
		at, err := retention.ParseUntil(until, zone)
		if err != nil {
			return err
		}
		end = &at
	}
	if b, err = a.retention.Pin(ctx, b.ID, end); err != nil {
		return err
	}
	return tellPin(out, f, b, zone)
}

func tellPin(out io.Writer, f *flags, b models.Backup, zone *time.Location) error {
	if f.json {
		return printBackup(out, b)
	}
	words := "is left to the rules of retention"
	switch {
	case b.PinnedAt != nil && b.PinnedUntil == nil:
		words = "is kept for ever: backupman unpin " + b.ID + " undoes that"
	case b.PinnedAt != nil:
		words = "is kept until " + retention.LastDay(*b.PinnedUntil, zone)
	}
	_, err := fmt.Fprintf(out, "%s of %s %s\n", b.ID, b.Label, words)
	return err
}
