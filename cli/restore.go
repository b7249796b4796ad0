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

// restoreFlags are what the command takes.
type restoreFlags struct {
	to, file, only, yes string
	tables              []string
	replace, unsafe     bool
	planOnly            bool
	key                 unlockFlags
}

func newRestore(f *flags) *cobra.Command {
	var r restoreFlags
	cmd := &cobra.Command{
		Use:   "restore [ID]",
		Short: "Restore a backup, or some of its tables",
		Long: `Restores a backup, or the dump in --file. --to says where to:

  original          the database that the backup is of
  SOURCE            the database of another data source
  SOURCE/DATABASE   a new database on that data source's server
  file:PATH         a new file that gets the unpacked dump

The copy is read whole and compared, and the dump in it is read to its end, before
the target is touched. What is there is only replaced with --replace, and is backed up
first. The plan is shown, and the target's name must be typed, or given with --yes.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 0) == (r.file == "") {
				return models.Invalidf("name the backup to restore, or a dump file with --file")
			}
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				if r.planOnly {
					return a.restore(ctx, cmd.InOrStdin(), cmd.OutOrStdout(), f, r, args)
				}
				return a.audited(ctx, "restore.start", a.restored(ctx, r, args), func() error {
					return a.restore(ctx, cmd.InOrStdin(), cmd.OutOrStdout(), f, r, args)
				})
			})
		},
	}
	cmd.Flags().StringVar(&r.to, "to", "", "original, SOURCE, SOURCE/DATABASE or file:PATH")
	cmd.Flags().StringVar(&r.file, "file", "", "restore this dump file in place of a backup")
	cmd.Flags().StringVar(&r.only, "copy", "", "id of the copy to read (default: the fastest good one)")
	cmd.Flags().StringArrayVar(&r.tables, "table", nil, "restore only this table, TABLE or SCHEMA.TABLE; may be given again")
	cmd.Flags().BoolVar(&r.replace, "replace", false, "overwrite what is in the target")
	cmd.Flags().BoolVar(&r.unsafe, "without-safety-backup", false, "do not back up what is overwritten")
	cmd.Flags().BoolVar(&r.planOnly, "plan", false, "only show what would be done")
	cmd.Flags().StringVar(&r.yes, "yes", "", "the target's name, in place of being asked for it")
	r.key.add(cmd)
	_ = cmd.MarkFlagRequired("to")
	_ = cmd.RegisterFlagCompletionFunc("to", f.completeTargets)
	return cmd
}

// restored says what is restored to where, for the audit log.
func (a *app) restored(ctx context.Context, r restoreFlags, args []string) string {
	what := "the dump file " + r.file
	if len(args) > 0 {
		what = "backup " + args[0]
		if b, err := a.findBackup(ctx, args[0]); err == nil {
			what = "backup " + b.ID + " of " + b.Label
		}
	}
	return what + " into " + r.to
}

func (a *app) restore(ctx context.Context, in io.Reader, out io.Writer, f *flags, r restoreFlags, args []string) error {
	a.settleRuns(ctx)
	req, err := a.restoreRequest(ctx, in, out, f, r, args)
	if err != nil {
		return err
	}
	if req.UploadID != "" {
		defer func() { _ = a.restores.RemoveUpload(context.WithoutCancel(ctx), req.UploadID) }()
	}
	plan, err := a.restores.Plan(ctx, req)
	if err != nil {
		return err
	}
	switch {
	case f.json && r.planOnly:
		return json.NewEncoder(out).Encode(api.NewRestorePlan(plan))
	case !f.json:
		describePlan(out, plan)
	}
	if r.planOnly {
		return nil
	}
	if err := unasked(plan); err != nil {
		return err
	}
	if req.Confirm, err = confirmed(in, out, r.yes, plan); err != nil {
		return err
	}
	return a.carryOutRestore(ctx, out, f, req)
}

// restoreRequest makes a request of what was typed.
func (a *app) restoreRequest(ctx context.Context, in io.Reader, out io.Writer, f *flags, r restoreFlags, args []string) (models.RestoreRequest, error) {
	req := models.RestoreRequest{DriveFileID: r.only, Replace: r.replace, WithoutSafety: r.unsafe, Trigger: models.TriggerCLI}
	for _, text := range r.tables {
		name, err := models.ParseTableName(text)
		if err != nil {
			return req, err
		}
		req.Tables = append(req.Tables, name)
	}
	var err error
	if req.Target, err = a.restoreTarget(ctx, r.to); err != nil {
		return req, err
	}
	if len(args) > 0 {
		b, err := a.findBackup(ctx, args[0])
		if err != nil {
			return req, err
		}
		req.BackupID = b.ID
		req.Unlock, err = a.unlockFor(ctx, in, out, r.key, b)
		return req, err
	}
	if req.Target.Kind != models.TargetFile && req.Target.SourceID == "" {
		return req, models.Invalidf("a dump file has no original: name the data source to restore to with --to SOURCE or --to SOURCE/DATABASE")
	}
	if req.Unlock, err = r.key.read(ctx, in); err != nil {
		return req, err
	}
	req.UploadID, err = a.takeFile(ctx, out, f, r.file, req.Unlock)
	return req, err
}

// restoreTarget reads --to. A label with a slash of its own wins over a new database.
func (a *app) restoreTarget(ctx context.Context, to string) (models.RestoreTarget, error) {
	if path, ok := strings.CutPrefix(to, "file:"); ok {
		return fileTarget(path)
	}
	if to == "original" {
		return models.RestoreTarget{Kind: models.TargetSource}, nil
	}
	row, err := a.store.SourceByLabel(ctx, to)
	if err == nil {
		return models.RestoreTarget{Kind: models.TargetSource, SourceID: row.ID}, nil
	}
	label, name, ok := strings.Cut(to, "/")
	if !errors.Is(err, models.ErrNotFound) || !ok {
		return models.RestoreTarget{}, err
	}
	row, err = a.store.SourceByLabel(ctx, label)
	return models.RestoreTarget{Kind: models.TargetNew, SourceID: row.ID, Name: name}, err
}

// fileTarget takes a path as people write it, relative to where they are.
func fileTarget(path string) (models.RestoreTarget, error) {
	if path == "" {
		return models.RestoreTarget{}, models.Invalidf("name the file to make, as in --to file:dump.sql")
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return models.RestoreTarget{}, fmt.Errorf("find the file %s: %w", path, err)
	}
	return models.RestoreTarget{Kind: models.TargetFile, Name: whole}, nil
}

// takeFile reads a dump file as an upload.
func (a *app) takeFile(ctx context.Context, out io.Writer, f *flags, path string, unlock models.Unlock) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", models.NotFoundf("the file %s can't be read: %v", path, errors.Unwrap(err))
	}
	defer file.Close()
	if !f.json {
		fmt.Fprintf(out, "reading %s\n", path)
	}
	u, err := a.restores.Receive(ctx, filepath.Base(path), unlock, file)
	return u.ID, err
}

// describePlan tells what would be done.
func describePlan(out io.Writer, p models.RestorePlan) {
	fmt.Fprintf(out, "restore:  %s, %s, %s\n", p.Label, holdsWords(p.Hidden, p.Inventory), size(p.RawSize))
	if len(p.Request.Tables) > 0 {
		names := make([]string, 0, len(p.Request.Tables))
		for _, t := range p.Request.Tables {
			names = append(names, t.String())
		}
		fmt.Fprintf(out, "tables:   %s\n", strings.Join(names, ", "))
	}
	for _, c := range p.Copies {
		if c.DriveFileID == p.Request.DriveFileID || c.Proposed && p.Request.DriveFileID == "" {
			fmt.Fprintf(out, "from:     %s (%s)\n", c.Drive, c.Why)
		}
	}
	fmt.Fprintf(out, "to:       %s\n", p.TargetName)
	describeTarget(out, p)
	for _, w := range p.Warnings {
		fmt.Fprintf(out, "warning:  %s\n", w)
	}
	for _, problem := range p.Problems {
		fmt.Fprintf(out, "problem:  %s\n", problem)
	}
	if p.Locked != "" {
		fmt.Fprintf(out, "problem:  %s\n", p.Locked)
	}
}

// holdsWords counts what a dump holds.
func holdsWords(hidden bool, inv models.Inventory) string {
	if hidden {
		return "what it holds is not known without the key"
	}
	return count(len(inv.Tables), "table") + ", " + count(int(inv.Rows()), "row")
}

// describeTarget tells what is there now, and what becomes of it.
func describeTarget(out io.Writer, p models.RestorePlan) {
	if p.Request.Target.Kind == models.TargetFile || p.Target.Empty() {
		return
	}
	age := ""
	if p.Target.ChangedAt != nil {
		age = ", last changed " + p.Target.ChangedAt.UTC().Format(time.RFC3339)
	}
	fmt.Fprintf(out, "there:    %s, %s%s\n", count(len(p.Target.Tables), "table"), size(p.Target.Size), age)
	for _, t := range p.Overwrites {
		fmt.Fprintf(out, "          %s would be overwritten (%s)\n", t.TableName, size(t.Bytes))
	}
	switch {
	case !p.NeedsReplace || len(p.Problems) > 0:
	case !p.Request.Replace:
		fmt.Fprintln(out, "problem:  this is only overwritten with --replace")
	case p.Request.WithoutSafety:
		fmt.Fprintln(out, "safety:   none, as asked")
	case p.SafetyJob != "":
		fmt.Fprintf(out, "safety:   job %s backs it up first\n", p.SafetyJob)
	default:
		fmt.Fprintf(out, "problem:  %s: only --without-safety-backup overwrites it\n", p.NoSafety)
	}
}

// unasked refuses a restore for which a flag is missing, before a person types the name.
// A new database that is there already is a problem of its own.
func unasked(p models.RestorePlan) error {
	switch {
	case p.Locked != "":
		return models.Conflictf("%s", p.Locked)
	case !p.NeedsReplace || len(p.Problems) > 0:
		return nil
	case !p.Request.Replace:
		return models.Conflictf("%s is not empty, and is only overwritten with --replace: give that, or restore into a new database with --to SOURCE/DATABASE", p.TargetName)
	case p.SafetyJob == "" && !p.Request.WithoutSafety:
		return models.Conflictf("%s: back it up by hand, and give --without-safety-backup", p.NoSafety)
	}
	return nil
}

// confirmed returns the target's name as a person gave it.
func confirmed(in io.Reader, out io.Writer, yes string, p models.RestorePlan) (string, error) {
	if yes != "" || len(p.Problems) > 0 {
		return yes, nil
	}
	if !isTerminal(in) {
		return "", models.Invalidf("to confirm, give the target's name: --yes %s", shellWord(p.Confirm))
	}
	fmt.Fprintf(out, "Type %s to go on: ", p.Confirm)
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func (a *app) carryOutRestore(ctx context.Context, out io.Writer, f *flags, req models.RestoreRequest) error {
	began := models.Now()
	stop := a.followRun(ctx, out, f, func(ctx context.Context) (models.RestorePhase, int64, int64, error) {
		found, err := a.store.Restores(ctx, models.RestoreFilter{BackupID: req.BackupID, Status: models.StatusPending}, models.Cursor{}, 1)
		if err != nil || len(found) == 0 || found[0].CreatedAt.Before(began) {
			return "", 0, 0, errors.Join(err, models.ErrNotFound)
		}
		return found[0].Phase, found[0].Done, found[0].Total, nil
	})
	r, err := a.restores.Run(ctx, req)
	stop()
	if err != nil {
		return err
	}
	if f.json {
		err = json.NewEncoder(out).Encode(api.NewRestore(r))
	} else {
		describeRestore(out, r)
	}
	if err == nil && r.Status != models.StatusFinished {
		err = errSilent
	}
	return err
}

// describeRestore tells how a restore ended.
func describeRestore(out io.Writer, r models.Restore) {
	if r.Status == models.StatusFinished {
		fmt.Fprintf(out, "restored into %s in %s\n", r.TargetName, r.RestoreTook.Round(time.Millisecond))
	} else {
		fmt.Fprintf(out, "failed: %s\n", r.Error)
	}
	if r.SafetyBackupID != "" {
		fmt.Fprintf(out, "  what was there before is backup %s\n", r.SafetyBackupID)
	}
	if r.Warnings != "" {
		fmt.Fprintf(out, "  warning: %s\n", indentLines(r.Warnings))
	}
}
