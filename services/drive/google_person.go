package drive

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/backupman/backupman/models"
)

// googlePerson is an account that a person has signed in to.
type googlePerson struct {
	label string
	// client is the file of the OAuth client, file that of the token.
	client, file string
	scope        string
	stall        time.Duration

	mu sync.Mutex
	// unsaved is a token whose file could not be written.
	unsaved *oauth2.Token
	why     error
}

// fetch returns the token in the file while that is good, and a new one in
// exchange for the refresh token otherwise.
func (p *googlePerson) fetch(ctx context.Context, dead string) (*oauth2.Token, error) {
	kept, err := p.kept()
	if err != nil {
		return nil, err
	}
	if kept.Valid() && kept.AccessToken != dead {
		return kept, nil
	}
	if kept.RefreshToken == "" {
		return nil, p.ended("its file " + p.file + " holds no refresh token")
	}
	conf, err := googleClient(p.label, p.client, p.scope)
	if err != nil {
		return nil, err
	}
	fresh, err := conf.TokenSource(googleTokenContext(ctx, p.stall), &oauth2.Token{RefreshToken: kept.RefreshToken}).Token()
	if err != nil {
		return nil, googleTokenFault(ctx, p.label, err, p.ended)
	}
	p.keep(fresh, kept.RefreshToken)
	return fresh, nil
}

// kept is the token that was signed in with.
func (p *googlePerson) kept() (*oauth2.Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unsaved != nil {
		return p.unsaved, nil
	}
	token, err := readGoogleToken(p.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &models.Fault{Kind: models.ErrUnauthorized, Sentence: "drive " + quoted(p.label) + ": nobody has signed in to Google yet, " + p.file + " is missing: " + p.wayIn("sign in")}
	case err != nil:
		return nil, models.Invalidf("drive %q: the token in %s can't be read (%v): %s", p.label, p.file, err, p.wayIn("sign in again"))
	}
	return token, nil
}

// keep writes a new token down. That an access token is not kept costs a request
// later; a refresh token that is not kept is a sign-in lost.
func (p *googlePerson) keep(fresh *oauth2.Token, before string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := writeGoogleToken(p.file, fresh)
	p.unsaved, p.why = nil, nil
	if err != nil && fresh.RefreshToken != before {
		p.unsaved, p.why = fresh, err
	}
}

// trouble tries once more to keep what could not be kept.
func (p *googlePerson) trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unsaved == nil {
		return nil
	}
	if p.why = writeGoogleToken(p.file, p.unsaved); p.why != nil {
		return models.Invalidf("drive %q: Google has renewed the sign-in, and %s can't be written (%v): let this program write it before it ends, or sign in again afterwards", p.label, p.file, p.why)
	}
	p.unsaved = nil
	return nil
}

func (p *googlePerson) ended(reason string) error {
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: "drive " + quoted(p.label) + ": the sign-in to Google has ended (" + reason + "): " + p.wayIn("sign in again")}
}

func (p *googlePerson) wayIn(do string) string {
	return do + " on the Drives page or with backupman auth-google " + quoted(p.label)
}

// googleClient reads the file of an OAuth client.
func googleClient(label, file, scope string) (*oauth2.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, models.Invalidf("drive %q: client_secret_file can't be read: %v", label, err)
	}
	conf, err := google.ConfigFromJSON(text, scope)
	if err != nil {
		return nil, models.Invalidf("drive %q: %s is not the file of an OAuth client with a redirect address: download it from the Google Cloud console, as JSON", label, file)
	}
	if conf.Endpoint.AuthURL == "" {
		conf.Endpoint.AuthURL = google.Endpoint.AuthURL
	}
	if conf.Endpoint.TokenURL == "" {
		conf.Endpoint.TokenURL = google.Endpoint.TokenURL
	}
	conf.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	return conf, nil
}
