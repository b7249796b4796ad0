// Package cli is the command line: one file per command, and wire.go, which puts
// the services together. Exit status 0 means that the thing asked for happened.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// flags are the ones every command takes.
type flags struct {
	config string
	data   string
	json   bool
}

// errSilent ends a command with status 1 after it has said everything itself.
var errSilent = errors.New("")

// Main runs the command line and returns the process's exit status.
func Main(args []string, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSilent):
	default:
		fmt.Fprintf(errOut, "backupman: %v\n", err)
	}
	return 1
}

func newRoot() *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use:           "backupman",
		Short:         "Keeps databases restorable",
		Long:          "Backupman dumps MySQL, MariaDB, PostgreSQL and SQLite databases on a schedule,\nkeeps copies on drives, and proves that each restores.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVarP(&f.config, "config", "c", "", "configuration file (default: config.yaml when it is there)")
	root.PersistentFlags().StringVar(&f.data, "data", "", "data folder (default: ./data)")
	root.PersistentFlags().BoolVar(&f.json, "json", false, "answer in JSON")
	root.AddCommand(newServe(f), newDemo(f), newRun(f), newJobs(f), newPause(f), newResume(f),
		newList(f), newShow(f), newRetry(f), newHeal(f), newCancel(f), newDelete(f), newVerify(f), newRestore(f), newDrill(f), newCompare(f), newAlarms(f),
		newKit(f), newPrune(f), newPin(f), newUnpin(f), newAdopt(f),
		newUser(f), newAPIKey(f), newSecret(f), newAudit(f), newClaim(f),
		newDrives(f), newTrust(f), newDoctor(f), newAuthGoogle(f), newConfig(f), newHealth(f), newVersion(f))
	sayHowToWrite(root)
	return root
}

// sayHowToWrite makes every command that gets too few or too many arguments say how it
// is written.
func sayHowToWrite(cmd *cobra.Command) {
	if fits := cmd.Args; fits != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if fits(cmd, args) == nil {
				return nil
			}
			return fmt.Errorf("%s is written like this: %s", cmd.Name(), cmd.UseLine())
		}
	}
	for _, sub := range cmd.Commands() {
		sayHowToWrite(sub)
	}
}
