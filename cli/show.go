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
	"github.com/backupman/backupman/services/agekey"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/web/api"
)

func newShow(f *flags) *cobra.Command {
	var withLog bool
	cmd := &cobra.Command{
		Use:               "show ID",
		Short:             "Show one backup, with its copies, its content and its log",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeBackups(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				if err := a.backups.SettleDead(ctx); err != nil {
					a.log.Warn("left-overs of an earlier run are not all settled", "error", err)
				}
				b, err := a.findBackup(ctx, args[0])
				if err != nil {
					return err
				}
				if f.json {
					return printBackup(cmd.OutOrStdout(), b)
				}
				return a.show(ctx, cmd.OutOrStdout(), b, withLog)
			})
		},
	}
	cmd.Flags().BoolVar(&withLog, "log", false, "also print the run's log")
	return cmd
}

func printBackup(out io.Writer, b models.Backup) error {
	return json.NewEncoder(out).Encode(api.NewBackup(b))
}

// findBackup takes an id, or "latest" for the newest backup.
func (a *app) findBackup(ctx context.Context, id string) (models.Backup, error) {
	if id == "latest" {
		found, err := a.store.Backups(ctx, models.BackupFilter{}, models.Cursor{}, 1)
		if err != nil {
			return models.Backup{}, err
		}
		if len(found) == 0 {
			return models.Backup{}, models.NotFoundf("there is no backup yet: make one with: backupman run JOB --wait")
		}
		return found[0], nil
	}
	if err := models.CheckID(id); err != nil {
		return models.Backup{}, err
	}
	return a.store.Backup(ctx, id)
}

func (a *app) show(ctx context.Context, out io.Writer, b models.Backup, withLog bool) error {
	fmt.Fprintf(out, "%s  %s  %s\n", b.ID, b.Label, statusWord(b))
	if !b.Status.Settled() {
		fmt.Fprintf(out, "phase:    %s, %s dumped, %s packed\n", b.Phase, size(b.RawSize), size(b.Size))
	}
	if b.Error != "" {
		fmt.Fprintf(out, "error:    %s\n", b.Error)
	}
	if b.Warnings != "" {
		fmt.Fprintf(out, "warning:  %s\n", indentLines(b.Warnings))
	}
	fmt.Fprintf(out, "created:  %s\n", b.CreatedAt.Format(time.RFC3339))
	switch {
	case !b.Pinned(models.Now()):
	case b.PinnedUntil == nil:
		fmt.Fprintln(out, "pinned:   for ever")
	default:
		fmt.Fprintf(out, "pinned:   until %s\n", b.PinnedUntil.UTC().Format(time.RFC3339))
	}
	if err := a.showCopies(ctx, out, b); err != nil {
		return err
	}
	if err := a.showContent(ctx, out, b); err != nil {
		return err
	}
	if !withLog {
		return nil
	}
	text, err := a.store.LogText(ctx, b.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n%s", text)
	return err
}

// showCopies names the drive of each copy: two may be of one kind.
func (a *app) showCopies(ctx context.Context, out io.Writer, b models.Backup) error {
	for _, f := range b.DriveFiles {
		d, err := a.store.Drive(ctx, f.DriveID)
		if err != nil {
			return fmt.Errorf("find the drive of a copy: %w", err)
		}
		fmt.Fprintf(out, "copy:     %s, %s: %s\n", d.Label, f.Status, placeOf(d, f))
		if f.Unread() {
			fmt.Fprintf(out, "          could not be read since %s (readings that failed: %d), though the drive works: %s\n",
				f.UnreadSince.UTC().Format(time.RFC3339), f.Unreads, drives.OwnWords(f.UnreadError, d.Label))
		}
		if f.LockedUntil != nil && f.LockedUntil.After(models.Now()) {
			fmt.Fprintf(out, "          locked until %s: it cannot be deleted before\n", f.LockedUntil.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

func placeOf(d models.Drive, f models.DriveFile) string {
	switch {
	case f.Error != "":
		return drives.OwnWords(f.Error, d.Label)
	case f.Path != nil:
		return *f.Path
	default:
		return f.Label
	}
}

func (a *app) showContent(ctx context.Context, out io.Writer, b models.Backup) error {
	m, err := a.store.Manifest(ctx, b.ID)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "file:     %s, %s, SHA-256 %s\n", m.File.Name, size(m.File.Size), m.File.SHA256)
	if m.File.Encryption != "" {
		fmt.Fprintf(out, "locked:   %s\n", lockWords(m.File))
	}
	fmt.Fprintf(out, "holds:    %s, %s, made by %s %s from %s\n", holdsWords(m.Hidden(), m.Inventory),
		size(m.File.RawSize), m.Inventory.Tool, m.Inventory.ToolVersion, orUnknown(m.Inventory.ServerVersion))
	drills, err := a.store.Drills(ctx, b.ID)
	if err != nil {
		return err
	}
	for _, d := range drills {
		fmt.Fprintf(out, "drill:    %s at %s in %s: %s\n", d.Outcome, d.CreatedAt.Format(time.RFC3339), d.Duration.Round(time.Millisecond), d.Reason)
	}
	return nil
}

// lockWords say what opens an encrypted file.
func lockWords(f models.FileFacts) string {
	if len(f.Recipients) == 0 {
		return "encrypted with age; a passphrase opens it"
	}
	var keys []string
	for _, r := range f.Recipients {
		keys = append(keys, agekey.Short(r))
	}
	return "encrypted with age to " + strings.Join(keys, ", ")
}

func orUnknown(version string) string {
	if version == "" {
		return "a server of unknown version"
	}
	return "version " + version
}
