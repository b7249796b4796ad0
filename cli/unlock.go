package cli

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
)

// unlockFlags say what opens an encrypted dump.
type unlockFlags struct{ identity, passphrase string }

func (u *unlockFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&u.identity, "identity", "", "file with a private key that opens an encrypted backup; - reads it from the input")
	cmd.Flags().StringVar(&u.passphrase, "passphrase-file", "", "file with the passphrase that opens an encrypted backup; - reads it from the input")
}

// read returns what the flags name. Keys are never arguments, which others can see.
func (u unlockFlags) read(ctx context.Context, in io.Reader) (found models.Unlock, err error) {
	if u.identity == "-" && u.passphrase == "-" {
		return found, models.Invalidf("--identity and --passphrase-file can't both be read from the input: name a file for one of them")
	}
	if found.Identity, err = keyFrom(ctx, in, "--identity", u.identity); err != nil {
		return found, err
	}
	found.Passphrase, err = keyFrom(ctx, in, "--passphrase-file", u.passphrase)
	return found, err
}

func keyFrom(ctx context.Context, in io.Reader, flag, path string) (models.Secret, error) {
	if path == "" {
		return models.Secret{}, nil
	}
	key, err := hiddenFrom(ctx, in, io.Discard, path, "")
	if err == nil && key.Empty() {
		err = models.Invalidf("%s is empty", flag)
	}
	return key, err
}

// unlockFor returns what opens a backup: what the flags name, or what a person answers
// where a passphrase is needed that the configuration does not have.
func (a *app) unlockFor(ctx context.Context, in io.Reader, out io.Writer, flags unlockFlags, b models.Backup) (models.Unlock, error) {
	u, err := flags.read(ctx, in)
	if err != nil || !u.Empty() || b.Encryption == "" || !isTerminal(in) {
		return u, err
	}
	m, err := a.store.Manifest(ctx, b.ID)
	if err != nil || len(m.File.Recipients) > 0 {
		return u, err
	}
	has, err := a.catalog.Unlock(ctx, b.JobID)
	var told *models.Fault // such as of a stored secret that is gone: the person may know the passphrase
	if err != nil && !errors.As(err, &told) || !has.Empty() {
		return u, err
	}
	u.Passphrase, err = hiddenFrom(ctx, in, out, "", "Passphrase of the backup")
	return u, err
}
