package drive

import (
	"context"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/backupman/backupman/models"
)

// googleRobot is a service account, which signs in with a key of its own
// (RFC 7523).
type googleRobot struct {
	label, file, subject, scope string
	asking                      googleAsking
}

func (r *googleRobot) fetch(ctx context.Context, _ string) (*oauth2.Token, error) {
	text, err := os.ReadFile(r.file)
	if err != nil {
		return nil, models.Invalidf("drive %q: service_account_file can't be read: %v", r.label, err)
	}
	conf, err := google.JWTConfigFromJSON(text, r.scope)
	if err != nil || len(conf.PrivateKey) == 0 {
		return nil, models.Invalidf("drive %q: %s is not the key of a service account: make one in the Google Cloud console, as JSON", r.label, r.file)
	}
	conf.Subject = r.subject
	asked, heard := r.asking.context(ctx)
	token, err := conf.TokenSource(asked).Token()
	if err != nil {
		return nil, googleTokenFault(ctx, r.label, heard.blame(err), r.ended)
	}
	return token, nil
}

// trouble is nothing: the key file is only read.
func (r *googleRobot) trouble() error { return nil }

func (r *googleRobot) ended(reason string) error {
	way := "make a new key in the Google Cloud console, and put it into " + r.file
	if r.subject != "" {
		way += "; and look in the Admin console whether the account may still act as " + r.subject
	}
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: "drive " + quoted(r.label) + ": Google does not let the service account in (" + reason + "): " + way}
}
