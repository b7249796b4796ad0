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
	var only, scratch string
	var key unlockFlags
	cmd := &cobra.Command{
		Use:   "drill ID",
		Short: "Restore a backup into a scratch database and compare it",
		Long: `Restores a backup into a scratch database, dumps that again and compares it with the
manifest: every table's rows, every object, every view. The scratch database is on a
private server that is started for it, or on the server of a data source that --scratch
names, and is gone afterwards. Ends with status 0 only when the backup is proven.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if only != "" {
				if err := models.CheckID(only); err != nil {
					return err
				}
			}
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				req := models.DrillRequest{DriveFileID: only, Scratch: scratch, Trigger: models.TriggerCLI}
				return a.auditedBackup(ctx, "drill.start", args[0], func(id string) error {
					return a.drill(ctx, cmd.InOrStdin(), cmd.OutOrStdout(), f, id, req, key)
				})
			})
		},
	}
	cmd.Flags().StringVar(&only, "copy", "", "id of the copy to read; show --json tells the ids")
	cmd.Flags().StringVar(&scratch, "scratch", "", "temporary, or the data source on whose server to restore (default: as the job says)")
	key.add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("scratch", f.completeScratch)
	return cmd
}

func (a *app) drill(ctx context.Context, in io.Reader, out io.Writer, f *flags, id string, req models.DrillRequest, key unlockFlags) error {
	a.settleRuns(ctx)
	b, err := a.findBackup(ctx, id)
	if err != nil {
		return err
	}
	req.BackupID = b.ID
	if req.Unlock, err = a.unlockFor(ctx, in, out, key, b); err != nil {
		return err
	}
	stop := a.followRun(ctx, out, f, func(ctx context.Context) (models.RestorePhase, int64, int64, error) {
		d, err := a.store.DrillRunningFor(ctx, b.ID)
		return d.Phase, d.Done, d.Total, err
	})
	d, err := a.restores.Drill(ctx, req)
	stop()
	if err != nil {
		return err
	}
	if f.json {
		err = json.NewEncoder(out).Encode(api.NewDrill(d))
	} else {
		describeDrill(out, d)
	}
	if err == nil && d.Outcome != models.DrillProven {
		err = errSilent
	}
	return err
}

// describeDrill tells what a drill found.
func describeDrill(out io.Writer, d models.Drill) {
	words := map[models.DrillOutcome]string{models.DrillProven: "proven", models.DrillDisproven: "DISPROVEN", models.DrillUnverified: "could not be verified"}
	fmt.Fprintf(out, "%s in %s: %s\n", words[d.Outcome], d.Duration.Round(time.Millisecond), d.Reason)
	if d.RestoreTook > 0 {
		fmt.Fprintf(out, "  the restore alone took %s\n", d.RestoreTook.Round(time.Millisecond))
	}
}

// settleRuns settles restores and drills whose process died, and removes what they left.
// What can't be done now is done by the next who looks.
func (a *app) settleRuns(ctx context.Context) {
	if err := a.restores.Recover(ctx); err != nil {
		a.log.Warn("restores and drills that died have left something", "error", err)
	}
}

// followRun tells how far a restore or a drill is until the returned function is called.
func (a *app) followRun(ctx context.Context, out io.Writer, f *flags, look func(ctx context.Context) (models.RestorePhase, int64, int64, error)) func() {
	return follow(ctx, out, f, func(ctx context.Context, p *progressPrinter) {
		if phase, did, total, err := look(ctx); err == nil {
			p.line(string(phase), runWords(phase, did, total, time.Since(p.start)))
		}
	})
}

func runWords(phase models.RestorePhase, did, total int64, since time.Duration) string {
	far := ""
	switch {
	case total > 0:
		far = fmt.Sprintf("%s of %s, ", size(did), size(total))
	case did > 0:
		far = size(did) + ", "
	}
	return fmt.Sprintf("%s: %s%s", phase, far, since.Round(time.Second))
}
