package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/services/secrets"
	"github.com/backupman/backupman/web/api"
)

func newSecret(f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Store secrets that the configuration refers to, and rotate the key that seals them",
		Long: `Stores secrets under names, sealed, in the metadata database. A setting of the
configuration that is secret takes one with ${secret:NAME}.`,
	}
	cmd.AddCommand(newSecretList(f), newSecretSet(f), newSecretRemove(f), newSecretRotate(f))
	return cmd
}

func newSecretList(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the names of secrets, what uses them, and which are missing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.listSecrets(ctx, cmd.OutOrStdout(), f.json)
			})
		},
	}
}

func (a *app) listSecrets(ctx context.Context, out io.Writer, inJSON bool) error {
	stored, err := a.vault.StoredSecrets(ctx)
	if err != nil {
		return err
	}
	told := api.NewSecrets(stored, a.vault.SecretUses())
	if inJSON {
		return json.NewEncoder(out).Encode(told)
	}
	if len(told.Results) == 0 {
		_, err := fmt.Fprintln(out, "There is no stored secret. Store one with: backupman secret set NAME")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSET\tBY\tUSED FOR")
	for _, s := range told.Results {
		set, by, uses := "MISSING", "-", "-"
		if s.Set {
			set = when(s.SetAt)
		}
		if s.SetBy != nil {
			by = plain(*s.SetBy)
		}
		if len(s.Uses) > 0 {
			uses = plain(strings.Join(s.Uses, "; "))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Name, set, by, uses)
	}
	return table.Flush()
}

func newSecretSet(f *flags) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Store a secret, or replace it",
		Long: `Stores a secret, or replaces it. It is asked for on a terminal, which does not show it,
and read from standard input where there is none; a line end behind it is left out.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeSecrets(true),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "secret.set", "secret "+args[0], func() error {
					value, err := twice(ctx, cmd.InOrStdin(), cmd.ErrOrStderr(), file, "Secret "+args[0])
					if err != nil {
						return err
					}
					if err := a.vault.SetSecret(ctx, args[0], value, account()); err != nil {
						return err
					}
					return tellSecret(cmd.OutOrStdout(), f.json, args[0], "is stored: refer to it with ${secret:"+args[0]+"}")
				})
			})
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "file that has the secret; - reads standard input")
	return cmd
}

func newSecretRemove(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME",
		Short:             "Remove a secret that the configuration does not use any more",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeSecrets(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "secret.remove", "secret "+args[0], func() error {
					if err := a.vault.RemoveSecret(ctx, args[0]); err != nil {
						return err
					}
					return tellSecret(cmd.OutOrStdout(), f.json, args[0], "was removed")
				})
			})
		},
	}
}

// changedSecret is a secret that was stored or removed, in JSON.
type changedSecret struct {
	Name string `json:"Name"`
}

func tellSecret(out io.Writer, inJSON bool, name, words string) error {
	if inJSON {
		return json.NewEncoder(out).Encode(changedSecret{name})
	}
	_, err := fmt.Fprintf(out, "%s %s\n", name, words)
	return err
}

func newSecretRotate(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: "Seal everything with a new key",
		Long: `Seals everything that is secret in the metadata database with a new key. Where the key is
in a file, the new one is made and put there as the first line; once everything is sealed
with it, the old one is removed. A file that has several keys already keeps its first one.
Elsewhere put the new key first at its source, and then run this; it seals with the first
key what the others have sealed. Stopped anywhere it can be run again. Running servers
follow by themselves.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "secret.rotate", "the key that seals secrets", func() error { return a.rotate(ctx, cmd.OutOrStdout(), f.json) })
			})
		},
	}
}

// rotated is what a rotation has done, in JSON.
type rotated struct {
	Key      string `json:"Key"`
	Made     bool   `json:"Made"`
	Resealed int    `json:"Resealed"`
	Dropped  int    `json:"Dropped"`
}

func (a *app) rotate(ctx context.Context, out io.Writer, inJSON bool) error {
	done, err := a.ring.Rotate(ctx, a.store.Reseal)
	if err != nil {
		return err
	}
	if inJSON {
		return json.NewEncoder(out).Encode(rotated{Key: done.Key, Made: done.Made, Resealed: done.Resealed, Dropped: done.Dropped})
	}
	fmt.Fprintf(out, "%s sealed with the key %s, the first of %s\n", count(done.Resealed, "text"), done.Key, done.From)
	return tellDropped(out, done)
}

func tellDropped(out io.Writer, done secrets.Rotation) error {
	words := "Nothing is sealed with other keys any more: they can be removed there."
	if done.Dropped > 0 {
		words = fmt.Sprintf("%s removed from the file. Keep a copy of it apart from the database.", count(done.Dropped, "old key"))
	}
	_, err := fmt.Fprintln(out, words)
	return err
}

// completeSecrets offers the names of stored secrets, and of those that are missing.
func (f *flags) completeSecrets(missing bool) completion {
	return f.completeFrom(1, func(ctx context.Context, a *app) ([]string, error) {
		names := map[string]bool{}
		stored, err := a.vault.StoredSecrets(ctx)
		for _, s := range stored {
			names[s.Name] = true
		}
		if missing {
			for name := range a.vault.SecretUses() {
				names[name] = true
			}
		}
		return slices.Sorted(maps.Keys(names)), err
	})
}
