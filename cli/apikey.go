package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newAPIKey(f *flags) *cobra.Command {
	cmd := &cobra.Command{Use: "apikey", Short: "Look at the keys of programs that use the API, and make and remove them"}
	cmd.AddCommand(newAPIKeyList(f), newAPIKeyCreate(f), newAPIKeyRemove(f))
	return cmd
}

func newAPIKeyList(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys, with their newest use",
		Long:  "Lists the keys that were created here, with their newest use. Those of http.api_keys are in the configuration.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				found, err := a.auth.APIKeys(ctx)
				if err != nil {
					return err
				}
				return a.tellKeys(ctx, cmd.OutOrStdout(), f.json, found)
			})
		},
	}
}

func (a *app) tellKeys(ctx context.Context, out io.Writer, inJSON bool, found []models.APIKey) error {
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewKeys(found))
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "There is no key yet. Make one with: backupman apikey create NAME --scope read")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tMAY\tJOBS\tEXPIRES\tUSED\tFROM")
	for _, k := range found {
		from := "-"
		if k.UsedFrom != "" {
			from = plain(k.UsedFrom)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", plain(k.Name), scopeWords(k.Scopes), a.jobWords(ctx, k.JobIDs), when(k.ExpiresAt), when(k.UsedAt), from)
	}
	return table.Flush()
}

func scopeWords(scopes models.Scopes) string {
	var words []string
	for _, s := range scopes {
		words = append(words, string(s))
	}
	return strings.Join(words, ",")
}

// jobWords are the labels of jobs, and the ids of those that are not known any more.
func (a *app) jobWords(ctx context.Context, ids []string) string {
	if len(ids) == 0 {
		return "all"
	}
	var words []string
	for _, id := range ids {
		word := id
		if job, err := a.store.Job(ctx, id); err == nil {
			word = plain(job.Label)
		}
		words = append(words, word)
	}
	return strings.Join(words, ",")
}

// keyFlags are what a key is created with.
type keyFlags struct {
	scopes, jobs []string
	expires      string
}

func newAPIKeyCreate(f *flags) *cobra.Command {
	var k keyFlags
	cmd := &cobra.Command{
		Use:   "create NAME --scope SCOPE",
		Short: "Make a key, which is shown once",
		Long: `Makes a key and shows it, once: only a hash of it is kept. --scope says what it may do:

  read     look at everything but the content of dumps
  run      start and stop backups, drills, checks and repairs
  restore  download dumps, and restore them where nothing is overwritten
  admin    everything`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "key.create", "API key "+args[0], func() error { return a.createKey(ctx, cmd.OutOrStdout(), f.json, args[0], k) })
			})
		},
	}
	cmd.Flags().StringSliceVar(&k.scopes, "scope", nil, "read, run, restore or admin; may be given again")
	cmd.Flags().StringArrayVar(&k.jobs, "job", nil, "label of a job that the key is for (default: all); may be given again")
	cmd.Flags().StringVar(&k.expires, "expires", "", "when it ends: 90d, or its last day, such as 2027-03-01 (default: never)")
	_ = cmd.MarkFlagRequired("scope")
	_ = cmd.RegisterFlagCompletionFunc("scope", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return strings.Split(scopeWords(models.AllScopes), ","), cobra.ShellCompDirectiveNoFileComp
	})
	_ = cmd.RegisterFlagCompletionFunc("job", func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return f.completeJobs(cmd, nil, typed)
	})
	return cmd
}

func (a *app) createKey(ctx context.Context, out io.Writer, inJSON bool, name string, k keyFlags) error {
	var scopes models.Scopes
	for _, word := range k.scopes {
		scopes = append(scopes, models.Scope(word))
	}
	var jobs []string
	for _, label := range k.jobs {
		job, err := a.jobByLabel(ctx, label)
		if err != nil {
			return err
		}
		jobs = append(jobs, job.ID)
	}
	expires, err := expiry(k.expires, models.Now())
	if err != nil {
		return err
	}
	made, secret, err := a.auth.CreateKey(ctx, models.Actor{Kind: models.ActorCommand, Name: account()}, name, scopes, jobs, expires)
	if err != nil {
		return err
	}
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewCreatedKey(made, secret))
	}
	_, err = fmt.Fprintf(out, "%s\nThis is shown once: keep it where the program finds it. It goes into X-Api-Key, or Authorization: Bearer.\n", secret.Reveal())
	return err
}

// expiry reads a length of time from now on, or the last day, in UTC.
func expiry(text string, now time.Time) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	if day, err := time.Parse("2006-01-02", text); err == nil {
		end := day.AddDate(0, 0, 1)
		return &end, nil
	}
	length, err := models.ParseSpan(text)
	if err != nil || length == 0 {
		return nil, models.Invalidf("--expires must be a length of time such as 90d, or a day such as 2027-03-01, not %q", text)
	}
	at := now.Add(length)
	return &at, nil
}

func newAPIKeyRemove(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME",
		Short:             "Remove a key, which opens nothing from then on",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeKeys(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "key.remove", "API key "+args[0], func() error { return a.removeKey(ctx, cmd.OutOrStdout(), f.json, args[0]) })
			})
		},
	}
}

// removeKey finds the key by its name, or by its id.
func (a *app) removeKey(ctx context.Context, out io.Writer, inJSON bool, name string) error {
	found, err := a.auth.APIKeys(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(found, func(k models.APIKey) bool { return k.Name == name || k.ID == name })
	if at < 0 {
		return models.NotFoundf("there is no API key %q: backupman apikey list has those there are, and http.api_keys of the configuration has others", name)
	}
	removed, err := a.auth.RemoveKey(ctx, found[at].ID)
	if err != nil {
		return err
	}
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewKeys([]models.APIKey{removed}))
	}
	_, err = fmt.Fprintf(out, "the key %s opens nothing any more\n", plain(removed.Name))
	return err
}

func (f *flags) completeKeys() completion {
	return f.completeFrom(1, func(ctx context.Context, a *app) ([]string, error) {
		found, err := a.auth.APIKeys(ctx)
		var words []string
		for _, k := range found {
			words = append(words, k.Name+"\t"+scopeWords(k.Scopes))
		}
		return words, err
	})
}
