package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newRestore(f *flags) *cobra.Command {
	r := &restorer{flags: f}
	cmd := &cobra.Command{
		Use:   "restore [ID] --to TARGET",
		Short: "Restore a backup, or some of its tables",
		Long: `Restores a backup, or with --file a dump file. ID is the id of a backup, or "latest".
Says first what would happen and what would be overwritten, and asks for the target's
name; scripts give that with --yes. The copy is read whole, compared with its SHA-256
and unpacked to its end before the target is touched.

TARGET is one of

  original         the database that the backup is of
  SOURCE           the database of a data source, by its label
  SOURCE/NAME      a new database on the server of a data source; for SQLite a new
                   file beside its own. original/NAME is on that of the backup
  file:PATH        a new file that gets the unpacked dump

Ends with status 1 when the restore fails.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.in, r.out = cmd.InOrStdin(), cmd.OutOrStdout()
			r.asks = isTerminal(r.in) && !f.json
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				r.app = a
				return r.run(ctx, strings.Join(args, ""))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.to, "to", "", "the target (required)")
	flags.StringVar(&r.file, "file", "", "restore this dump file instead of a backup")
	flags.StringSliceVar(&r.tables, "tables", nil, "restore only these tables, as TABLE or SCHEMA.TABLE, separated by commas")
	flags.StringVar(&r.copy, "copy", "", "id of the copy to read (default: the fastest good one); show --json tells the ids")
	flags.BoolVar(&r.replace, "replace", false, "overwrite what the target holds")
	flags.BoolVar(&r.unsafe, "without-safety-backup", false, "with --replace: do not back up first what is overwritten")
	flags.StringVar(&r.yes, "yes", "", "the name of the target, in place of typing it")
	return cmd
}

// restorer restores what its flags say.
type restorer struct {
	flags               *flags
	app                 *app
	in                  io.Reader
	out                 io.Writer
	to, file, copy, yes string
	tables              []string
	replace, unsafe     bool
	// asks says that there is a person to ask.
	asks bool
}

func (r *restorer) run(ctx context.Context, id string) error {
	r.app.recoverRestores(ctx)
	req, err := r.request(ctx, id)
	if err != nil {
		return err
	}
	plan, err := r.app.restores.Plan(ctx, req)
	if err != nil {
		return err
	}
	if !r.flags.json {
		tellPlan(r.out, plan)
	}
	if req.Confirm, err = r.confirmed(plan); err != nil {
		return err
	}
	return r.carryOut(ctx, req)
}

// request makes a request of the flags. A file is received as an upload.
func (r *restorer) request(ctx context.Context, id string) (req models.RestoreRequest, err error) {
	req = models.RestoreRequest{DriveFileID: r.copy, Replace: r.replace, WithoutSafety: r.unsafe, Trigger: models.TriggerCLI}
	switch {
	case r.to == "":
		return req, models.Invalidf("say where the backup goes: --to original, --to SOURCE, --to SOURCE/NAME or --to file:PATH")
	case (id == "") == (r.file == ""):
		return req, models.Invalidf("say what is restored: the id of a backup, or a dump file with --file, and not both")
	}
	for _, text := range r.tables {
		t, err := models.ParseTableName(text)
		if err != nil {
			return req, err
		}
		req.Tables = append(req.Tables, t)
	}
	if req.Target, err = r.target(ctx); err != nil {
		return req, err
	}
	if r.file != "" {
		req.UploadID, err = r.receive(ctx)
		return req, err
	}
	b, err := r.app.findBackup(ctx, id)
	req.BackupID = b.ID
	return req, err
}

func (r *restorer) receive(ctx context.Context) (string, error) {
	f, err := os.Open(r.file)
	if err != nil {
		return "", models.Invalidf("%v: give --file a dump file that can be read", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	u, err := r.app.restores.Receive(ctx, filepath.Base(r.file), f)
	return u.ID, err
}

// ownSource is the word for the data source that a backup is of.
const ownSource = "original"

// target reads --to. The longest label that fits is meant, for a label may hold slashes.
func (r *restorer) target(ctx context.Context) (models.RestoreTarget, error) {
	if path, ok := strings.CutPrefix(r.to, "file:"); ok {
		whole, err := filepath.Abs(path)
		if err != nil || path == "" {
			return models.RestoreTarget{}, models.Invalidf("%q names no file: write file:PATH", r.to)
		}
		return models.RestoreTarget{Kind: models.TargetFile, Name: whole}, nil
	}
	sources, err := r.app.store.Sources(ctx)
	if err != nil {
		return models.RestoreTarget{}, err
	}
	return targetAmong(r.to, sources)
}

func targetAmong(to string, sources []models.Source) (models.RestoreTarget, error) {
	found, longest := models.RestoreTarget{}, -1
	for _, s := range append([]models.Source{{Label: ownSource}}, sources...) {
		name, isNew := strings.CutPrefix(to, s.Label+"/")
		switch {
		case s.RemovedAt != nil || len(s.Label) <= longest:
		case to == s.Label:
			found, longest = models.RestoreTarget{Kind: models.TargetSource, SourceID: s.ID}, len(s.Label)
		case isNew && name != "":
			found, longest = models.RestoreTarget{Kind: models.TargetNew, SourceID: s.ID, Name: name}, len(s.Label)
		}
	}
	if longest < 0 {
		return found, models.NotFoundf("there is no data source called %q in the configuration: write --to original, SOURCE, SOURCE/NAME or file:PATH", to)
	}
	return found, nil
}

// confirmed returns the target's name as a person or a flag gave it. What the service
// would refuse in any case is refused before anybody is asked.
func (r *restorer) confirmed(p models.RestorePlan) (string, error) {
	switch {
	case len(p.Problems) > 0:
		return "", models.Conflictf("the restore cannot be made: %s", strings.Join(p.Problems, "; "))
	case p.NeedsReplace && !r.replace:
		return "", models.Conflictf("%s is not empty: add --replace to overwrite it, or choose another target", plain(p.TargetName))
	case r.yes != "":
		return r.yes, nil
	case !r.asks:
		return "", models.Conflictf("there is nobody to ask whether this is right: add --yes %q", p.Confirm)
	}
	fmt.Fprintf(r.out, "\nType %s to go on: ", plain(p.Confirm))
	answer, err := bufio.NewReader(r.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimRight(answer, "\r\n"), nil
}

func (r *restorer) carryOut(ctx context.Context, req models.RestoreRequest) error {
	a := r.app
	begun, err := a.restores.Start(ctx, req)
	if err != nil {
		return err
	}
	now := begun
	look := func(ctx context.Context) (followed, error) {
		var err error
		now, err = a.store.Restore(ctx, begun.ID)
		return followed{phase: now.Phase, done: now.Done, total: now.Total, ended: now.Status.Settled()}, err
	}
	if err := a.follow(ctx, r.out, r.flags, look, func(ctx context.Context) error { return a.restores.Cancel(ctx, begun.ID) }); err != nil {
		return err
	}
	return r.report(now)
}

func (r *restorer) report(done models.Restore) error {
	if r.flags.json {
		if err := json.NewEncoder(r.out).Encode(api.NewRestore(done)); err != nil {
			return err
		}
	} else {
		tellRestored(r.out, done)
	}
	if done.Status != models.StatusFinished {
		return errSilent
	}
	return nil
}

func tellRestored(out io.Writer, r models.Restore) {
	if r.Status == models.StatusFinished {
		fmt.Fprintf(out, "restored %s in %s\n", plain(r.TargetName), r.RestoreTook.Round(time.Millisecond))
	} else {
		fmt.Fprintf(out, "failed: %s\n", indentLines(r.Error))
	}
	if r.SafetyBackupID != "" {
		fmt.Fprintf(out, "  what was there before: backup %s\n", r.SafetyBackupID)
	}
	if r.Warnings != "" {
		fmt.Fprintf(out, "  warning: %s\n", indentLines(r.Warnings))
	}
	fmt.Fprintf(out, "  restore: %s\n", r.ID)
}
