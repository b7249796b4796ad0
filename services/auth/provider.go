package auth

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/backupman/backupman/models"
)

// ProviderConfig is an identity provider that vouches for people, by OpenID Connect.
type ProviderConfig struct {
	// Name is what the button says.
	Name         string
	Issuer       string
	ClientID     string
	ClientSecret models.Secret
	// Scopes are asked for beside openid.
	Scopes []string
	// GroupsClaim names the claim with a person's groups, of which Roles has, by the role,
	// those that give it. DefaultRole is for people in none of them; empty refuses them.
	GroupsClaim string
	Roles       map[models.Role][]string
	DefaultRole models.Role
}

// The sealed state of a sign-in is no row: it is bound to this instead.
const (
	stateRow   = "sign-in"
	stateField = "state"
	stateFor   = 10 * time.Minute
)

// providerTimeout bounds what is asked of the provider for one sign-in.
const providerTimeout = 20 * time.Second

// provider finds out about the identity provider when it is first asked for.
type provider struct {
	config ProviderConfig
	http   *http.Client
	mu     sync.Mutex
	known  *oidc.Provider
}

func newProvider(c ProviderConfig, client *http.Client) *provider {
	if c.Issuer == "" {
		return nil
	}
	return &provider{config: c, http: client}
}

// Provider is what the identity provider is called; empty when there is none.
func (s *Service) Provider() string {
	if s.provider == nil {
		return ""
	}
	if s.provider.config.Name == "" {
		return "identity provider"
	}
	return s.provider.config.Name
}

// discovered returns what the provider says of itself. A failure is not kept.
func (p *provider) discovered(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	known, err := oidc.NewProvider(ctx, p.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("ask the identity provider %s what it offers: %w", p.config.Issuer, err)
	}
	p.known = known
	return known, nil
}

func (p *provider) oauth(known *oidc.Provider, back string) oauth2.Config {
	scopes := []string{oidc.ScopeOpenID}
	for _, scope := range p.config.Scopes {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	endpoint := known.Endpoint()
	endpoint.AuthStyle = p.authStyle(known)
	return oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret.Reveal(), Endpoint: endpoint, RedirectURL: back, Scopes: scopes,
	}
}

// authStyle is how the client shows who it is. The library's own way, to try one and then
// the other, shows a code to the provider twice.
func (p *provider) authStyle(known *oidc.Provider) oauth2.AuthStyle {
	var offers struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	_ = known.Claims(&offers) // without a list it is the header: OpenID Connect Discovery 1.0, section 3
	basic := len(offers.Methods) == 0 || slices.Contains(offers.Methods, "client_secret_basic")
	if basic && !p.config.ClientSecret.Empty() {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

// signInState is what the browser keeps, sealed, until it comes back.
type signInState struct {
	State, Nonce, Verifier, Back, Next string
	Until                              time.Time
}

// longestState is in bytes. Browsers keep no cookie that is longer than 4096, and sealing
// makes four of three.
const longestState = 2800

// text writes the state down. The page that was wanted is left out where it is too long:
// somebody who is signed in finds it again.
func (k signInState) text() ([]byte, error) {
	text, err := json.Marshal(k)
	if err == nil && len(text) > longestState {
		k.Next = "/"
		return json.Marshal(k)
	}
	return text, err
}

func (s *Service) noProvider() error {
	if s.provider != nil {
		return nil
	}
	return models.NotFoundf("there is no identity provider: sign in with a name and a password")
}

// unreachable is what people are told; why is logged, because it may be the provider's
// own text.
func (s *Service) unreachable(err error) error {
	s.Log.Warn("the identity provider could not be used", "provider", s.Provider(), "error", err)
	return models.Unauthorizedf("%s could not be asked, or answered something that can't be used: try again, or ask who runs this server to look into its log", s.Provider())
}

// BeginProvider returns where the browser goes to sign in, and a sealed state.
func (s *Service) BeginProvider(ctx context.Context, back, next string) (address, state string, err error) {
	if err := s.noProvider(); err != nil {
		return "", "", err
	}
	ctx, cancel := s.provider.context(ctx)
	defer cancel()
	known, err := s.provider.discovered(ctx)
	if err != nil {
		return "", "", s.unreachable(err)
	}
	kept := signInState{Back: back, Next: local(next), Verifier: oauth2.GenerateVerifier(), Until: s.Now().Add(stateFor)}
	kept.State, _ = newToken()
	kept.Nonce, _ = newToken()
	plain, err := kept.text()
	if err != nil {
		return "", "", fmt.Errorf("keep the state of a sign-in: %w", err)
	}
	if state, err = s.Seal.Seal(plain, stateRow, stateField); err != nil {
		return "", "", fmt.Errorf("seal the state of a sign-in: %w", err)
	}
	config := s.provider.oauth(known, back)
	return config.AuthCodeURL(kept.State, oidc.Nonce(kept.Nonce), oauth2.S256ChallengeOption(kept.Verifier)), state, nil
}

func (p *provider) context(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	return oidc.ClientContext(ctx, p.http), cancel
}

// local is a page of this server; the first page for any other address.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func signInAnew() error {
	return models.Unauthorizedf("this sign-in was begun in another browser, or too long ago: begin it anew")
}

// EndProvider takes what the provider sent the browser back with, and begins a session.
func (s *Service) EndProvider(ctx context.Context, back, state string, query url.Values, from models.Client) (models.SignedIn, string, error) {
	if err := s.noProvider(); err != nil {
		return models.SignedIn{}, "", err
	}
	kept, err := s.stateOf(back, state, query)
	if err != nil {
		return models.SignedIn{}, "", err
	}
	asked, cancel := s.provider.context(ctx)
	defer cancel()
	p, err := s.provider.person(asked, kept, query, s.Now)
	if err != nil {
		return models.SignedIn{}, "", s.unreachable(err)
	}
	in, err := s.vouched(ctx, p, from)
	return in, kept.Next, err
}

// stateOf opens the state that the browser kept, which must be the one that the provider
// was given.
func (s *Service) stateOf(back, state string, query url.Values) (signInState, error) {
	var kept signInState
	plain, err := s.Seal.Unseal(state, stateRow, stateField)
	if err != nil || json.Unmarshal(plain, &kept) != nil {
		return kept, signInAnew()
	}
	same := subtle.ConstantTimeCompare([]byte(kept.State), []byte(query.Get("state"))) == 1
	if !same || kept.Back != back || !s.Now().Before(kept.Until) {
		return kept, signInAnew()
	}
	if query.Get("error") == "access_denied" {
		return kept, models.Unauthorizedf("%s did not let you in: sign in there with another account, or ask who runs it", s.Provider())
	}
	return kept, nil
}

// person is what the provider says of somebody.
type person struct {
	subject, name string
	groups        []string
}

// person exchanges the code for a token, which must be of this provider, for this client
// and of this very sign-in.
func (p *provider) person(ctx context.Context, kept signInState, query url.Values, now func() time.Time) (person, error) {
	if problem := query.Get("error"); problem != "" {
		return person{}, fmt.Errorf("it refused: %q", problem)
	}
	if issuer := query.Get("iss"); issuer != "" && issuer != p.config.Issuer {
		return person{}, fmt.Errorf("the answer is of %q", issuer) // RFC 9207
	}
	known, err := p.discovered(ctx)
	if err != nil {
		return person{}, err
	}
	config := p.oauth(known, kept.Back)
	token, err := config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(kept.Verifier))
	if err != nil {
		return person{}, fmt.Errorf("exchange the code: %w", withoutAnswer(err))
	}
	raw, _ := token.Extra("id_token").(string)
	verifier := known.VerifierContext(ctx, &oidc.Config{ClientID: p.config.ClientID, Now: now})
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return person{}, fmt.Errorf("check the token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(kept.Nonce)) != 1 {
		return person{}, errors.New("check the token: it is of another sign-in")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return person{}, fmt.Errorf("read the token: %w", err)
	}
	if err := p.more(ctx, known, token, id.Subject, claims); err != nil {
		return person{}, err
	}
	return person{subject: id.Subject, name: nameIn(claims), groups: texts(claims[p.config.GroupsClaim])}, nil
}

// withoutAnswer keeps what the provider answered, which may hold tokens, out of the log.
func withoutAnswer(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return fmt.Errorf("it answered %q", refused.ErrorCode)
	}
	return err
}
