package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
)

func newRun(f *flags) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use:   "run JOB",
		Short: "Back a job's database up now",
		Long: `Backs a job's database up now. JOB is the label of a job, or of a data source
when the configuration has no jobs.

With --wait the backup is made by this command, which ends with status 1 when it
fails. Without it the backup is handed to the running server; when there is none,
this command makes it all the same. Interrupted, it fails the backup with a
sentence and ends with status 1; a server then makes what copies are missing of a
dump that was good.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "backup.start", "job "+args[0], func() error { return a.run(ctx, cmd.OutOrStdout(), f, args[0], wait) })
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "make the backup in this command and wait for its end")
	return cmd
}

// withApp runs a command over the configured services and closes them after it.
func withApp(cmd *cobra.Command, f *flags, mode access, do func(ctx context.Context, a *app) error) (err error) {
	c, err := f.load("")
	if err != nil {
		return err
	}
	a, err := openApp(cmd.Context(), c, mode, quietLog(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	return do(cmd.Context(), a)
}

func (a *app) run(ctx context.Context, out io.Writer, f *flags, label string, wait bool) error {
	if err := a.backups.Recover(ctx); err != nil {
		a.log.Warn("left-overs of an earlier run are not all settled", "error", err)
	}
	job, err := a.jobByLabel(ctx, label)
	if err != nil {
		return err
	}
	if !wait {
		handed, err := a.handOver(ctx, out, f, job)
		if handed || err != nil {
			return err
		}
	}
	b, err := a.queue(ctx, job)
	if err != nil {
		return err
	}
	return a.carryOut(ctx, out, f, b.ID)
}

// queue starts a backup, or takes the one that was queued by a process that did
// not live to begin it.
func (a *app) queue(ctx context.Context, job models.Job) (models.Backup, error) {
	waiting, err := a.store.PendingOf(ctx, job.ID)
	if err == nil && waiting.LeaseOwner == "" {
		return waiting, nil
	}
	return a.backups.Start(ctx, job.ID, models.TriggerCLI)
}

// handOver leaves the backup to a running server, if there is one.
func (a *app) handOver(ctx context.Context, out io.Writer, f *flags, job models.Job) (bool, error) {
	up, err := a.backups.ServerIsUp(ctx)
	if err != nil || !up {
		return false, err
	}
	b, err := a.backups.Start(ctx, job.ID, models.TriggerCLI)
	if err != nil {
		return false, err
	}
	return true, tellQueued(out, f, b)
}

func tellQueued(out io.Writer, f *flags, b models.Backup) error {
	if f.json {
		return printBackup(out, b)
	}
	_, err := fmt.Fprintf(out, "queued %s: the running server makes it; follow it with: backupman show %s\n", b.ID, b.ID)
	return err
}

// carryOut makes a queued backup here, or waits for the process that was faster.
func (a *app) carryOut(ctx context.Context, out io.Writer, f *flags, id string) error {
	stop := a.showProgress(ctx, out, f, id)
	b, err := a.backups.Finish(ctx, id)
	stop()
	if err != nil {
		return err
	}
	if err := reportSettled(out, f, b); err != nil || f.json {
		return err
	}
	return a.tellAfter(ctx, out, b)
}

// tellAfter tells what was found of a backup once it had finished: by a drill, and by a
// look at those before it.
func (a *app) tellAfter(ctx context.Context, out io.Writer, b models.Backup) error {
	drills, err := a.store.Drills(ctx, b.ID)
	if err != nil {
		return err
	}
	if len(drills) > 0 && !drills[0].Running() {
		fmt.Fprint(out, "  drill: ")
		describeDrill(out, drills[0])
	}
	alarms, err := a.store.UnseenAlarms(ctx, b.JobID)
	for _, alarm := range alarms {
		if alarm.BackupID == b.ID {
			fmt.Fprintf(out, "  ALARM: %s\n", indentLines(alarm.Sentence))
		}
	}
	return err
}

func reportSettled(out io.Writer, f *flags, b models.Backup) error {
	if f.json {
		if err := printBackup(out, b); err != nil {
			return err
		}
	} else {
		describeSettled(out, b)
	}
	if b.Status != models.StatusFinished {
		return errSilent
	}
	return nil
}

func describeSettled(out io.Writer, b models.Backup) {
	if b.Status == models.StatusFinished {
		fmt.Fprintf(out, "finished %s: %s dumped, %s stored\n", b.ID, size(b.RawSize), size(b.Size))
	} else {
		fmt.Fprintf(out, "failed %s: %s\n", b.ID, b.Error)
	}
	for _, file := range b.DriveFiles {
		if file.Path != nil && file.Status == models.StatusFinished {
			fmt.Fprintf(out, "  copy: %s\n", *file.Path)
		}
	}
	if b.Warnings != "" {
		fmt.Fprintf(out, "  warning: %s\n", indentLines(b.Warnings))
	}
}

// jobByLabel names the jobs there are when there is none of the label.
func (a *app) jobByLabel(ctx context.Context, label string) (models.Job, error) {
	job, err := a.store.JobByLabel(ctx, label)
	if !errors.Is(err, models.ErrNotFound) {
		return job, err
	}
	jobs, listErr := a.store.Jobs(ctx)
	if listErr != nil || len(jobs) == 0 {
		return job, err
	}
	const most = 10
	var labels []string
	for _, j := range jobs[:min(most, len(jobs))] {
		labels = append(labels, strconv.Quote(j.Label))
	}
	if len(jobs) > most {
		labels = append(labels, "…")
	}
	return job, models.NotFoundf("there is no job %q: there are %s", label, strings.Join(labels, ", "))
}
