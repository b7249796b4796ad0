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

// rekeyed is a server that tells which of its keys are trusted already.
type rekeyed interface {
	EarlierKeys() ([]drive.EarlierKey, error)
}

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
a server before its key is trusted. When another key was trusted before, it says so and
shows both: somebody may stand between you and the server. Scripts give the right one with --fingerprint.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeDrives(trustable),
		RunE: func(cmd *cobra.Command, args []string) error {
			t.in, t.out = cmd.InOrStdin(), cmd.OutOrStdout()
			t.asks = isTerminal(t.in)
			return withApp(cmd, f, running, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "drive.trust", "drive "+args[0], func() error { return t.run(ctx, a, args[0]) })
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
	earlier, err := earlierKeys(server)
	if err != nil {
		return err
	}
	if t.fingerprint == "" {
		if err := t.ask(label, key, earlier); err != nil {
			return err
		}
	}
	if err := server.Trust(key); err != nil {
		return err
	}
	if err := t.tell(label, key, "is trusted now"); err != nil {
		return err
	}
	return t.warn(key, earlier)
}

// earlierKeys returns what was trusted before; none at a first key.
func earlierKeys(server drive.Truster) ([]drive.EarlierKey, error) {
	if s, ok := server.(rekeyed); ok {
		return s.EarlierKeys()
	}
	return nil, nil
}

// ask returns nil only when a person has typed yes.
func (t *truster) ask(label string, key drive.HostKey, earlier []drive.EarlierKey) error {
	if !t.asks || t.flags.json {
		return models.Conflictf("the server %s of drive %q shows %s, and there is nobody to ask whether it is the right one: compare it, and run: backupman trust %q --fingerprint %s",
			key.Host, label, shownKey(key, earlier), label, key.Fingerprint)
	}
	fmt.Fprint(t.out, question(label, key, earlier))
	answer, err := bufio.NewReader(t.in).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("read the answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return models.Conflictf("the answer was not yes: nothing was trusted")
	}
	return nil
}

// shownKey is the key in a sentence that says when it is not the one of before.
func shownKey(key drive.HostKey, earlier []drive.EarlierKey) string {
	if len(earlier) == 0 {
		return "the key " + key.Fingerprint
	}
	return fmt.Sprintf("ANOTHER key than before, %s and not %s (somebody may stand between you and the server)", key.Fingerprint, earlier[0].Fingerprint)
}

// question asks about a key. Who is used to say yes to a first key must see that this
// is none.
func question(label string, key drive.HostKey, earlier []drive.EarlierKey) string {
	if len(earlier) == 0 {
		return fmt.Sprintf("The server %s of drive %q shows a key with the fingerprint\n\n  %s\n\nIs this the fingerprint of your server? Type yes: ", key.Host, label, key.Fingerprint)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "WARNING: the server %s of drive %q shows ANOTHER key than the one that was trusted before.\nSomebody may stand between you and the server. Trusted before:\n\n", key.Host, label)
	for _, old := range earlier {
		fmt.Fprintf(&b, "  %s (%s)\n", old.Fingerprint, old.Where)
	}
	fmt.Fprintf(&b, "\nShown now:\n\n  %s\n\nGo on only when the server's owner confirms that its key was changed, and to this one.\nHas the owner confirmed it? Type yes: ", key.Fingerprint)
	return b.String()
}

// warn names the old keys that a person has to remove.
func (t *truster) warn(key drive.HostKey, earlier []drive.EarlierKey) error {
	for _, old := range earlier {
		if !old.Stays || t.flags.json {
			continue
		}
		if _, err := fmt.Fprintf(t.out, "The old key %s of %s is trusted too as long as it stands in %s: remove it there.\n", old.Fingerprint, key.Host, old.Where); err != nil {
			return err
		}
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
