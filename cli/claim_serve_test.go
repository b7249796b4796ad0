package cli

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

// The link that a server offers is the same after a restart, and gone once it was used.
func TestTheClaimLinkOfAServer(t *testing.T) {
	dir, addr := t.TempDir(), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	file := filepath.Join(dir, "c.yaml")
	write(t, file, "# nothing yet\n")
	f := &flags{config: file, data: filepath.Join(dir, "data")}
	offer := func(a *app) string {
		t.Helper()
		link, err := a.offerClaim(t.Context(), addr)
		if err != nil {
			t.Fatal(err)
		}
		return link
	}
	a := open(t, f, serving)
	first := offer(a)
	if !strings.HasPrefix(first, "http://127.0.0.1:4711/claim?token=") {
		t.Errorf("the link is %s", first)
	}
	closed(t, a)
	a = open(t, f, serving)
	defer func() { closed(t, a) }()
	if again := offer(a); again != first {
		t.Errorf("after a restart the link is %s, and was %s", again, first)
	}
	write(t, a.claimPath(), "http://127.0.0.1:4711/claim?token=made-up\n")
	second := offer(a)
	if second == first || strings.Contains(second, "made-up") {
		t.Errorf("in place of a link that is not one: %s", second)
	}
	u, err := url.Parse(second)
	if err != nil {
		t.Fatal(err)
	}
	accounts := claiming{a.auth, a}
	token := u.Query().Get("token")
	if _, err := accounts.Accept(t.Context(), token, "ada", models.NewSecret("short"), models.Client{Address: "127.0.0.1"}); err == nil {
		t.Error("a short password was taken")
	}
	if _, err := os.Stat(a.claimPath()); err != nil {
		t.Errorf("a claim that failed took the link away: %v", err)
	}
	in, err := accounts.Accept(t.Context(), token, "ada", models.NewSecret("correct horse battery"), models.Client{Address: "127.0.0.1"})
	if err != nil || in.User.Role != models.RoleOwner {
		t.Fatalf("claimed as %s: %v", in.User.Role, err)
	}
	if _, err := os.Stat(a.claimPath()); !os.IsNotExist(err) {
		t.Errorf("the link is still there: %v", err)
	}
	if link := offer(a); link != "" {
		t.Errorf("with an owner it offers %s", link)
	}
}

// The link goes, too, when an owner was made elsewhere.
func TestTheClaimLinkGoesWithAnOwnerOfTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	write(t, file, "# nothing yet\n")
	a := open(t, &flags{config: file, data: filepath.Join(dir, "data")}, serving)
	defer closed(t, a)
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	if link, err := a.offerClaim(t.Context(), addr); err != nil || link == "" {
		t.Fatalf("offered %q, %v", link, err)
	}
	if _, err := a.auth.AddUser(t.Context(), "ada", models.RoleOwner, models.NewSecret("correct horse battery")); err != nil {
		t.Fatal(err)
	}
	if link, err := a.offerClaim(t.Context(), addr); err != nil || link != "" {
		t.Errorf("offered %q, %v", link, err)
	}
	if _, err := os.Stat(a.claimPath()); !os.IsNotExist(err) {
		t.Errorf("the link is still there: %v", err)
	}
}

// Accounts are there unless they are switched off.
func TestWhatTheWebGets(t *testing.T) {
	for text, want := range map[string]bool{"# nothing yet\n": true, "accounts: {enabled: false}\n": false} {
		dir := t.TempDir()
		file := filepath.Join(dir, "c.yaml")
		write(t, file, text)
		a := open(t, &flags{config: file, data: filepath.Join(dir, "data")}, serving)
		o := a.webOptions(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil, nil)
		if got := o.Accounts != nil; got != want || (o.Secrets != nil) != want {
			t.Errorf("with %q there are accounts: %t, secrets: %t", text, got, o.Secrets != nil)
		}
		closed(t, a)
	}
}

func TestOIDCWithoutItsSecretIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	write(t, file, "oidc: {name: Company, issuer: 'http://127.0.0.1:1', client_id: b, client_secret: '${secret:oidc}', default_role: viewer}\n")
	f := &flags{config: file, data: filepath.Join(dir, "data")}
	a := open(t, f, serving)
	if got := a.auth.Provider(); got != "" {
		t.Errorf("without the secret people are offered %q", got)
	}
	if uses := a.vault.SecretUses()["oidc"]; len(uses) != 1 || uses[0] != "oidc: client_secret" {
		t.Errorf("the uses are %q", uses)
	}
	if err := a.vault.SetSecret(t.Context(), "oidc", models.NewSecret("TOPSECRET"), "ada"); err != nil {
		t.Fatal(err)
	}
	closed(t, a)
	a = open(t, f, serving)
	defer closed(t, a)
	if got := a.auth.Provider(); got != "Company" {
		t.Errorf("with the secret people are offered %q", got)
	}
}
