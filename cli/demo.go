package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/sample"
)

// demoConfig is the configuration of the demo, which stays for people to look at
// and to change.
const demoConfig = `# Written by "backupman demo". Change it and the running server follows.
accounts: {enabled: false}
data_sources:
  - {provider: sqlite, label: shop, db_path: %q}
drives:
  - {provider: local, label: backups, folder: %q}
jobs:
  - label: shop-hourly
    data_source: shop
    drives: [backups]
    cron: "0 * * * *"
    drill: {after_backup: true}
  - label: shop-nightly
    data_source: shop
    drives: [backups]
    cron: "0 3 * * *"
    compression: gzip
`

const demoJob = "shop-hourly"

func newDemo(f *flags) *cobra.Command {
	var once bool
	var listen string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Back a sample database up, prove it, and show the dashboard",
		Long: `Makes a sample shop database in SQLite, a local drive and two jobs, makes the first
backup, proves it by restoring it into a scratch database and comparing every table
with the manifest, says where the file is and how to restore it by hand, and then
serves the dashboard.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd, f, once, listen)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after the first proven backup")
	cmd.Flags().StringVar(&listen, "listen", "", "address to listen on (default: 127.0.0.1:8080)")
	return cmd
}

func runDemo(cmd *cobra.Command, f *flags, once bool, listen string) (err error) {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	dir, err := filepath.Abs(orDefault(f.data, "demo"))
	if err != nil {
		return fmt.Errorf("find the demo's folder: %w", err)
	}
	own := flags{config: filepath.Join(dir, "config.yaml"), data: filepath.Join(dir, "data")}
	if err := prepareDemo(ctx, out, dir, own.config); err != nil {
		return err
	}
	c, err := own.load(listen)
	if err != nil {
		return err
	}
	c.Accounts.Enabled = false // also in a configuration that an earlier version wrote
	log := quietLog(cmd.ErrOrStderr())
	mode := serving
	if once {
		mode = running
	}
	a, err := openApp(ctx, c, mode, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	a.gallery = true
	if err := a.firstBackup(ctx, out); err != nil || once {
		return err
	}
	return a.serve(ctx, out, own.loadOptions(listen), nil, nil)
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// prepareDemo makes what is not there yet; what a person changed stays.
func prepareDemo(ctx context.Context, out io.Writer, dir, configFile string) error {
	shop := filepath.Join(dir, "shop.db")
	if _, err := os.Stat(shop); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(out, "Making a sample shop database … %s\n", shop)
	}
	if err := sample.Shop(ctx, shop, time.Now()); err != nil {
		return err
	}
	if _, err := os.Stat(configFile); err == nil {
		return nil
	}
	// Only "${" would be taken for a variable.
	quote := func(path string) string { return strings.ReplaceAll(path, "${", "$${") }
	text := fmt.Sprintf(demoConfig, quote(shop), quote(filepath.Join(dir, "backups")))
	if err := os.WriteFile(configFile, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the demo's configuration: %w", err)
	}
	return nil
}

// firstBackup makes one backup, drills it, and tells a person what to do with it.
func (a *app) firstBackup(ctx context.Context, out io.Writer) error {
	a.settleRuns(ctx)
	if err := a.backups.Recover(ctx); err != nil {
		return err
	}
	job, err := a.store.JobByLabel(ctx, demoJob)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Backing it up …\n")
	b, err := a.queue(ctx, job)
	if err != nil {
		return err
	}
	if b, err = a.backups.Run(ctx, b.ID); err != nil {
		return err
	}
	if b.Status != models.StatusFinished {
		return fmt.Errorf("the backup failed: %s", b.Error)
	}
	return a.tellProof(ctx, out, b)
}

func (a *app) tellProof(ctx context.Context, out io.Writer, b models.Backup) error {
	drills, err := a.store.Drills(ctx, b.ID)
	if err != nil {
		return err
	}
	if len(drills) == 0 || drills[0].Outcome != models.DrillProven {
		reason := "no drill was made"
		if len(drills) > 0 {
			reason = drills[0].Reason
		}
		return fmt.Errorf("the backup is not proven: %s", reason)
	}
	path := *b.DriveFiles[0].Path
	restored := strings.TrimSuffix(filepath.Base(path), ".zst")
	fmt.Fprintf(out, "Proven in %s: %s\n\n", drills[0].Duration.Round(time.Millisecond), drills[0].Reason)
	fmt.Fprintf(out, "The backup:         %s (%s)\n", path, size(b.Size))
	fmt.Fprintf(out, "Restore it by hand: zstd -d %s -o %s\n", shellWord(path), shellWord(restored))
	fmt.Fprintf(out, "Its configuration:  %s\n\n", a.config.File)
	return nil
}

// shellWord quotes a word for a POSIX shell where it needs to be.
func shellWord(word string) string {
	if !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("/._-+:@%", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
