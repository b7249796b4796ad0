package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/views/drives"
)

// driveTime bounds how long one drive may take to be examined.
const driveTime = 2 * time.Minute

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
				return a.examine(ctx, cmd.OutOrStdout(), f.json)
			})
		},
	}
}

// examine tells what a doctor finds, in lines or in JSON; the error is silent
// when that holds a problem.
func (a *app) examine(ctx context.Context, out io.Writer, inJSON bool) error {
	d := &doctor{app: a, out: out, found: findings{[]finding{}, []finding{}, []finding{}, []finding{}}}
	if inJSON {
		d.out = io.Discard
	}
	if err := d.examine(ctx); err != nil {
		return err
	}
	if inJSON {
		if err := json.NewEncoder(out).Encode(d.found); err != nil {
			return err
		}
	}
	return d.conclude()
}

// doctor examines one thing after the other and tells what it finds at once,
// because a server that does not answer takes its time.
type doctor struct {
	app *app
	out io.Writer
	// about is the thing that is examined now.
	about string
	found findings
}

// finding is a sentence about a thing.
type finding struct{ About, Sentence string }

// findings are what a doctor answers in JSON.
type findings struct{ Problems, Warnings, Notes, Passed []finding }

func (d *doctor) examine(ctx context.Context) error {
	d.about = "the configuration"
	for _, note := range d.app.config.Notes {
		d.note(note)
	}
	for _, left := range d.app.planner.Left() {
		d.warn(left)
	}
	if up, err := d.app.backups.ServerIsUp(ctx); err != nil {
		return err
	} else if up {
		for _, differs := range d.app.planner.Differences() {
			d.warn(differs)
		}
	}
	d.dataFolder()
	if err := d.sources(ctx); err != nil {
		return err
	}
	if err := d.drives(ctx); err != nil {
		return err
	}
	d.notifiers(ctx)
	return d.encryption(ctx)
}

// conclude tells the outcome; the error is silent when there is a problem.
func (d *doctor) conclude() error {
	switch n := len(d.found.Problems); n {
	case 0:
		fmt.Fprintln(d.out, "\nEverything a backup needs is there.")
		return nil
	case 1:
		fmt.Fprintln(d.out, "\n1 problem.")
	default:
		fmt.Fprintf(d.out, "\n%d problems.\n", n)
	}
	return errSilent
}

func (d *doctor) begin(format string, args ...any) {
	d.about = fmt.Sprintf(format, args...)
	fmt.Fprintln(d.out, d.about)
}

func (d *doctor) problem(text string) { d.say(&d.found.Problems, "PROBLEM", text) }
func (d *doctor) warn(text string)    { d.say(&d.found.Warnings, "warning", text) }
func (d *doctor) note(text string)    { d.say(&d.found.Notes, "note", text) }
func (d *doctor) pass(text string)    { d.say(&d.found.Passed, "ok", text) }

func (d *doctor) say(list *[]finding, mark, text string) {
	*list = append(*list, finding{About: d.about, Sentence: text})
	fmt.Fprintf(d.out, "  %-8s %s\n", mark, indentLines(text))
}

func (d *doctor) dataFolder() {
	d.begin("data folder %s", d.app.config.Data)
	space, err := disk.Of(d.app.config.Data)
	if err != nil {
		d.problem(err.Error())
		return
	}
	d.pass(size(space.Free) + " free for dumps that are being made")
}

func (d *doctor) sources(ctx context.Context) error {
	sources := d.app.planner.Plan().Sources
	if len(sources) == 0 {
		d.begin("data sources")
		d.problem("none is configured: add one on the page Sources, or below data_sources in the configuration file")
	}
	for _, configured := range sources {
		d.begin("data source %q (%s)", configured.Label, configured.Provider)
		row, err := d.app.store.SourceByLabel(ctx, configured.Label)
		if err != nil {
			return err
		}
		src, _, _, err := d.app.catalog.OpenSource(ctx, row.ID)
		if err != nil {
			d.problem(err.Error())
			continue
		}
		report, err := src.Check(ctx)
		if err != nil {
			d.problem(err.Error())
			continue
		}
		for _, p := range report.Problems {
			d.problem(p)
		}
		for _, w := range report.Warnings {
			d.warn(w)
		}
		if len(report.Problems) == 0 {
			d.pass(fmt.Sprintf("version %s, %s, %s; dumped by %s %s", report.ServerVersion, count(report.Tables, "table"), size(report.Size), report.Tool, report.ToolVersion))
		}
	}
	return nil
}

func (d *doctor) drives(ctx context.Context) error {
	drives := d.app.planner.Plan().Drives
	if len(drives) == 0 {
		d.begin("drives")
		d.problem("none is configured: add one on the page Drives, or below drives in the configuration file")
	}
	for _, configured := range drives {
		d.begin("drive %q (%s)", configured.Label, configured.Provider)
		row, err := d.app.store.DriveByLabel(ctx, configured.Label)
		if err != nil {
			return err
		}
		d.drive(ctx, row)
	}
	return nil
}

// drive examines one drive. The sentence of an unknown server, and of a sign-in that
// is missing, names the command that mends it.
func (d *doctor) drive(ctx context.Context, row models.Drive) {
	place, _, err := d.app.catalog.OpenDrive(ctx, row.ID)
	if err != nil {
		d.problem(drives.OwnWords(sentence(err), row.Label))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, driveTime)
	defer cancel()
	report, err := place.Check(ctx)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		d.problem(fmt.Sprintf("the drive did not answer within %s: see whether it can be reached from this machine", driveTime))
	case err != nil:
		d.problem(drives.OwnWords(sentence(err), row.Label))
	default:
		d.pass(workingWords(report.Free, report.Total))
	}
}

// sentence is what a person is told of an error: only the fault's own words when it
// has some.
func sentence(err error) string {
	var fault *models.Fault
	if errors.As(err, &fault) {
		return fault.Sentence
	}
	return err.Error()
}
