package drive

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"

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
	asking       googleAsking

	mu sync.Mutex
	// unsaved is a token whose file could not be written, and instead the refresh
	// token that the file holds in its place.
	unsaved *oauth2.Token
	instead string
}

// fetch returns the token in the file while that is good, and a new one in
// exchange for the refresh token otherwise.
func (p *googlePerson) fetch(ctx context.Context, dead string) (*oauth2.Token, error) {
	kept, inFile, err := p.kept()
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
	asked, heard := p.asking.context(ctx)
	fresh, err := conf.TokenSource(asked, &oauth2.Token{RefreshToken: kept.RefreshToken}).Token()
	if err == nil {
		p.keep(fresh, inFile)
		return fresh, nil
	}
	if p.replaced(inFile) && ctx.Err() == nil {
		return p.fetch(ctx, dead) // another process has renewed it, or a person has signed in anew
	}
	return nil, googleTokenFault(ctx, p.label, heard.blame(err), p.ended)
}

// replaced reports whether the file holds another sign-in than one with the given
// refresh token.
func (p *googlePerson) replaced(refresh string) bool {
	token, err := readGoogleToken(p.file)
	return err == nil && token.RefreshToken != "" && token.RefreshToken != refresh
}

// kept is the token that was signed in with, and the refresh token that the file has,
// which is an earlier one while that of the token could not be written.
func (p *googlePerson) kept() (token *oauth2.Token, inFile string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unsaved != nil && !p.replaced(p.instead) {
		return p.unsaved, p.instead, nil
	}
	p.unsaved = nil
	token, err = readGoogleToken(p.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", &models.Fault{Kind: models.ErrUnauthorized, Sentence: "drive " + quoted(p.label) + ": nobody has signed in to Google yet, " + p.file + " is missing: " + p.wayIn("sign in")}
	case err != nil:
		return nil, "", models.Invalidf("drive %q: the token in %s can't be read (%v): %s", p.label, p.file, err, p.wayIn("sign in again"))
	}
	return token, token.RefreshToken, nil
}

// keep writes a new token down. That an access token is not kept costs a request
// later; a refresh token that is not kept is a sign-in lost. A sign-in that came into
// the file meanwhile, by a person or by another process, stays.
func (p *googlePerson) keep(fresh *oauth2.Token, inFile string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsaved = nil
	if p.replaced(inFile) {
		return
	}
	if err := writeGoogleToken(p.file, fresh); err != nil && fresh.RefreshToken != inFile {
		p.unsaved, p.instead = fresh, inFile
	}
}

// trouble tries once more to keep what could not be kept.
func (p *googlePerson) trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unsaved != nil && p.replaced(p.instead) {
		p.unsaved = nil
	}
	if p.unsaved == nil {
		return nil
	}
	if err := writeGoogleToken(p.file, p.unsaved); err != nil {
		return models.Invalidf("drive %q: Google has renewed the sign-in, and %s can't be written (%v): let this program write it before it ends, or sign in again afterwards", p.label, p.file, err)
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
