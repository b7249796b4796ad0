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
)

// healSince is how far back failed backups are healed when none is named, which is
// as far as a server heals them by itself.
const healSince = 14 * 24 * time.Hour

func newHeal(f *flags) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use:   "heal [ID]",
		Short: "Make the missing copies of failed backups",
		Long: `Makes the missing copies of a failed backup from its dump, or from a good copy on
another drive. The database is never dumped again: that is what retry is for. Without
an ID this is done for every failed backup of the last 14 days whose dump is good,
newest first; with --json there is then one line for each.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				h := healer{app: a, out: cmd.OutOrStdout(), flags: f, wait: wait}
				if len(args) == 0 {
					return a.audited(ctx, "backup.heal", "all failed backups", func() error { return h.all(ctx) })
				}
				return a.auditedBackup(ctx, "backup.heal", args[0], func(id string) error { return h.one(ctx, id) })
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "make the copies in this command and wait for their end")
	return cmd
}

// healer makes missing copies, here or by the running server.
type healer struct {
	app   *app
	out   io.Writer
	flags *flags
	wait  bool
}

func (h healer) one(ctx context.Context, id string) error {
	h.app.recoverFirst(ctx)
	b, err := h.app.findBackup(ctx, id)
	if err != nil {
		return err
	}
	return h.heal(ctx, b)
}

// heal hands a backup to the running server, or makes its copies here.
func (h healer) heal(ctx context.Context, b models.Backup) error {
	up, err := h.app.backups.ServerIsUp(ctx)
	if err != nil {
		return err
	}
	// A backup that nobody began may have been queued by a command that was killed.
	if b.Status != models.StatusPending || b.LeaseOwner != "" || b.DumpedAt == nil {
		if b, err = h.app.backups.Heal(ctx, b.ID); err != nil {
			return err
		}
	}
	if up && !h.wait {
		return tellQueued(h.out, h.flags, b)
	}
	return h.app.carryOut(ctx, h.out, h.flags, b.ID)
}

// all heals what is worth it. One backup that cannot be healed does not keep the
// others from it.
func (h healer) all(ctx context.Context) error {
	h.app.recoverFirst(ctx)
	found, err := h.app.healable(ctx)
	if err != nil {
		return err
	}
	if len(found) == 0 && !h.flags.json {
		_, err := fmt.Fprintln(h.out, "No failed backup of the last 14 days has a good dump: there is nothing to heal.")
		return err
	}
	var failed error
	for _, b := range found {
		err := h.heal(ctx, b)
		var fault *models.Fault
		switch {
		case err == nil:
		case errors.Is(err, errSilent):
			failed = errSilent
		case errors.As(err, &fault):
			failed = errors.Join(errSilent, h.tellRefused(b, fault.Sentence))
		default:
			return err
		}
	}
	return failed
}

// refusal says in JSON why a backup could not be healed.
type refusal struct {
	ID    string `json:"Id"`
	Label string `json:"Label"`
	Error string `json:"Error"`
}

func (h healer) tellRefused(b models.Backup, why string) error {
	if h.flags.json {
		return json.NewEncoder(h.out).Encode(refusal{ID: b.ID, Label: b.Label, Error: why})
	}
	_, err := fmt.Fprintf(h.out, "not healed %s (%s): %s\n", b.ID, b.Label, why)
	return err
}

// healable returns the failed backups whose dump is good, newest first.
func (a *app) healable(ctx context.Context) ([]models.Backup, error) {
	var found []models.Backup
	filter := models.BackupFilter{Status: models.StatusFailed, Since: models.Now().Add(-healSince)}
	err := a.store.EachBackup(ctx, filter, func(b models.Backup) error {
		if b.DumpedAt != nil {
			found = append(found, b)
		}
		return nil
	})
	return found, err
}

// recoverFirst settles what earlier processes left.
func (a *app) recoverFirst(ctx context.Context) {
	if err := a.backups.Recover(ctx); err != nil {
		a.log.Warn("left-overs of an earlier run are not all settled", "error", err)
	}
}
