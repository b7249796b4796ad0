package drive

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/backupman/backupman/models"
)

// googleSignIn lets a person in through Google's consent page.
type googleSignIn struct {
	label, file, scope string
	conf               *oauth2.Config
	asking             googleAsking
}

var _ SignIn = (*googleSignIn)(nil)

// newGoogleSignIn reads the client; there need not be a token.
func newGoogleSignIn(p Place) (*googleSignIn, error) {
	s := p.Settings
	switch {
	case s["service_account_file"] != "":
		return nil, models.Invalidf("drive %q uses a service account, which signs in by itself", p.Label)
	case s["client_secret_file"] == "" || s["token_file"] == "":
		return nil, models.Invalidf("drive %q: set client_secret_file and token_file before signing in", p.Label)
	}
	scope := googleScope(s)
	conf, err := googleClient(p.Label, s["client_secret_file"], scope)
	if err != nil {
		return nil, err
	}
	return &googleSignIn{label: p.Label, file: s["token_file"], scope: scope, conf: conf, asking: googleAsking{stall: p.Policy.Stall, reach: p.Outgoing}}, nil
}

// URL asks for access that lasts, and for consent each time: without that Google
// gives no second refresh token.
func (g *googleSignIn) URL(redirect, state, verifier string) string {
	conf := *g.conf
	conf.RedirectURL = redirect
	return conf.AuthCodeURL(state, oauth2.AccessTypeOffline, oauth2.ApprovalForce, oauth2.S256ChallengeOption(verifier))
}

// Finish trades the code for a token and writes that to the token file.
func (g *googleSignIn) Finish(ctx context.Context, redirect, code, verifier string) error {
	conf := *g.conf
	conf.RedirectURL = redirect
	asked, heard := g.asking.context(ctx)
	token, err := conf.Exchange(asked, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return googleTokenFault(ctx, g.label, heard.blame(err), func(reason string) error {
			return &models.Fault{Kind: models.ErrUnauthorized, Sentence: "drive " + quoted(g.label) + ": Google did not accept the sign-in (" + reason + "): try again"}
		})
	}
	if granted, ok := token.Extra("scope").(string); ok && !slices.Contains(strings.Fields(granted), g.scope) {
		return models.Invalidf("drive %q: the permission for Google Drive was not given: sign in again and tick it on Google's page", g.label)
	}
	if token.RefreshToken == "" {
		return models.Invalidf("drive %q: Google gave a sign-in that ends within the hour: remove this program below Third-party apps in the Google account, and sign in again", g.label)
	}
	if err := writeGoogleToken(g.file, token); err != nil {
		return models.Invalidf("drive %q: the sign-in can't be kept in %s: %v", g.label, g.file, err)
	}
	return nil
}
