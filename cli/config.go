package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/services/config"
)

func newConfig(f *flags) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Look at the configuration"}
	cmd.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Check the configuration file, without connecting to anything",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.load("")
			if f.json {
				return printCheck(cmd.OutOrStdout(), c, err)
			}
			if err != nil {
				return err
			}
			return tellCheck(cmd.OutOrStdout(), c)
		},
	})
	cmd.AddCommand(newConfigExport(f))
	return cmd
}

func tellCheck(out io.Writer, c config.Config) error {
	for _, note := range c.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	name := c.File
	if name == "" {
		name = "no configuration file"
	}
	told := ""
	if n := len(c.Notifiers); n > 0 {
		told = ", " + count(n, "notifier")
	}
	_, err := fmt.Fprintf(out, "%s: good: %s, %s, %s%s\n", name, count(len(c.Sources), "data source"), count(len(c.Drives), "drive"), count(len(c.Jobs), "job"), told)
	return err
}

// checked is what a good configuration holds, in JSON.
type checked struct {
	// File is null when there is none.
	File                             *string
	Notes                            []string
	Sources, Drives, Jobs, Notifiers int
}

// mistakes are what is wrong with a configuration, in JSON.
type mistakes struct{ Errors config.Errors }

// printCheck tells a configuration or its mistakes; err is what loading it gave.
func printCheck(out io.Writer, c config.Config, err error) error {
	var wrong config.Errors
	switch {
	case errors.As(err, &wrong):
		if err := json.NewEncoder(out).Encode(mistakes{wrong}); err != nil {
			return err
		}
		return errSilent
	case err != nil:
		return err
	}
	good := checked{Notes: append([]string{}, c.Notes...), Sources: len(c.Sources), Drives: len(c.Drives), Jobs: len(c.Jobs), Notifiers: len(c.Notifiers)}
	if c.File != "" {
		good.File = &c.File
	}
	return json.NewEncoder(out).Encode(good)
}

// count puts a number before a word, in the plural where it is one.
func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
