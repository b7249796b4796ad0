package auth

import (
	"bytes"
	"crypto/x509"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/backupman/backupman/models"
)

// vouchedFor is a bench with an identity provider. What it logs is in the buffer.
func vouchedFor(t *testing.T, change ...func(*ProviderConfig)) (*bench, *stub, *bytes.Buffer) {
	t.Helper()
	p, log := newStub(t), &bytes.Buffer{}
	config := ProviderConfig{
		Name: "Example ID", Issuer: p.URL, ClientID: stubClient, ClientSecret: models.NewSecret(stubSecret), Scopes: []string{"openid", "profile", "groups"},
		GroupsClaim: "groups", DefaultRole: models.RoleViewer,
		Roles: map[models.Role][]string{models.RoleOwner: {"admins"}, models.RoleOperator: {"ops", "dba"}},
	}
	for _, c := range change {
		c(&config)
	}
	b := newBench(t, func(o *Options) { o.Provider, o.Log = config, slog.New(slog.NewTextHandler(log, nil)) })
	p.now = b.clock
	return b, p, log
}

// provide signs in with the provider.
func (b *bench) provide(t *testing.T, p *stub) (models.SignedIn, error) {
	t.Helper()
	address, state, err := b.BeginProvider(t.Context(), stubBack, "/jobs?page=2")
	must(t, err)
	in, next, err := b.EndProvider(t.Context(), stubBack, state, p.authorize(t, address), home)
	if err == nil {
		equal(t, "the page that was wanted", next, "/jobs?page=2")
	}
	return in, err
}

func TestProvider(t *testing.T) {
	ctx := t.Context()
	b, p, _ := vouchedFor(t)
	equal(t, "the name", b.Provider(), "Example ID")
	in := value(b.provide(t, p))(t)
	equal(t, "what the token opens", b.opens(t, in.Token), true)
	equal(t, "the name of the account", in.User.Name, "carol")
	equal(t, "the default role", in.User.Role, models.RoleViewer)
	equal(t, "the way", in.Session.Method, byProvider)
	equal(t, "the issuer", in.User.Issuer, p.URL)

	// The person is known by the subject, and the groups say the role at each sign-in.
	for _, c := range []struct {
		groups any
		role   models.Role
	}{
		{[]string{"dba"}, models.RoleOperator}, {[]string{"x", "admins", "ops"}, models.RoleOwner}, {"ops", models.RoleOwner}, {[]string{}, models.RoleOwner},
	} {
		p.claims = map[string]any{"sub": "1", "preferred_username": "renamed", "groups": c.groups}
		again := value(b.provide(t, p))(t)
		equal(t, "the account", again.User.ID, in.User.ID)
		equal(t, "the role", again.User.Role, c.role) // the last owner stays one
	}
	b.added(t, "anna", models.RoleOwner)
	equal(t, "the role beside another owner", value(b.provide(t, p))(t).User.Role, models.RoleViewer)

	noted := []string{}
	must(t, b.EachAuditEntry(ctx, models.AuditFilter{Action: "user"}, func(e models.AuditEntry) error {
		noted = append(noted, e.Actor+" "+e.Action+" "+strings.SplitN(e.Detail, ",", 2)[0])
		return nil
	}))
	equal(t, "what the audit log says", strings.Join(noted, "; "), "carol user.role from owner to viewer; carol user.role from operator to owner; carol user.role from viewer to operator; carol user.add signed in by Example ID for the first time")

	// It has no password here, and the provider says what it may do.
	wants(t, errorOf(b.SignIn(ctx, "carol", models.NewSecret(""), home)), models.ErrUnauthorized)
	wants(t, b.StartTOTP(ctx, in.User.ID, models.NewSecret("")), models.ErrConflict)
	wants(t, errorOf(b.SetRole(ctx, in.User.ID, models.RoleOwner)), models.ErrConflict)
	wants(t, errorOf2(b.Reinvite(ctx, in.User.ID, false)), models.ErrConflict)

	value(b.SetDisabled(ctx, in.User.ID, true))(t)
	_, err := b.provide(t, p)
	wants(t, err, models.ErrUnauthorized)
	if !strings.Contains(err.Error(), "disabled") {
		t.Errorf("somebody disabled is told %q", err)
	}
}

func TestProviderNames(t *testing.T) {
	for name, c := range map[string]struct {
		claims, userinfo map[string]any
		kind             error
		want             string
	}{
		"preferred":              {map[string]any{"sub": "2", "preferred_username": "Bob", "email": "b@example.com"}, nil, nil, "bob"},
		"email":                  {map[string]any{"sub": "2", "preferred_username": "Bob <b>", "email": "B@Example.com"}, nil, nil, "b@example.com"},
		"the page of the person": {map[string]any{"sub": "2"}, map[string]any{"sub": "2", "email": "b@example.com", "groups": []string{"ops"}}, nil, "b@example.com"},
		"of another person":      {map[string]any{"sub": "2"}, map[string]any{"sub": "3", "email": "b@example.com"}, models.ErrUnauthorized, ""},
		"none":                   {map[string]any{"sub": "2"}, map[string]any{"sub": "2"}, models.ErrUnauthorized, ""},
		"of a local account":     {map[string]any{"sub": "2", "preferred_username": "ANNA"}, map[string]any{"sub": "2"}, models.ErrConflict, ""},
		"of another's account":   {map[string]any{"sub": "2", "preferred_username": "carol"}, map[string]any{"sub": "2"}, models.ErrConflict, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, p, _ := vouchedFor(t)
			b.added(t, "anna", models.RoleOwner)
			value(b.provide(t, withGroups(p)))(t)
			p.claims, p.userinfo = c.claims, c.userinfo
			if p.userinfo == nil {
				p = withGroups(p)
			}
			in, err := b.provide(t, p)
			if c.kind != nil {
				wants(t, err, c.kind)
				return
			}
			must(t, err)
			equal(t, "the name", in.User.Name, c.want)
			if c.userinfo != nil {
				equal(t, "the role", in.User.Role, models.RoleOperator)
			}
		})
	}
}

// withGroups tells everything in the token.
func withGroups(p *stub) *stub {
	p.claims = maps.Clone(p.claims)
	p.claims["groups"] = []string{}
	return p
}

func TestProviderWithoutDefaultRole(t *testing.T) {
	b, p, _ := vouchedFor(t, func(c *ProviderConfig) { c.DefaultRole = "" })
	_, err := b.provide(t, withGroups(p))
	wants(t, err, models.ErrForbidden)
	equal(t, "the number of accounts", len(value(b.Users(t.Context()))(t)), 0)
	p.claims["groups"] = []string{"dba"}
	in := value(b.provide(t, p))(t)
	equal(t, "the role", in.User.Role, models.RoleOperator)

	p.claims["groups"] = []string{}
	wants(t, errorOf(b.provide(t, p)), models.ErrForbidden)
	equal(t, "what the token opens of somebody who left the groups", b.opens(t, in.Token), false)
}

func TestForgedTokens(t *testing.T) {
	other := newRSA(t)
	for name, forge := range map[string]func(p *stub, claims map[string]any){
		"of another issuer":       func(_ *stub, c map[string]any) { c["iss"] = "https://evil.example" },
		"for another client":      func(_ *stub, c map[string]any) { c["aud"] = "another" },
		"of another sign-in":      func(_ *stub, c map[string]any) { c["nonce"] = "another" },
		"without a nonce":         func(_ *stub, c map[string]any) { delete(c, "nonce") },
		"that has expired":        func(p *stub, c map[string]any) { c["exp"] = p.now().Add(-time.Second).Unix() },
		"signed by somebody else": func(p *stub, _ map[string]any) { p.signer = &jose.SigningKey{Algorithm: jose.RS256, Key: other} },
		"that is not signed":      func(p *stub, _ map[string]any) { p.unsigned = true },
		"signed with the public key": func(p *stub, _ map[string]any) {
			public := x509.MarshalPKCS1PublicKey(&p.key.PublicKey)
			p.signer = &jose.SigningKey{Algorithm: jose.HS256, Key: public}
		},
		"signed with the client's secret": func(p *stub, _ map[string]any) {
			p.signer = &jose.SigningKey{Algorithm: jose.HS256, Key: bytes.Repeat([]byte(stubSecret), 2)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, p, log := vouchedFor(t)
			withGroups(p)
			p.forge = func(claims map[string]any) { forge(p, claims) }
			_, err := b.provide(t, p)
			wants(t, err, models.ErrUnauthorized)
			equal(t, "the number of accounts", len(value(b.Users(t.Context()))(t)), 0)
			if !strings.Contains(log.String(), "check the token") {
				t.Errorf("the log says %s", log)
			}
		})
	}
}

func TestForeignAnswers(t *testing.T) {
	ctx := t.Context()
	b, p, log := vouchedFor(t)
	withGroups(p)
	address, state, err := b.BeginProvider(ctx, stubBack, "/")
	must(t, err)
	good := p.authorize(t, address)
	otherAddress, otherState, err := b.BeginProvider(ctx, stubBack, "/")
	must(t, err)
	other := p.authorize(t, otherAddress)
	with := func(name, text string) url.Values {
		q := maps.Clone(good)
		q.Set(name, text)
		return q
	}
	for name, c := range map[string]struct {
		back, state string
		query       url.Values
	}{
		"the state of another browser":  {stubBack, otherState, good},
		"the answer to another browser": {stubBack, state, other},
		"no state kept":                 {stubBack, "", good},
		"no state sent":                 {stubBack, state, with("state", "")},
		"a state that was made up":      {stubBack, "bm1.x.AAAA", good},
		"another way back":              {"https://evil.example/back", state, good},
		"a refusal":                     {stubBack, state, with("error", "access_denied")},
		"an error":                      {stubBack, state, with("error", "server_error")},
		"another provider":              {stubBack, state, with("iss", "https://evil.example")},
		"a code that was made up":       {stubBack, state, with("code", "guessed")},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := b.EndProvider(ctx, c.back, c.state, c.query, home)
			wants(t, err, models.ErrUnauthorized)
		})
	}
	// A code that was given to one sign-in is not exchanged in another: PKCE.
	mixed := maps.Clone(other)
	mixed.Set("state", good.Get("state"))
	wants(t, errorOf2(b.EndProvider(ctx, stubBack, state, mixed, home)), models.ErrUnauthorized)
	equal(t, "why the provider refused", p.refusals[len(p.refusals)-1], "verifier")
	equal(t, "the number of accounts", len(value(b.Users(ctx))(t)), 0)

	in, _, err := b.EndProvider(ctx, stubBack, state, good, home)
	must(t, err)
	equal(t, "what the token opens", b.opens(t, in.Token), true)
	wants(t, errorOf2(b.EndProvider(ctx, stubBack, state, good, home)), models.ErrUnauthorized) // the code is used up
	if strings.Contains(log.String(), stubSecret) || strings.Contains(log.String(), good.Get("code")) {
		t.Errorf("the log tells a secret: %s", log)
	}
}

func TestLateAnswer(t *testing.T) {
	for pause, kind := range map[time.Duration]error{stateFor - time.Second: nil, stateFor: models.ErrUnauthorized} {
		b, p, _ := vouchedFor(t)
		address, state, err := b.BeginProvider(t.Context(), stubBack, "/")
		must(t, err)
		query := p.authorize(t, address)
		b.pass(pause)
		_, _, err = b.EndProvider(t.Context(), stubBack, state, query, home)
		if !errors.Is(err, kind) {
			t.Errorf("after %s the answer ended in %v", pause, err)
		}
	}
}

// TestOpenRedirect: nobody is sent to another server after signing in.
func TestOpenRedirect(t *testing.T) {
	for next, want := range map[string]string{
		"/jobs?page=2#x": "/jobs?page=2#x", "": "/", "jobs": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example": "/",
		"/\t/evil.example": "/", "javascript:alert(1)": "/", "/%zz": "/",
	} {
		equal(t, "the page after "+next, local(next), want)
	}
}

func TestNoProvider(t *testing.T) {
	b := newBench(t)
	equal(t, "the name", b.Provider(), "")
	_, _, err := b.BeginProvider(t.Context(), stubBack, "/")
	wants(t, err, models.ErrNotFound)
	wants(t, errorOf2(b.EndProvider(t.Context(), stubBack, "", nil, home)), models.ErrNotFound)
}

// TestProviderAway: a provider that was away at first is asked again.
func TestProviderAway(t *testing.T) {
	b, p, _ := vouchedFor(t, func(c *ProviderConfig) {
		c.Issuer = strings.Replace(c.Issuer, "http://", "http://localhost.invalid.", 1)
	})
	_, _, err := b.BeginProvider(t.Context(), stubBack, "/")
	wants(t, err, models.ErrUnauthorized)
	b.provider.config.Issuer = p.URL
	value(b.provide(t, withGroups(p)))(t)
}

// TestTheStateFitsACookie wants a browser to keep the state whatever page was wanted.
func TestTheStateFitsACookie(t *testing.T) {
	b, p, _ := vouchedFor(t)
	for next, want := range map[string]string{
		"/backups?" + strings.Repeat("table=a&", 100): "/backups?" + strings.Repeat("table=a&", 100),
		"/backups?" + strings.Repeat("table=a&", 220): "/",
	} {
		address, state, err := b.BeginProvider(t.Context(), stubBack, next)
		must(t, err)
		if len(state) > 3900 {
			t.Errorf("the state has %d bytes", len(state))
		}
		_, to, err := b.EndProvider(t.Context(), stubBack, state, p.authorize(t, address), home)
		must(t, err)
		equal(t, "the page that is led to", to, want)
	}
}
