package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
)

func newPrune(f *flags) *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune [JOB…]",
		Short: "Remove the copies that the rules of retention keep no longer",
		Long: `Removes the copies that the rules of retention of the named jobs, or of all, keep no
longer, and says of each copy why it stays or goes. With --dry-run it only says so. A
server does this by itself; what a drive does not remove now it is asked again for.`,
		ValidArgsFunction: f.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				if dry {
					return a.prune(ctx, cmd.OutOrStdout(), f.json, args, dry)
				}
				what := "all jobs"
				if len(args) > 0 {
					what = "job " + strings.Join(args, ", ")
				}
				return a.audited(ctx, "job.prune", what, func() error { return a.prune(ctx, cmd.OutOrStdout(), f.json, args, dry) })
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only tell what would be kept and removed, and why")
	return cmd
}

// prune carries the rules of jobs out, or tells what they would do. It ends with status 1
// when a drive has not removed what it was asked for.
func (a *app) prune(ctx context.Context, out io.Writer, inJSON bool, labels []string, dry bool) error {
	jobs, err := a.jobsToPrune(ctx, labels)
	if err != nil {
		return err
	}
	var removed []models.CopyDecision
	for _, j := range jobs {
		plan, err := a.planOf(ctx, j, dry)
		if err != nil {
			return err
		}
		if plan.Rests == "" {
			removed = append(removed, plan.Removals()...)
		}
		if err := a.tellPlan(ctx, out, inJSON, plan, dry); err != nil {
			return err
		}
	}
	if dry || len(removed) == 0 {
		return nil
	}
	if err := a.retention.RemoveHere(ctx); err != nil {
		return err
	}
	return a.tellUnremoved(ctx, out, inJSON, removed)
}

func (a *app) planOf(ctx context.Context, j models.Job, dry bool) (models.RetentionPlan, error) {
	if dry {
		return a.retention.Preview(ctx, j.ID, nil)
	}
	return a.retention.Prune(ctx, j.ID)
}

// jobsToPrune are the jobs of these labels, or all that have rules.
func (a *app) jobsToPrune(ctx context.Context, labels []string) ([]models.Job, error) {
	var jobs []models.Job
	for _, label := range labels {
		j, err := a.jobByLabel(ctx, label)
		if err != nil {
			return nil, err
		}
		if !j.Keeps() {
			return nil, models.Conflictf("the job %q has no rules of retention, so that all is kept: write some under retention", label)
		}
		jobs = append(jobs, j)
	}
	if len(labels) > 0 {
		return jobs, nil
	}
	all, err := a.catalog.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	for _, j := range all {
		if j.Keeps() {
			jobs = append(jobs, j)
		}
	}
	if len(jobs) == 0 {
		return nil, models.NotFoundf("no job has rules of retention, so that all is kept: write some under retention of a job")
	}
	return jobs, nil
}

// prunedCopy is one line of the answer in JSON.
type prunedCopy struct {
	Job       string   `json:"Job"`
	BackupID  string   `json:"BackupId"`
	CreatedAt string   `json:"CreatedAt"`
	Drive     string   `json:"Drive"`
	FileName  string   `json:"FileName"`
	Size      int64    `json:"Size"`
	Remove    bool     `json:"Remove"`
	Reasons   []string `json:"Reasons"`
	// Rests says why nothing is removed, whatever Remove says; null when nothing forbids it.
	Rests *string `json:"Rests"`
}

func (a *app) tellPlan(ctx context.Context, out io.Writer, inJSON bool, p models.RetentionPlan, dry bool) error {
	if inJSON {
		return a.encodePlan(ctx, out, p)
	}
	fmt.Fprintf(out, "%s\n", p.Job.Label)
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	goes := "removes"
	if p.Rests != "" {
		goes = "would remove"
	}
	freed, n := int64(0), 0
	for _, b := range p.Backups {
		for _, c := range b.Copies {
			does := "keeps"
			if c.Remove {
				does = goes
				freed, n = freed+c.DriveFile.Size, n+1
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\tbecause %s\n", does, b.Backup.CreatedAt.Format("2006-01-02 15:04:05Z"), a.driveLabel(ctx, c.DriveFile.DriveID),
				size(c.DriveFile.Size), plain(strings.Join(c.Reasons, ", ")))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	switch {
	case p.Rests != "":
		fmt.Fprintf(out, "  %s\n", p.Rests)
	case n == 1 && dry:
		fmt.Fprintf(out, "  1 copy would go, %s\n", size(freed))
	case n == 1:
		fmt.Fprintf(out, "  1 copy goes, %s\n", size(freed))
	case dry:
		fmt.Fprintf(out, "  %d copies would go, %s\n", n, size(freed))
	default:
		fmt.Fprintf(out, "  %d copies go, %s\n", n, size(freed))
	}
	return nil
}

func (a *app) encodePlan(ctx context.Context, out io.Writer, p models.RetentionPlan) error {
	var rests *string
	if p.Rests != "" {
		rests = &p.Rests
	}
	for _, b := range p.Backups {
		for _, c := range b.Copies {
			line := prunedCopy{Job: p.Job.Label, BackupID: b.Backup.ID, CreatedAt: b.Backup.CreatedAt.Format("2006-01-02T15:04:05.000000Z"),
				Drive: a.driveLabel(ctx, c.DriveFile.DriveID), FileName: c.DriveFile.Label, Size: c.DriveFile.Size, Remove: c.Remove, Reasons: c.Reasons, Rests: rests}
			if err := json.NewEncoder(out).Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) driveLabel(ctx context.Context, id string) string {
	if d, err := a.store.Drive(ctx, id); err == nil {
		return d.Label
	}
	return id
}

// tellUnremoved tells what drives have not removed yet.
func (a *app) tellUnremoved(ctx context.Context, out io.Writer, inJSON bool, removed []models.CopyDecision) error {
	var failed error
	asked := map[string]bool{}
	for _, c := range removed {
		if asked[c.DriveFile.BackupID] {
			continue
		}
		asked[c.DriveFile.BackupID] = true
		found, err := a.store.RemovalsOf(ctx, c.DriveFile.BackupID)
		if err != nil {
			return err
		}
		for _, r := range found {
			if r.DoneAt != nil {
				continue
			}
			failed = errSilent
			if !inJSON {
				fmt.Fprintf(out, "NOT REMOVED YET  %s from %s: %s\n", plain(r.Key), a.driveLabel(ctx, r.DriveID), plain(orWaits(r.Error)))
			}
		}
	}
	return failed
}

func orWaits(problem string) string {
	if problem == "" {
		return "the drive is asked next time"
	}
	return problem
}
