package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newDelete(f *flags) *cobra.Command {
	var meant, dry bool
	cmd := &cobra.Command{
		Use:   "delete ID",
		Short: "Delete a backup with all its copies",
		Long: `Deletes a backup with all its copies, whatever the rules of retention keep. One that is
pinned, read or still made is refused. The newest proven backup of a job, and the last good
copy on a drive, go only with --meant. What a drive does not remove now it is asked again for.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				if dry {
					b, err := a.findBackup(ctx, args[0])
					if err != nil {
						return err
					}
					return a.previewDelete(ctx, cmd.OutOrStdout(), f, b.ID)
				}
				return a.auditedBackup(ctx, "backup.delete", args[0], func(id string) error { return a.delete(ctx, cmd.OutOrStdout(), f, id, meant) })
			})
		},
	}
	cmd.Flags().BoolVar(&meant, "meant", false, "delete it although it is the newest proven backup or the last good copy")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only tell what would go")
	return cmd
}

func (a *app) previewDelete(ctx context.Context, out io.Writer, f *flags, id string) error {
	d, err := a.retention.PreviewDelete(ctx, id)
	if err != nil {
		return err
	}
	if d.Refused != "" {
		return models.Conflictf("%s", d.Refused)
	}
	return tellDeletion(out, f, d, "would go from")
}

func (a *app) delete(ctx context.Context, out io.Writer, f *flags, id string, meant bool) error {
	d, err := a.retention.Delete(ctx, id, meant)
	if err != nil {
		return err
	}
	if err := a.retention.RemoveHere(ctx); err != nil {
		return err
	}
	return tellDeletion(out, f, d, "goes from")
}

// tellDeletion tells what goes, or would.
func tellDeletion(out io.Writer, f *flags, d models.Deletion, goes string) error {
	if f.json {
		return json.NewEncoder(out).Encode(api.NewDeletion(d))
	}
	fmt.Fprintf(out, "%s (%s)\n", d.Backup.ID, d.Backup.Label)
	for _, dear := range d.Dear {
		fmt.Fprintf(out, "  it is %s\n", dear)
	}
	for _, c := range d.Copies {
		line := fmt.Sprintf("  %s %s: %s", goes, c.Drive, size(c.DriveFile.Size))
		if len(c.Notes) > 0 {
			line += " (" + strings.Join(c.Notes, "; ") + ")"
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
