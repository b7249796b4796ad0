package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/adopt"
	"github.com/backupman/backupman/web/api"
)

func newAdopt(f *flags) *cobra.Command {
	var readAll bool
	cmd := &cobra.Command{
		Use:   "adopt DRIVE",
		Short: "Take the backups on a drive into the catalogue, after a server was lost",
		Long: `Takes every backup on a drive that is not known into the catalogue. Manifests tell what
there is; a file without one is read whole and adopted unproven. Nothing on the drive
is changed, and doing it twice changes nothing. Do it for each drive: copies of one
backup come together. Ends with status 1 when a file could not be adopted, after all
others have been.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeDrives(anyDrive),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "drive.adopt", "drive "+args[0], func() error {
					return a.takeDrive(ctx, cmd.OutOrStdout(), f.json, args[0], readAll)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&readAll, "read-all", false, "also read every new copy whole and compare it with its manifest")
	return cmd
}

// takeDrive adopts a drive, and tells what is new or wrong at once.
func (a *app) takeDrive(ctx context.Context, out io.Writer, inJSON bool, label string, readAll bool) error {
	found, err := a.drivesToCheck(ctx, label)
	if err != nil {
		return err
	}
	o := adopt.Options{ReadAll: readAll}
	if !inJSON {
		o.Tell = func(f models.AdoptedFile) { tellAdopted(out, f) }
	}
	report, err := a.adopt.Adopt(ctx, found[0].row.ID, o)
	if err != nil {
		return err
	}
	if len(report.Files) == 0 {
		return models.NotFoundf("nothing on the drive %q looks like a backup: check that it is the place that the lost installation had, with the same folder or prefix", label)
	}
	if inJSON {
		err = json.NewEncoder(out).Encode(api.NewAdoption(report))
	} else {
		_, err = fmt.Fprintln(out, adoptionWords(report))
	}
	for _, f := range report.Files {
		if f.Problem != "" && err == nil {
			err = errSilent
		}
	}
	return err
}

func tellAdopted(out io.Writer, f models.AdoptedFile) {
	switch {
	case f.Problem != "":
		fmt.Fprintf(out, "NOT ADOPTED  %s: %s\n", plain(f.Key), plain(f.Problem))
	case f.New && !f.FromManifest:
		fmt.Fprintf(out, "unproven     %s, read whole because it has no manifest\n", plain(f.Key))
	case f.New && f.Sealed:
		fmt.Fprintf(out, "adopted      %s, encrypted: a drill or a restore with its key finds out what it holds\n", plain(f.Key))
	case f.New:
		fmt.Fprintf(out, "adopted      %s\n", plain(f.Key))
	}
}

// adoptionWords sums up what was found.
func adoptionWords(r models.AdoptReport) string {
	known, left := 0, 0
	for _, f := range r.Files {
		switch {
		case f.Problem != "":
			left++
		case !f.New:
			known++
		}
	}
	words := fmt.Sprintf("new: %d backups, %d copies; known before: %d copies", r.Backups, r.Copies, known)
	if left > 0 {
		words += fmt.Sprintf("; left out: %d files", left)
	}
	if r.Backups > 0 {
		words += "\nNone of the new ones is proven until a drill has restored it: backupman drill latest"
	}
	return words
}

// plain shows a name that somebody else chose. One that holds what a terminal would
// carry out, or that would not be seen, is quoted.
func plain(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}
