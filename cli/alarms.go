package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newAlarms(f *flags) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "alarms",
		Short: "List what a person must look at: backups that are wrong, or unlike the others",
		Long: `Lists the alarms that nobody has looked at: backups that a drill found wrong, and
backups that hold much less, or much more, than their job's usually do. While a job has
one, nothing of it is deleted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.listAlarms(ctx, cmd.OutOrStdout(), f.json, !all)
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "list those that somebody has looked at, too")
	cmd.AddCommand(newAlarmsSeen(f))
	return cmd
}

func (a *app) listAlarms(ctx context.Context, out io.Writer, inJSON, unseenOnly bool) error {
	found, err := a.store.Alarms(ctx, unseenOnly)
	if err != nil {
		return err
	}
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewAlarms(found))
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "There is no alarm.")
		return err
	}
	unseen := false
	for _, alarm := range found {
		if err := a.tellAlarm(ctx, out, alarm); err != nil {
			return err
		}
		unseen = unseen || alarm.SeenAt == nil
	}
	if unseen {
		fmt.Fprintln(out, "Nothing of these jobs is deleted until you have looked: backupman alarms seen ID, or all")
	}
	return nil
}

func (a *app) tellAlarm(ctx context.Context, out io.Writer, alarm models.Alarm) error {
	b, err := a.store.Backup(ctx, alarm.BackupID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	fmt.Fprintf(out, "%s  %s  %s  %s\n", alarm.ID, plain(b.Label), alarm.Kind, alarm.CreatedAt.Format(time.RFC3339))
	fmt.Fprintf(out, "  backup:  %s\n", alarm.BackupID)
	for line := range strings.Lines(alarm.Sentence) {
		fmt.Fprintf(out, "  %s\n", plain(strings.TrimSuffix(line, "\n")))
	}
	if alarm.SeenAt != nil {
		fmt.Fprintf(out, "  seen:    %s\n", alarm.SeenAt.Format(time.RFC3339))
	}
	_, err = fmt.Fprintln(out)
	return err
}

func newAlarmsSeen(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:               "seen ID|all",
		Short:             "Say that you have looked at an alarm, or at all of them",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeAlarms(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "all" {
				if err := models.CheckID(args[0]); err != nil {
					return err
				}
			}
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "alarm.seen", args[0], func() error { return a.seeAlarms(ctx, cmd.OutOrStdout(), f.json, args[0]) })
			})
		},
	}
}

// seeAlarms notes that somebody has looked. One that another person was faster with is
// an error only when it was asked for by its id.
func (a *app) seeAlarms(ctx context.Context, out io.Writer, inJSON bool, which string) error {
	found, err := a.store.Alarms(ctx, which == "all")
	if err != nil {
		return err
	}
	var seen []models.Alarm
	for _, alarm := range found {
		if which != "all" && alarm.ID != which {
			continue
		}
		now := models.Now()
		err := a.store.SeeAlarm(ctx, alarm.ID, now)
		if which == "all" && errors.Is(err, models.ErrConflict) {
			continue
		}
		if err != nil {
			return err
		}
		alarm.SeenAt = &now
		seen = append(seen, alarm)
	}
	if which != "all" && len(seen) == 0 {
		return models.NotFoundf("there is no alarm %s: backupman alarms lists those that there are", which)
	}
	return tellSeen(out, inJSON, seen)
}

func tellSeen(out io.Writer, inJSON bool, seen []models.Alarm) error {
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewAlarms(seen))
	}
	if len(seen) == 0 {
		_, err := fmt.Fprintln(out, "There is no alarm that nobody has looked at.")
		return err
	}
	for _, alarm := range seen {
		fmt.Fprintf(out, "seen %s\n", alarm.ID)
	}
	return nil
}
