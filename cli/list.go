package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newList(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the backups, newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				if err := a.backups.SettleDead(ctx); err != nil {
					a.log.Warn("left-overs of an earlier run are not all settled", "error", err)
				}
				if f.json {
					return api.WriteList(cmd.OutOrStdout(), func(fn func(models.Backup) error) error {
						return a.store.EachBackup(ctx, models.BackupFilter{}, fn)
					})
				}
				return a.list(ctx, cmd.OutOrStdout())
			})
		},
	}
}

func (a *app) list(ctx context.Context, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tJOB\tSTATUS\tPROVEN\tCREATED\tSIZE\tCOPIES")
	n := 0
	err := a.store.EachBackup(ctx, models.BackupFilter{}, func(b models.Backup) error {
		n++
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", b.ID, b.Label, statusWord(b), proven(b),
			b.CreatedAt.Format("2006-01-02 15:04:05Z"), size(b.Size), copies(b))
		return err
	})
	if err != nil {
		return err
	}
	if n == 0 {
		_, err := fmt.Fprintln(out, "There is no backup yet. Make one with: backupman run JOB --wait\nBackups of an installation that was lost are taken over with: backupman adopt DRIVE")
		return err
	}
	return table.Flush()
}

// proven tells a backup that a drill found wrong from one that none has looked at.
func proven(b models.Backup) string {
	switch {
	case b.DisprovenAt != nil:
		return "NO"
	case b.ProvenAt != nil:
		return "yes"
	}
	return "-"
}

func copies(b models.Backup) string {
	good := 0
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusFinished {
			good++
		}
	}
	return fmt.Sprintf("%d/%d", good, len(b.DriveFiles))
}

// statusWord is the status of a backup, but for one that somebody cancelled.
func statusWord(b models.Backup) string {
	if b.Cancelled() {
		return "cancelled"
	}
	return string(b.Status)
}
