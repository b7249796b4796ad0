package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newVerify(f *flags) *cobra.Command {
	var only string
	cmd := &cobra.Command{
		Use:   "verify ID",
		Short: "Read the copies of a backup back and compare them",
		Long: `Reads the finished copies of a backup back from their drives and compares them with
the dump that was proven. A copy that is missing or damaged is no longer called
finished, and is made again when there is a good one. Ends with status 1 when any
copy is not identical, also when its drive cannot be asked.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if only != "" {
				if err := models.CheckID(only); err != nil {
					return err
				}
			}
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.auditedBackup(ctx, "backup.verify", args[0], func(id string) error { return a.verify(ctx, cmd.OutOrStdout(), f, id, only) })
			})
		},
	}
	cmd.Flags().StringVar(&only, "copy", "", "id of the one copy to compare; show --json tells the ids")
	return cmd
}

// verify compares one copy after the other and tells each at once, because reading
// a copy back takes its time.
func (a *app) verify(ctx context.Context, out io.Writer, f *flags, id, only string) error {
	b, err := a.findBackup(ctx, id)
	if err != nil {
		return err
	}
	if only != "" && !slices.ContainsFunc(b.DriveFiles, func(f models.DriveFile) bool { return f.ID == only }) {
		return models.NotFoundf("backup %s has no copy with the id %s: show --json tells the ids", b.ID, only)
	}
	var verdicts []models.CopyVerdict
	for _, copyID := range copiesToVerify(b, only) {
		found, err := a.backups.Verify(ctx, b.ID, copyID)
		if err != nil {
			return err
		}
		verdicts = append(verdicts, found...)
		if !f.json {
			a.tellVerdicts(ctx, out, found)
		}
	}
	if f.json {
		if err := json.NewEncoder(out).Encode(api.NewCopyVerdicts(verdicts)); err != nil {
			return err
		}
	}
	for _, v := range verdicts {
		if !v.Identical {
			return errSilent
		}
	}
	return nil
}

// copiesToVerify are the ids of the finished copies, or the one asked for. Without
// any it is the empty id, which the service refuses with its reason.
func copiesToVerify(b models.Backup, only string) []string {
	if only != "" {
		return []string{only}
	}
	var ids []string
	for _, f := range b.DriveFiles {
		if f.Status == models.StatusFinished {
			ids = append(ids, f.ID)
		}
	}
	if len(ids) == 0 {
		return []string{""}
	}
	return ids
}

func (a *app) tellVerdicts(ctx context.Context, out io.Writer, verdicts []models.CopyVerdict) {
	for _, v := range verdicts {
		name := v.DriveID
		if d, err := a.store.Drive(ctx, v.DriveID); err == nil {
			name = d.Label
		}
		switch {
		case v.Identical:
			fmt.Fprintf(out, "identical  %s\n", name)
		case v.Lost:
			fmt.Fprintf(out, "LOST       %s: %s\n", name, v.Error)
		default:
			fmt.Fprintf(out, "NOT READ   %s: %s\n", name, v.Error)
		}
	}
}
