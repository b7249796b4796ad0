package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

// withUser runs a command about the account that its first argument names, and notes in
// the audit log what became of it.
func withUser(cmd *cobra.Command, f *flags, action, name, detail string, do func(ctx context.Context, a *app, u models.User) error) error {
	return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
		u, err := a.auth.UserByName(ctx, name)
		if err == nil {
			err = do(ctx, a, u)
		}
		a.record(ctx, models.AuditEntry{Action: action, Subject: "user " + name, SubjectID: u.ID, Detail: detail}, err)
		return err
	})
}

func newUserInvite(f *flags) *cobra.Command {
	return newUserLink(f, "invite NAME", "Print a new link by which a person chooses a password", `Prints a new link by which a person chooses a password, once, within three days. It ends
the person's sessions, and earlier links. A second factor stays.`, "", false)
}

func newUserResetTOTP(f *flags) *cobra.Command {
	return newUserLink(f, "reset-2fa NAME", "Switch a person's second factor off, and print a link by which a password is chosen", `Switches a person's second factor off, for somebody who has lost it, and ends the
sessions. It prints a link by which the person chooses a new password; until that is used
the old one is good.`, "without the second factor", true)
}

// newUserLink is a command that prints a link for an account; detail goes into the audit
// log.
func newUserLink(f *flags, use, short, long, detail string, dropTOTP bool) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeUsers(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withUser(cmd, f, "user.reinvite", args[0], detail, func(ctx context.Context, a *app, u models.User) error {
				u, token, err := a.auth.Reinvite(ctx, u.ID, dropTOTP)
				if err != nil {
					return err
				}
				words := "is signed out everywhere, and earlier links have ended"
				if dropTOTP {
					words = "is signed out everywhere, and signs in without a second factor: with the password of now, or a new one"
				}
				if !f.json {
					if err := tellChanged(cmd.OutOrStdout(), false, u, words); err != nil {
						return err
					}
				}
				return a.tellInvited(cmd.OutOrStdout(), f.json, u, token)
			})
		},
	}
}

func newUserPassword(f *flags) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "password NAME",
		Short: "Give a person another password",
		Long: `Gives a person another password, and ends the sessions. The password is asked for on a
terminal, which does not show it, and is read from standard input where there is none.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeUsers(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withUser(cmd, f, "user.password", args[0], "", func(ctx context.Context, a *app, u models.User) error {
				password, err := twice(ctx, cmd.InOrStdin(), cmd.ErrOrStderr(), file, "New password of "+u.Name)
				if err != nil {
					return err
				}
				if err := a.auth.SetPassword(ctx, u.ID, password); err != nil {
					return err
				}
				return tellChanged(cmd.OutOrStdout(), f.json, u, "has the new password, and was signed out everywhere")
			})
		},
	}
	cmd.Flags().StringVar(&file, "password-file", "", "file that has the password; - reads standard input")
	return cmd
}

func newUserRole(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:               "role NAME ROLE",
		Short:             "Give a person another role: owner, operator or viewer",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: f.completeUsers("owner", "operator", "viewer"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withUser(cmd, f, "user.role", args[0], "to "+args[1], func(ctx context.Context, a *app, u models.User) error {
				u, err := a.auth.SetRole(ctx, u.ID, models.Role(args[1]))
				if err != nil {
					return err
				}
				return tellChanged(cmd.OutOrStdout(), f.json, u, "is "+string(u.Role)+" now")
			})
		},
	}
}

func newUserSwitch(f *flags, word, short, action string, disabled bool) *cobra.Command {
	return &cobra.Command{
		Use:               word + " NAME",
		Short:             short,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeUsers(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withUser(cmd, f, action, args[0], "", func(ctx context.Context, a *app, u models.User) error {
				u, err := a.auth.SetDisabled(ctx, u.ID, disabled)
				if err != nil {
					return err
				}
				return tellChanged(cmd.OutOrStdout(), f.json, u, "is "+word+"d")
			})
		},
	}
}

func newUserRemove(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:               "remove NAME",
		Short:             "Remove an account",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeUsers(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withUser(cmd, f, "user.remove", args[0], "", func(ctx context.Context, a *app, u models.User) error {
				u, err := a.auth.RemoveUser(ctx, u.ID)
				if err != nil {
					return err
				}
				return tellChanged(cmd.OutOrStdout(), f.json, u, "was removed")
			})
		},
	}
}

func newUserSessions(f *flags) *cobra.Command {
	var end bool
	cmd := &cobra.Command{
		Use:               "sessions NAME",
		Short:             "List the browsers in which a person is signed in, or end all of them",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: f.completeUsers(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if end {
				return withUser(cmd, f, "session.end", args[0], "all of them", func(ctx context.Context, a *app, u models.User) error {
					if err := a.auth.EndSessions(ctx, u.ID, ""); err != nil {
						return err
					}
					return tellChanged(cmd.OutOrStdout(), f.json, u, "was signed out everywhere")
				})
			}
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				u, err := a.auth.UserByName(ctx, args[0])
				if err != nil {
					return err
				}
				found, err := a.auth.Sessions(ctx, u.ID)
				if err != nil {
					return err
				}
				return tellSessions(cmd.OutOrStdout(), f.json, u, found)
			})
		},
	}
	cmd.Flags().BoolVar(&end, "end", false, "sign the person out everywhere")
	return cmd
}

func tellSessions(out io.Writer, inJSON bool, u models.User, found []models.Session) error {
	if inJSON {
		return json.NewEncoder(out).Encode(api.NewSessions(found, ""))
	}
	if len(found) == 0 {
		_, err := fmt.Fprintf(out, "%s is signed in nowhere.\n", plain(u.Name))
		return err
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "BEGAN\tSEEN\tENDS\tBY\tFROM\tWITH")
	for _, s := range found {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", when(&s.CreatedAt), when(&s.SeenAt), when(&s.ExpiresAt), s.Method, plain(s.Address), plain(s.Agent))
	}
	return table.Flush()
}
