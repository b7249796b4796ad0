package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/auth"
)

// claimFile is the file in the data folder that keeps the link by which the first owner
// is made, until that has happened.
const claimFile = "claim"

// claimLook is how often is looked whether somebody claimed the installation elsewhere.
const claimLook = 10 * time.Second

func newClaim(f *flags) *cobra.Command {
	return &cobra.Command{
		Use:   "claim",
		Short: "Print a new link by which the first owner is made",
		Long: `Prints a new link by which the first owner of this installation is made, while there
is none. A server prints one when it starts, and keeps it in the file claim of the data
folder. Where there is an owner, backupman user password NAME gets one back in.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audited(ctx, "owner.invite", "the first owner", func() error { return a.newClaimLink(ctx, cmd.OutOrStdout(), f.json) })
			})
		},
	}
}

// linked is a link that is shown once, in JSON.
type linked struct {
	Link string `json:"Link"`
}

func (a *app) newClaimLink(ctx context.Context, out io.Writer, inJSON bool) error {
	token, err := a.auth.OwnerInvitation(ctx)
	if err != nil {
		return err
	}
	link := claimAddress(a.base(), token)
	if err := a.keepClaim(link); err != nil {
		return err
	}
	if inJSON {
		return json.NewEncoder(out).Encode(linked{link})
	}
	_, err = fmt.Fprintf(out, "%s\n", link)
	return err
}

// base is the address that people reach the server under, as far as its configuration
// tells.
func (a *app) base() string {
	if a.config.HTTP.AppURL != "" {
		return a.config.HTTP.AppURL
	}
	return a.scheme() + "://" + reachable(a.config.HTTP.Listen)
}

func (a *app) scheme() string {
	if a.config.HTTP.TLSCert != "" {
		return "https"
	}
	return "http"
}

func claimAddress(base string, token models.Secret) string {
	return base + "/claim?" + url.Values{"token": {token.Reveal()}}.Encode()
}

// offerClaim returns the link by which the first owner is made, and keeps it; empty where
// there is an owner. A link that was kept before is good for as long as there is none.
func (a *app) offerClaim(ctx context.Context, addr net.Addr) (string, error) {
	claimed, err := a.auth.Claimed(ctx)
	if err != nil || claimed {
		return "", errors.Join(err, a.dropClaim())
	}
	token := a.keptToken()
	if u, err := a.auth.Invited(ctx, token.Reveal()); token.Empty() || err != nil || u.ID != "" {
		token, err = a.auth.OwnerInvitation(ctx)
		if errors.Is(err, models.ErrConflict) {
			return "", a.dropClaim() // somebody was faster
		}
		if err != nil {
			return "", err
		}
	}
	base := a.config.HTTP.AppURL
	if base == "" {
		base = a.scheme() + "://" + reachable(addr.String())
	}
	link := claimAddress(base, token)
	return link, a.keepClaim(link)
}

func (a *app) claimPath() string { return filepath.Join(a.config.Data, claimFile) }

// keptToken is the token of the link that is kept; empty when there is none.
func (a *app) keptToken() models.Secret {
	text, err := os.ReadFile(a.claimPath())
	if err != nil {
		return models.Secret{}
	}
	u, err := url.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return models.Secret{}
	}
	return models.NewSecret(u.Query().Get("token"))
}

// keepClaim writes the link beside its place first: nobody reads half of it, and the file
// is readable by this account only from its first byte on.
func (a *app) keepClaim(link string) error {
	f, err := os.CreateTemp(a.config.Data, "."+claimFile+"-*")
	if err != nil {
		return fmt.Errorf("keep the claim link: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = fmt.Fprintln(f, link)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep the claim link: %w", err)
	}
	if err := os.Rename(f.Name(), a.claimPath()); err != nil {
		return fmt.Errorf("keep the claim link: %w", err)
	}
	return nil
}

func (a *app) dropClaim() error {
	if err := os.Remove(a.claimPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the claim link: %w", err)
	}
	return nil
}

// watchClaim removes the link once another server or a command has made an owner.
func (a *app) watchClaim(ctx context.Context) error {
	tick := time.NewTicker(claimLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		claimed, err := a.auth.Claimed(ctx)
		if err == nil && claimed {
			if err := a.dropClaim(); err != nil {
				a.log.Warn("the claim link is of no more use and could not be removed", "error", err)
			}
			return nil
		}
	}
}

// claiming is who may do what, as pages ask it: the claim link goes with the invitation
// that it is.
type claiming struct {
	*auth.Service
	app *app
}

// Accept removes the claim link when the invitation was the first owner's.
func (c claiming) Accept(ctx context.Context, token, name string, password models.Secret, from models.Client) (models.SignedIn, error) {
	in, err := c.Service.Accept(ctx, token, name, password, from)
	if err == nil && in.User.Role == models.RoleOwner {
		if err := c.app.dropClaim(); err != nil {
			c.app.log.Warn("the claim link is of no more use and could not be removed", "error", err)
		}
	}
	return in, err
}
