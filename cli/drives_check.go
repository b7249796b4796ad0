package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/upkeep"
	"github.com/backupman/backupman/views/drives"
)

func newDrivesCheck(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "check [LABEL]",
		Short: "Check all drives, or one: connect, write, read back, delete",
		Long: `Checks all drives, or the one of a label: connects, writes a small file, reads it
back and deletes it. Copies that failed because of a drive are made again by the
server once the drive passes. Ends with status 1 when a drive does not pass.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: f.completeDrives(anyDrive),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				label := strings.Join(args, "")
				return a.audited(ctx, "drive.check", strings.TrimSpace("drive "+label), func() error {
					return a.checkDrives(ctx, cmd.OutOrStdout(), f.json, label)
				})
			})
		},
	}
}

// checkDrives checks one drive after the other, and tells each at once.
func (a *app) checkDrives(ctx context.Context, out io.Writer, inJSON bool, label string) error {
	all, err := a.drivesToCheck(ctx, label)
	if err != nil {
		return err
	}
	// What it would log is what this command says.
	checks := upkeep.New(a.store, a.catalog, a.backups, slog.New(slog.DiscardHandler), nil)
	bad := false
	for i := range all {
		d := &all[i]
		found, err := checks.Check(ctx, d.row.ID)
		if err != nil {
			return err
		}
		d.check = a.told(ctx, found, d.row.ID)
		bad = bad || !d.check.Good()
		if !inJSON {
			tellCheckOf(out, *d)
		}
	}
	if inJSON {
		if err := printDrives(out, all); err != nil {
			return err
		}
	}
	if bad {
		return errSilent
	}
	return nil
}

func (a *app) drivesToCheck(ctx context.Context, label string) ([]knownDrive, error) {
	all, err := a.knownDrives(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, models.NotFoundf("no drive is configured: add one below drives in the configuration")
	}
	if label == "" {
		return all, nil
	}
	var labels []string
	for _, d := range all {
		if d.row.Label == label {
			return []knownDrive{d}, nil
		}
		labels = append(labels, fmt.Sprintf("%q", d.row.Label))
	}
	return nil, models.NotFoundf("there is no drive %q: there are %s", label, strings.Join(labels, ", "))
}

func tellCheckOf(out io.Writer, d knownDrive) {
	if d.check.Good() {
		fmt.Fprintf(out, "%s %s\n", d.row.Label, workingWords(d.check.Free, d.check.Total))
		return
	}
	fmt.Fprintf(out, "%s FAILED: %s\n", d.row.Label, indentLines(drives.OwnWords(d.check.Error, d.row.Label)))
}
