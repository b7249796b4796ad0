package cli

import (
	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
)

// completion offers words to a shell, as cobra asks for them.
type completion = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

func anyDrive(models.Drive) bool { return true }

// trustable reports whether a drive may have a server that is known by a key.
func trustable(d models.Drive) bool { return d.Provider == "sftp" }

// completeDrives offers the labels of the configured drives that fit.
func (f *flags) completeDrives(fits func(models.Drive) bool) completion {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f.offers(func(p models.Plan) (labels []string) {
			for _, d := range p.Drives {
				if fits(d) {
					labels = append(labels, d.Label)
				}
			}
			return labels
		}), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeJobs offers the labels of the configured jobs.
func (f *flags) completeJobs(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.offers(func(p models.Plan) (labels []string) {
		for _, j := range p.Jobs {
			labels = append(labels, j.Job.Label)
		}
		return labels
	}), cobra.ShellCompDirectiveNoFileComp
}
