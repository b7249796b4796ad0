package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/web/api"
)

func newDrives(f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drives",
		Short: "List the drives, how their newest checks went and what they keep",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.listDrives(ctx, cmd.OutOrStdout(), f.json)
			})
		},
	}
	cmd.AddCommand(newDrivesCheck(f))
	return cmd
}

// knownDrive is a configured drive with what is known of it.
type knownDrive struct {
	row    models.Drive
	check  models.DriveCheck
	totals models.DriveTotals
}

func (a *app) listDrives(ctx context.Context, out io.Writer, inJSON bool) error {
	all, err := a.knownDrives(ctx)
	if err != nil {
		return err
	}
	if inJSON {
		return printDrives(out, all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "No drive is configured. Add one below drives in the configuration.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "DRIVE\tKIND\tSTATE\tCHECKED\tFREE\tCOPIES\tFAILED\tSIZE\tWHERE")
	for _, d := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", d.row.Label, d.row.Provider, d.state(), checkedAt(d.check),
			d.free(), d.totals.Finished, d.totals.Failed, size(d.totals.Bytes), drives.Where(d.row))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, d := range all {
		if !d.check.Good() {
			fmt.Fprintf(out, "\n%s: %s\n", d.row.Label, indentLines(drives.OwnWords(d.check.Error, d.row.Label)))
		}
	}
	return nil
}

func printDrives(out io.Writer, all []knownDrive) error {
	answer := api.Drives{Results: make([]api.Drive, 0, len(all))}
	for _, d := range all {
		answer.Results = append(answer.Results, api.NewDrive(d.row, d.check, d.totals))
	}
	return json.NewEncoder(out).Encode(answer)
}

func (a *app) knownDrives(ctx context.Context) ([]knownDrive, error) {
	rows, err := a.catalog.Drives(ctx)
	if err != nil {
		return nil, err
	}
	checks, err := a.store.DriveChecks(ctx)
	if err != nil {
		return nil, err
	}
	totals, err := a.store.DriveTotals(ctx)
	if err != nil {
		return nil, err
	}
	var all []knownDrive
	for _, d := range rows {
		all = append(all, knownDrive{row: d, check: a.told(ctx, checks[d.ID], d.ID), totals: totals[d.ID]})
	}
	return all, nil
}

// told is a check as a person is told of it: where nobody signs in, credentials that
// are refused do not ask for a sign-in.
func (a *app) told(ctx context.Context, c models.DriveCheck, driveID string) models.DriveCheck {
	if _, _, err := a.catalog.SignIn(ctx, driveID); err != nil {
		c.NeedsSignIn = false
	}
	return c
}

// state says in a word or two how the newest check went.
func (d knownDrive) state() string {
	switch {
	case d.check.CheckedAt.IsZero():
		return "not checked yet"
	case d.check.Good():
		return "works"
	case d.check.NeedsSignIn && d.check.GoodAt == nil:
		return "sign in"
	case d.check.NeedsSignIn:
		return "sign in again"
	}
	return "failed"
}

func (d knownDrive) free() string {
	if d.check.CheckedAt.IsZero() || !d.check.Good() || d.check.Free < 0 {
		return "-"
	}
	return size(d.check.Free)
}

func checkedAt(c models.DriveCheck) string {
	if c.CheckedAt.IsZero() {
		return "never"
	}
	return c.CheckedAt.UTC().Format(time.DateTime + "Z")
}

// workingWords says that a drive passed its check.
func workingWords(free, total int64) string {
	return "works: writes, reads back and deletes; " + room(free, total)
}

// room says how much is free on a drive, as far as its provider tells.
func room(free, total int64) string {
	switch {
	case free >= 0 && total > 0:
		return size(free) + " free of " + size(total)
	case free >= 0:
		return size(free) + " free"
	}
	return "free space unknown"
}
