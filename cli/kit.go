package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newKit(f *flags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "kit JOB",
		Short: "Write the recovery kit of a job that encrypts, and note that it was taken",
		Long: `Writes how the encrypted backups of a job are restored on a bare machine, with stock
programs and without Backupman. It holds no secret: keep it, and the private key or the
passphrase, where you find them when the server is gone. A job that encrypts makes no
backup before its kit was taken, and asks for it again when its keys change.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeJobs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "job.kit", "recovery kit of "+args[0], func() error { return a.takeKit(ctx, cmd.OutOrStdout(), f, args[0], output) })
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "a new file to write it to (default: it is printed)")
	return cmd
}

// warnOfKits tells of the jobs whose runs fail until somebody takes their recovery kit: when
// the keys of the configuration are others, the night comes too late to learn of it.
func (a *app) warnOfKits(ctx context.Context) {
	jobs, err := a.catalog.Jobs(ctx)
	if err != nil {
		a.log.Warn("it could not be looked whether the recovery kits were taken", "error", err)
	}
	for _, job := range jobs {
		if job.LacksKit() {
			a.log.Warn("this job makes no backup before its recovery kit is taken", "job", job.Label, "command", "backupman kit "+shellWord(job.Label))
		}
	}
}

// takeKit notes that the kit was taken once it was written.
func (a *app) takeKit(ctx context.Context, out io.Writer, f *flags, label, output string) error {
	job, err := a.jobByLabel(ctx, label)
	if err != nil {
		return err
	}
	k, err := a.kits.Kit(ctx, job.ID)
	if err != nil {
		return err
	}
	switch {
	case output != "":
		err = writeNew(output, k.Text)
	case !f.json:
		_, err = io.WriteString(out, k.Text)
	}
	if err != nil {
		return err
	}
	if k, err = a.kits.Take(ctx, job.ID); err != nil {
		return err
	}
	switch {
	case f.json:
		return json.NewEncoder(out).Encode(api.NewKit(k))
	case output != "":
		_, err = fmt.Fprintf(out, "the recovery kit of %s is in %s, and the job may run now: keep the kit with the private key or the passphrase, away from this server\n", k.Label, output)
	}
	return err
}

// writeNew writes a file that takes the place of nothing.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return models.Conflictf("there is a file %s already: name another, or remove it", path)
	}
	if err != nil {
		return models.Invalidf("the file %s can't be made: %v", path, errors.Unwrap(err))
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Sync(), f.Close())
}
