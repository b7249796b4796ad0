package drive

import (
	"context"
	"sync"

	"golang.org/x/oauth2"

	"github.com/backupman/backupman/models"
)

// googleAccount hands out the access token of an account and renews it when it has
// ended.
type googleAccount struct {
	from googleTokens
	// turn is held while a token is fetched, so that one request asks for all.
	turn chan struct{}

	mu    sync.Mutex
	token *oauth2.Token
	// dead is an access token that Google has refused.
	dead string
}

// googleTokens is where access tokens come from.
type googleTokens interface {
	// fetch returns an access token that is not the dead one.
	fetch(ctx context.Context, dead string) (*oauth2.Token, error)
	// trouble tells what will keep later tokens from being had, or nil.
	trouble() error
	// ended is the sentence for a sign-in that Google does not accept any more.
	ended(reason string) error
}

// newGoogleAccount looks only at the settings, not at the files they name.
func newGoogleAccount(p Place) (*googleAccount, error) {
	s := p.Settings
	a := &googleAccount{turn: make(chan struct{}, 1)}
	switch {
	case s["service_account_file"] != "" && s["token_file"] != "":
		return nil, models.Invalidf("drive %q: service_account_file and token_file are two ways to sign in: keep one of them", p.Label)
	case s["service_account_file"] != "":
		a.from = &googleRobot{label: p.Label, file: s["service_account_file"], subject: s["subject"], scope: googleScope(s), asking: googleAsking{stall: p.Policy.Stall, reach: p.Outgoing}}
	case s["client_secret_file"] == "" || s["token_file"] == "":
		return nil, models.Invalidf("drive %q: set client_secret_file and token_file, or service_account_file", p.Label)
	default:
		a.from = &googlePerson{label: p.Label, client: s["client_secret_file"], file: s["token_file"], scope: googleScope(s), asking: googleAsking{stall: p.Policy.Stall, reach: p.Outgoing}}
	}
	return a, nil
}

// access returns an access token.
func (a *googleAccount) access(ctx context.Context) (string, error) {
	if token := a.current(); token != "" {
		return token, nil
	}
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	if token := a.current(); token != "" {
		return token, nil
	}
	a.mu.Lock()
	dead := a.dead
	a.mu.Unlock()
	token, err := a.from.fetch(ctx, dead)
	if err != nil {
		return "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token = token
	return token.AccessToken, nil
}

// current returns the token that is at hand, or nothing.
func (a *googleAccount) current() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token.Valid() {
		return a.token.AccessToken
	}
	return ""
}

// drop forgets an access token that Google has refused.
func (a *googleAccount) drop(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dead = token
	if a.token != nil && a.token.AccessToken == token {
		a.token = nil
	}
}
