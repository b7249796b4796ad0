package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
)

func newPause(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "pause JOB",
		Short: "Pause the schedule of a job",
		Long: `Pauses the schedule of a job on every server, until it is resumed: it is not backed up
and not drilled by itself, and nothing of it is deleted. A backup that was asked for is made
all the same.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "job.pause", "job "+args[0], func() error {
					return a.changeJob(ctx, cmd.OutOrStdout(), f.json, args[0], "paused", a.store.PauseJob)
				})
			})
		},
	}
}

func newResume(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "resume JOB",
		Short: "Let the schedule of a paused job go on",
		Long: `Lets the schedule of a paused job go on. What came due while it was paused is not made up
for: the next run is the next one of the schedule.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "job.resume", "job "+args[0], func() error {
					return a.changeJob(ctx, cmd.OutOrStdout(), f.json, args[0], "resumed", a.store.ResumeJob)
				})
			})
		},
	}
}

// changeJob pauses or resumes a job, and tells when it runs next.
func (a *app) changeJob(ctx context.Context, out io.Writer, inJSON bool, label, done string, change func(ctx context.Context, jobID string, at time.Time) error) error {
	job, err := a.jobByLabel(ctx, label)
	if err != nil {
		return err
	}
	if err := change(ctx, job.ID, models.Now()); err != nil {
		return err
	}
	if job, err = a.store.Job(ctx, job.ID); err != nil {
		return err
	}
	line := newJobLine(job, models.Now())
	if inJSON {
		return json.NewEncoder(out).Encode(line)
	}
	fmt.Fprintf(out, "%s %s\n", done, plain(job.Label))
	if line.NextRun != nil {
		fmt.Fprintf(out, "  next run: %s\n", orDash(line.NextRun))
	}
	return nil
}
