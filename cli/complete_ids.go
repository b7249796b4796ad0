package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
)

// offered is how many ids a shell is offered at most, newest first.
const offered = 30

// completeBackups offers the ids of the newest backups, to a command that takes so many.
func (f *flags) completeBackups(most int) completion {
	return f.completeFrom(most, func(ctx context.Context, a *app) ([]string, error) {
		found, err := a.store.Backups(ctx, models.BackupFilter{}, models.Cursor{}, offered)
		words := []string{"latest\tthe newest backup"}
		for _, b := range found {
			words = append(words, fmt.Sprintf("%s\t%s, %s, %s", b.ID, b.Label, b.Status, b.CreatedAt.Format("2006-01-02 15:04:05Z")))
		}
		return words, err
	})
}

// completeAlarms offers the ids of the alarms that nobody has looked at.
func (f *flags) completeAlarms() completion {
	return f.completeFrom(1, func(ctx context.Context, a *app) ([]string, error) {
		found, err := a.store.Alarms(ctx, true)
		words := []string{"all\tevery alarm"}
		for _, alarm := range found[:min(len(found), offered)] {
			words = append(words, fmt.Sprintf("%s\t%s, %s", alarm.ID, alarm.Kind, alarm.CreatedAt.Format("2006-01-02 15:04:05Z")))
		}
		return words, err
	})
}

// completeFrom offers what the store has. Where there is no data folder nothing is
// offered, because asking would make one.
func (f *flags) completeFrom(most int, ask func(ctx context.Context, a *app) ([]string, error)) completion {
	return func(cmd *cobra.Command, args []string, _ string) (words []string, _ cobra.ShellCompDirective) {
		c, err := f.load("")
		if err != nil || len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if _, err := os.Stat(c.Data); err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		cmd.SetContext(context.Background())
		err = withApp(cmd, f, looking, func(ctx context.Context, a *app) (err error) {
			words, err = ask(ctx, a)
			return err
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeTargets offers what --to takes: a source may go on with a slash and a name.
func (f *flags) completeTargets(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return append([]string{"original", "file:"}, f.sourceLabels()...), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeScratch offers what --scratch takes.
func (f *flags) completeScratch(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return append([]string{models.ScratchTemporary}, f.sourceLabels()...), cobra.ShellCompDirectiveNoFileComp
}

func (f *flags) sourceLabels() []string {
	return f.offers(func(p models.Plan) (labels []string) {
		for _, s := range p.Sources {
			labels = append(labels, s.Label)
		}
		return labels
	})
}
