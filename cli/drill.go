package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newDrill(f *flags) *cobra.Command {
	req := models.DrillRequest{Trigger: models.TriggerCLI}
	cmd := &cobra.Command{
		Use:   "drill ID",
		Short: "Restore a backup into a scratch database and compare it with its manifest",
		Long: `Restores a backup into a scratch database, dumps that again and compares it with the
manifest: objects by kind, rows and a digest per table, and every view is read. The
scratch database is a private server started from the installed programs, or a new
database on the server of a data source, and is dropped in any case. ID is the id of a
backup, or "latest". Ends with status 0 only when the backup is proven.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.drill(ctx, cmd.OutOrStdout(), f, args[0], req)
			})
		},
	}
	cmd.Flags().StringVar(&req.DriveFileID, "copy", "", "id of the copy to read (default: the fastest good one); show --json tells the ids")
	cmd.Flags().StringVar(&req.Scratch, "scratch", "", `"temporary", or the label of the data source on whose server to restore (default: what the job says)`)
	return cmd
}

func (a *app) drill(ctx context.Context, out io.Writer, f *flags, id string, req models.DrillRequest) error {
	a.recoverRestores(ctx)
	b, err := a.findBackup(ctx, id)
	if err != nil {
		return err
	}
	req.BackupID = b.ID
	begun, err := a.restores.StartDrill(ctx, req)
	if err != nil {
		return err
	}
	d := begun
	look := func(ctx context.Context) (followed, error) {
		var err error
		d, err = a.store.Drill(ctx, begun.ID)
		return followed{phase: d.Phase, done: d.Done, total: d.Total, ended: !d.Running()}, err
	}
	if err := a.follow(ctx, out, f, look, func(ctx context.Context) error { return a.restores.CancelDrill(ctx, begun.ID) }); err != nil {
		return err
	}
	return reportDrill(out, f, d)
}

func reportDrill(out io.Writer, f *flags, d models.Drill) error {
	if f.json {
		if err := json.NewEncoder(out).Encode(api.NewDrill(d)); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out, "%s in %s: %s\n", outcomeWord(d.Outcome), d.Duration.Round(time.Millisecond), indentLines(d.Reason))
		if d.Server != "" {
			fmt.Fprintf(out, "  restored by: %s, in %s\n", d.Server, d.RestoreTook.Round(time.Millisecond))
		}
		fmt.Fprintf(out, "  drill: %s of backup %s\n", d.ID, d.BackupID)
	}
	if d.Outcome != models.DrillProven {
		return errSilent
	}
	return nil
}

// outcomeWord is loud about what must not be missed.
func outcomeWord(o models.DrillOutcome) string {
	switch o {
	case models.DrillProven:
		return "proven"
	case models.DrillDisproven:
		return "DISPROVEN"
	}
	return "could not verify"
}

// recoverRestores settles what restores, drills and backups of dead processes left.
func (a *app) recoverRestores(ctx context.Context) {
	a.recoverFirst(ctx)
	if err := a.restores.Recover(ctx); err != nil {
		a.log.Warn("left-overs of earlier restores and drills are not all settled", "error", err)
	}
}
