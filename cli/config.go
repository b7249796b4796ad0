package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newConfig(f *flags) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Look at the configuration"}
	cmd.AddCommand(&cobra.Command{
		Use:   "check",
		Short: "Check the configuration file, without connecting to anything",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.load("")
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, note := range c.Notes {
				fmt.Fprintf(out, "note: %s\n", note)
			}
			name := c.File
			if name == "" {
				name = "no configuration file"
			}
			_, err = fmt.Fprintf(out, "%s: good: %d data sources, %d drives, %d jobs\n", name, len(c.Sources), len(c.Drives), len(c.Jobs))
			return err
		},
	})
	return cmd
}
