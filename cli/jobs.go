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
	"github.com/backupman/backupman/services/cron"
	"github.com/backupman/backupman/services/schedule"
)

func newJobs(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "jobs",
		Short: "List the jobs: when they run, and when next",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.listJobs(ctx, cmd.OutOrStdout(), f.json, models.Now())
			})
		},
	}
}

// jobLine is a job as jobs tells it in JSON.
type jobLine struct {
	ID       string
	Label    string
	Cron     string
	Timezone string
	Window   string
	// Spread is as the configuration reads it; empty for none.
	Spread string
	// When says in words when it runs.
	When string
	// NextRun is null when nothing is scheduled, or the job is paused.
	NextRun  *time.Time
	PausedAt *time.Time
	// LacksKit says that every run fails until the recovery kit is taken.
	LacksKit bool
}

func newJobLine(job models.Job, now time.Time) jobLine {
	line := jobLine{ID: job.ID, Label: job.Label, Cron: job.Cron, Timezone: job.Timezone, Window: job.Window, When: whenText(job), PausedAt: job.PausedAt, LacksKit: job.LacksKit()}
	if job.Spread > 0 {
		line.Spread = models.SpanText(job.Spread)
	}
	if next := schedule.NextSlots(job, now, 1); len(next) > 0 {
		line.NextRun = &next[0]
	}
	return line
}

// whenText says when a job runs, in words as far as they go.
func whenText(job models.Job) string {
	if job.Cron == "" {
		return "only when asked"
	}
	text := cron.Describe(job.Cron)
	if text == "" {
		text = "cron " + job.Cron
	}
	if job.Timezone != "" {
		text += ", " + job.Timezone
	}
	if job.Window != "" {
		text += ", within " + job.Window
	}
	if job.Spread > 0 {
		text += ", up to " + models.SpanText(job.Spread) + " later"
	}
	return text
}

func (a *app) listJobs(ctx context.Context, out io.Writer, inJSON bool, now time.Time) error {
	found, err := a.store.Jobs(ctx)
	if err != nil {
		return err
	}
	lines := []jobLine{}
	for _, job := range found {
		lines = append(lines, newJobLine(job, now))
	}
	if inJSON {
		return json.NewEncoder(out).Encode(struct{ Results []jobLine }{lines})
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(out, "There is no job yet: name databases and drives in the configuration.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "JOB\tRUNS\tNEXT\tPAUSED")
	for _, line := range lines {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", plain(line.Label), line.When, orDash(line.NextRun), orDash(line.PausedAt))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, line := range lines {
		if line.LacksKit {
			fmt.Fprintf(out, "\n%s makes no backup before its recovery kit is taken: backupman kit %s\n", plain(line.Label), shellWord(line.Label))
		}
	}
	return nil
}

func orDash(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
