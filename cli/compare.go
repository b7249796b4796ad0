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
	"github.com/backupman/backupman/web/api"
)

func newCompare(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "compare ID [OTHER]",
		Short: "Tell how a backup differs from another one of its job",
		Long: `Tells how a backup differs from another one of its job, or from the finished one
before it: tables and other objects that were added, removed or changed, the largest
change first. Only manifests are read: no copy, and no database.`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: f.completeBackups(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.compare(ctx, cmd.OutOrStdout(), f.json, args[0], strings.Join(args[1:], ""))
			})
		},
	}
}

func (a *app) compare(ctx context.Context, out io.Writer, inJSON bool, id, other string) error {
	b, err := a.findBackup(ctx, id)
	if err != nil {
		return err
	}
	with, err := a.comparedWith(ctx, b, other)
	if err != nil {
		return err
	}
	pair, err := api.NewPair(b, with)
	if err != nil {
		return err
	}
	found, err := pair.Compare(ctx, a.store)
	if err != nil {
		return err
	}
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewComparison(found))
	}
	return tellComparison(out, pair, found)
}

// comparedWith returns the backup of an id, or the finished one of the job before.
func (a *app) comparedWith(ctx context.Context, b models.Backup, other string) (models.Backup, error) {
	if other != "" {
		return a.findBackup(ctx, other)
	}
	filter := models.BackupFilter{JobID: b.JobID, Status: models.StatusFinished}
	found, err := a.store.Backups(ctx, filter, models.Cursor{CreatedAt: b.CreatedAt, ID: b.ID}, 1)
	if err != nil {
		return models.Backup{}, err
	}
	if len(found) == 0 {
		return models.Backup{}, models.NotFoundf("%s has no finished backup before %s: name the one to compare it with", b.Label, b.ID)
	}
	return found[0], nil
}

func tellComparison(out io.Writer, pair api.Pair, c models.Comparison) error {
	head := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(head, "before:\t%s\t%s\t%d rows\t%s\n", pair.Before.ID, pair.Before.CreatedAt.Format("2006-01-02 15:04:05Z"), c.RowsBefore, size(c.BytesBefore))
	fmt.Fprintf(head, "after:\t%s\t%s\t%d rows\t%s\n", pair.After.ID, pair.After.CreatedAt.Format("2006-01-02 15:04:05Z"), c.RowsAfter, size(c.BytesAfter))
	if err := head.Flush(); err != nil {
		return err
	}
	if len(c.Tables)+len(c.Objects) == 0 {
		fmt.Fprintln(out, "\nNo difference was found.")
	}
	if err := tellTables(out, c.Tables); err != nil {
		return err
	}
	if err := tellObjects(out, c.Objects); err != nil {
		return err
	}
	if c.Equal > 0 {
		fmt.Fprintf(out, "\n%d tables hold the same rows in both.\n", c.Equal)
	}
	for _, note := range c.Notes {
		fmt.Fprintf(out, "\nnote: %s\n", plain(note))
	}
	return nil
}

func tellTables(out io.Writer, changes []models.TableChange) error {
	if len(changes) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "\nTABLE\tCHANGE\tROWS BEFORE\tROWS AFTER\tSIZE BEFORE\tSIZE AFTER")
	for _, t := range changes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", plain(t.String()), changeWords(t), onlyIf(t.Kind != models.Added, fmt.Sprint(t.RowsBefore)),
			onlyIf(t.Kind != models.Removed, fmt.Sprint(t.RowsAfter)), onlyIf(t.Kind != models.Added, size(t.BytesBefore)), onlyIf(t.Kind != models.Removed, size(t.BytesAfter)))
	}
	return table.Flush()
}

// changeWords says what happened to a table.
func changeWords(t models.TableChange) string {
	words := string(t.Kind)
	if t.SameRows {
		words = "other values"
	}
	if t.Definition {
		return words + ", made in another way"
	}
	return words
}

func onlyIf(there bool, text string) string {
	if there {
		return text
	}
	return "-"
}

func tellObjects(out io.Writer, changes []models.ObjectChange) error {
	if len(changes) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "\nOBJECT\tNAME\tCHANGE")
	for _, o := range changes {
		name := models.TableName{Schema: o.Object.Schema, Name: o.Object.Name}
		fmt.Fprintf(table, "%s\t%s\t%s\n", plain(string(o.Object.Kind)), plain(name.String()), o.Kind)
	}
	return table.Flush()
}
