package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// keyTime bounds how long a server may take to show its key.
const keyTime = 30 * time.Second

func newTrust(f *flags) *cobra.Command {
	t := &truster{flags: f}
	cmd := &cobra.Command{
		Use:   "trust DRIVE",
		Short: "Accept the key of a drive's server, after comparing it",
		Long: `Shows the fingerprint of the key of a drive's server and asks whether it is the right
one. Compare it with what the server's owner tells you, or with what ssh-keygen -lf
says of the files /etc/ssh/ssh_host_*_key.pub on the server itself. Nothing is sent to
a server before its key is trusted. Scripts give the right one with --fingerprint.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeDrives(trustable),
		RunE: func(cmd *cobra.Command, args []string) error {
			t.in, t.out = cmd.InOrStdin(), cmd.OutOrStdout()
			t.asks = isTerminal(t.in)
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return t.run(ctx, a, args[0])
			})
		},
	}
	cmd.Flags().StringVar(&t.fingerprint, "fingerprint", "", "trust only a key with this fingerprint, such as SHA256:…, without asking")
	return cmd
}

// truster lets a person, or a script that knows, decide about a key.
type truster struct {
	flags       *flags
	fingerprint string
	in          io.Reader
	out         io.Writer
	// asks says that there is a person to ask.
	asks bool
}

func (t *truster) run(ctx context.Context, a *app, label string) error {
	row, err := a.store.DriveByLabel(ctx, label)
	if err != nil {
		return err
	}
	opened, _, err := a.catalog.OpenDrive(ctx, row.ID)
	if err != nil {
		return err
	}
	server, ok := drive.As[drive.Truster](opened)
	if !ok {
		return models.Invalidf("the drive %q has no server whose key could be trusted", label)
	}
	within, cancel := context.WithTimeout(ctx, keyTime)
	defer cancel()
	key, err := server.HostKey(within)
	if err != nil {
		return err
	}
	return t.decide(label, server, key)
}

// decide trusts a key once a person or the flag has said that it is the right one.
func (t *truster) decide(label string, server drive.Truster, key drive.HostKey) error {
	if t.fingerprint != "" && t.fingerprint != key.Fingerprint {
		return models.Conflictf("the server %s of drive %q shows the key %s, and not %s: nothing was trusted", key.Host, label, key.Fingerprint, t.fingerprint)
	}
	if key.Known {
		return t.tell(label, key, "was trusted already")
	}
	if t.fingerprint == "" {
		if err := t.ask(label, key); err != nil {
			return err
		}
	}
	if err := server.Trust(key); err != nil {
		return err
	}
	return t.tell(label, key, "is trusted now")
}

// ask returns nil only when a person has typed yes.
func (t *truster) ask(label string, key drive.HostKey) error {
	if !t.asks || t.flags.json {
		return models.Conflictf("the server %s of drive %q shows the key %s, and there is nobody to ask whether it is the right one: compare it, and run: backupman trust %q --fingerprint %s",
			key.Host, label, key.Fingerprint, label, key.Fingerprint)
	}
	fmt.Fprintf(t.out, "The server %s of drive %q shows a key with the fingerprint\n\n  %s\n\nIs this the fingerprint of your server? Type yes: ", key.Host, label, key.Fingerprint)
	answer, err := bufio.NewReader(t.in).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return models.Conflictf("the answer was not yes: nothing was trusted")
	}
	return nil
}

// trusted says in JSON which key is trusted.
type trusted struct{ Drive, Host, Fingerprint string }

func (t *truster) tell(label string, key drive.HostKey, how string) error {
	if t.flags.json {
		return json.NewEncoder(t.out).Encode(trusted{Drive: label, Host: key.Host, Fingerprint: key.Fingerprint})
	}
	_, err := fmt.Fprintf(t.out, "The key %s of %s %s. See whether the drive works: backupman drives check %q\n", key.Fingerprint, key.Host, how, label)
	return err
}
