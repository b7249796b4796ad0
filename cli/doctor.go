package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/services/disk"
)

func newDoctor(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Try everything a backup needs: connections, tools, rights, room",
		Long: `Connects to every data source and drive and tells what would keep a backup from
being made, before the first run: connections, dump tools and their versions, what
the account may not see, and free space. Ends with status 1 when there is a problem.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				d := &doctor{app: a, out: cmd.OutOrStdout()}
				return d.examine(ctx)
			})
		},
	}
}

type doctor struct {
	app      *app
	out      io.Writer
	problems int
}

func (d *doctor) examine(ctx context.Context) error {
	for _, note := range d.app.config.Notes {
		d.say("note", note)
	}
	d.dataFolder()
	if err := d.sources(ctx); err != nil {
		return err
	}
	if err := d.drives(ctx); err != nil {
		return err
	}
	switch {
	case d.problems == 1:
		fmt.Fprintln(d.out, "\n1 problem.")
		return errSilent
	case d.problems > 1:
		fmt.Fprintf(d.out, "\n%d problems.\n", d.problems)
		return errSilent
	}
	fmt.Fprintln(d.out, "\nEverything a backup needs is there.")
	return nil
}

func (d *doctor) say(mark, text string) {
	if mark == "PROBLEM" {
		d.problems++
	}
	fmt.Fprintf(d.out, "  %-8s %s\n", mark, indentLines(text))
}

func (d *doctor) dataFolder() {
	fmt.Fprintf(d.out, "data folder %s\n", d.app.config.Data)
	space, err := disk.Of(d.app.config.Data)
	if err != nil {
		d.say("PROBLEM", err.Error())
		return
	}
	d.say("ok", size(space.Free)+" free for dumps that are being made")
}

func (d *doctor) sources(ctx context.Context) error {
	sources := d.app.config.Sources
	if len(sources) == 0 {
		fmt.Fprintln(d.out, "data sources")
		d.say("PROBLEM", "none is configured: add one below data_sources")
	}
	for _, configured := range sources {
		fmt.Fprintf(d.out, "data source %q (%s)\n", configured.Label, configured.Provider)
		row, err := d.app.store.SourceByLabel(ctx, configured.Label)
		if err != nil {
			return err
		}
		src, _, _, err := d.app.catalog.OpenSource(ctx, row.ID)
		if err != nil {
			d.say("PROBLEM", err.Error())
			continue
		}
		report, err := src.Check(ctx)
		if err != nil {
			d.say("PROBLEM", err.Error())
			continue
		}
		for _, p := range report.Problems {
			d.say("PROBLEM", p)
		}
		for _, w := range report.Warnings {
			d.say("warning", w)
		}
		if len(report.Problems) == 0 {
			d.say("ok", fmt.Sprintf("version %s, %d tables, %s; dumped by %s %s", report.ServerVersion, report.Tables, size(report.Size), report.Tool, report.ToolVersion))
		}
	}
	return nil
}

func (d *doctor) drives(ctx context.Context) error {
	drives := d.app.config.Drives
	if len(drives) == 0 {
		fmt.Fprintln(d.out, "drives")
		d.say("PROBLEM", "none is configured: add one below drives")
	}
	for _, configured := range drives {
		fmt.Fprintf(d.out, "drive %q (%s)\n", configured.Label, configured.Provider)
		row, err := d.app.store.DriveByLabel(ctx, configured.Label)
		if err != nil {
			return err
		}
		place, _, err := d.app.catalog.OpenDrive(ctx, row.ID)
		if err != nil {
			d.say("PROBLEM", err.Error())
			continue
		}
		report, err := place.Check(ctx)
		if err != nil {
			d.say("PROBLEM", err.Error())
			continue
		}
		room := "free space unknown"
		if report.Free >= 0 {
			room = size(report.Free) + " free"
		}
		d.say("ok", "writes, reads back and deletes; "+room)
	}
	return nil
}
