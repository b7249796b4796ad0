package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/store"
)

func newConfigExport(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print what is set up on pages as a configuration file would say it",
		Long: `Prints the sources, drives and jobs that were set up on pages in the form of the
configuration file. Secrets are references to the stored ones, ${secret:NAME}. Put into
the file, it wins over the pages. Notifiers have another form there, and are left out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.load("")
			if err != nil {
				return err
			}
			items, err := setUpOnPages(cmd.Context(), c)
			if err != nil {
				return err
			}
			return export(cmd.OutOrStdout(), items)
		},
	}
}

// setUpOnPages returns what the metadata database has; nothing where there is no data
// folder yet, because asking would make one.
func setUpOnPages(ctx context.Context, c config.Config) ([]models.PlanItem, error) {
	if _, err := os.Stat(c.Data); err != nil {
		return nil, nil
	}
	s, err := store.Open(ctx, storeConfig(c.Database), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	items, err := s.PlanItems(ctx)
	return items, errors.Join(err, s.Close())
}

func export(out io.Writer, items []models.PlanItem) error {
	text, err := config.Export(items)
	if err != nil {
		return err
	}
	if len(text) == 0 {
		_, err = fmt.Fprintln(out, "# nothing is set up on pages")
		return err
	}
	_, err = out.Write(text)
	return err
}
