package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

func newUser(f *flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Look at the accounts of people, and change them",
		Long: `Looks at the accounts of people, and changes them. Whoever may run this command on the
server may do everything here, so it also gets an owner back in who is locked out.`,
	}
	cmd.AddCommand(newUserList(f), newUserAdd(f), newUserInvite(f), newUserPassword(f), newUserRole(f),
		newUserSwitch(f, "disable", "Keep a person from signing in, and end the sessions", "user.disable", true),
		newUserSwitch(f, "enable", "Let a person sign in again", "user.enable", false),
		newUserRemove(f), newUserResetTOTP(f), newUserSessions(f))
	return cmd
}

func newUserList(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				found, err := a.auth.Users(ctx)
				if err != nil {
					return err
				}
				return tellUsers(cmd.OutOrStdout(), f.json, found)
			})
		},
	}
}

func tellUsers(out io.Writer, inJSON bool, found []models.User) error {
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewUsers(found))
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(out, "There is no account yet. The first owner is made by the link that the server prints when it starts: backupman claim")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tROLE\tSTATE\tSECOND FACTOR\tSIGNED IN")
	for _, u := range found {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", plain(u.Name), u.Role, stateOf(u), yesNo(u.SecondFactor()), when(u.SignedIn))
	}
	return table.Flush()
}

// stateOf tells whether somebody can sign in, and how.
func stateOf(u models.User) string {
	switch {
	case u.DisabledAt != nil:
		return "disabled"
	case u.Issuer != "":
		return "by " + plain(u.Issuer)
	case u.PasswordHash == "":
		return "invited"
	}
	return "active"
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// when tells a moment; a dash for never.
func when(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.UTC().Format("2006-01-02 15:04:05Z")
}

func newUserAdd(f *flags) *cobra.Command {
	var role, file string
	cmd := &cobra.Command{
		Use:   "add NAME --role ROLE",
		Short: "Add an account, with a link by which the person chooses a password",
		Long: `Adds an account and prints a link by which the person chooses a password, once, within
three days. With --password-file it has that password at once.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "user.add", "user "+args[0], func() error {
					return a.addUser(ctx, cmd, f.json, args[0], models.Role(role), file)
				})
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "owner, operator or viewer")
	cmd.Flags().StringVar(&file, "password-file", "", "file that has the password; - reads standard input")
	_ = cmd.MarkFlagRequired("role")
	_ = cmd.RegisterFlagCompletionFunc("role", completeRoles)
	return cmd
}

func (a *app) addUser(ctx context.Context, cmd *cobra.Command, inJSON bool, name string, role models.Role, file string) error {
	out := cmd.OutOrStdout()
	if file == "" {
		u, token, err := a.auth.InviteUser(ctx, name, role)
		if err != nil {
			return err
		}
		return a.tellInvited(out, inJSON, u, token)
	}
	password, err := hiddenFrom(ctx, cmd.InOrStdin(), out, file, "")
	if err != nil {
		return err
	}
	u, err := a.auth.AddUser(ctx, name, role, password)
	if err != nil {
		return err
	}
	return tellChanged(out, inJSON, u, "was added as "+string(u.Role))
}

// tellInvited shows a link, this once.
func (a *app) tellInvited(out io.Writer, inJSON bool, u models.User, token models.Secret) error {
	link := claimAddress(a.base(), token)
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewInvited(u, link))
	}
	_, err := fmt.Fprintf(out, "Hand this link to %s (%s). A password is chosen with it, once, within three days:\n%s\n", plain(u.Name), u.Role, link)
	return err
}

// tellChanged tells what became of an account.
func tellChanged(out io.Writer, inJSON bool, u models.User, words string) error {
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewUser(u))
	}
	_, err := fmt.Fprintf(out, "%s %s\n", plain(u.Name), words)
	return err
}

func completeRoles(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, r := range models.Roles {
		words = append(words, string(r))
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// completeUsers offers the names of accounts, and then the words that come after one.
func (f *flags) completeUsers(then ...string) completion {
	names := f.completeFrom(1, func(ctx context.Context, a *app) ([]string, error) {
		found, err := a.auth.Users(ctx)
		var words []string
		for _, u := range found {
			words = append(words, u.Name+"\t"+string(u.Role))
		}
		return words, err
	})
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 1 {
			return then, cobra.ShellCompDirectiveNoFileComp
		}
		return names(cmd, args, typed)
	}
}
