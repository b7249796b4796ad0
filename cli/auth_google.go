package cli

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/oauth2"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

const (
	googleProvider = "google_drive"
	// googleWait is how long a person may take on Google's pages.
	googleWait = 5 * time.Minute
	// googlePasteRedirect is where Google sends a browser on another machine, whose
	// address is pasted then. Google allows it for every desktop client.
	googlePasteRedirect = "http://localhost"
)

func newAuthGoogle(f *flags) *cobra.Command {
	in := &googleLogin{}
	cmd := &cobra.Command{
		Use:   "auth-google [DRIVE]",
		Short: "Sign in to Google for a Google Drive",
		Long: `Signs in to the Google account of a drive and writes its token file. Open the
address it prints in a browser on this machine; where there is none, use --paste and
a browser anywhere. The label may be left out when there is one Google Drive. Ends
with status 0 when the token is kept and the drive works with it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.label = strings.Join(args, "")
			in.out, in.in = cmd.OutOrStdout(), cmd.InOrStdin()
			return in.run(cmd.Context(), f)
		},
	}
	cmd.Flags().BoolVar(&in.paste, "paste", false, "ask for the address that the browser ends at, instead of waiting for the browser")
	cmd.Flags().StringVar(&in.listen, "listen", "127.0.0.1:0", "address on this machine that the browser is sent to; a client for web applications allows only those it names")
	return cmd
}

// googleLogin is one sign-in on the command line.
type googleLogin struct {
	label, listen string
	paste         bool
	in            io.Reader
	out           io.Writer
}

func (g *googleLogin) run(ctx context.Context, f *flags) error {
	c, err := f.load("")
	if err != nil {
		return err
	}
	planned, err := f.together(ctx, c)
	if err != nil {
		return err
	}
	row, err := googleDriveOf(planned.Drives, g.label)
	if err != nil {
		return err
	}
	kind, err := drive.Lookup(googleProvider)
	if err != nil {
		return err
	}
	if row.Settings, err = f.revealed(ctx, c, kind.Kind, row); err != nil {
		return err
	}
	place := drive.Place{Label: row.Label, Settings: row.Settings, Policy: drive.DefaultPolicy()}
	signIn, err := kind.SignIn(place)
	if err != nil {
		return err
	}
	if err := g.signIn(ctx, signIn); err != nil {
		return err
	}
	return g.check(ctx, kind, place)
}

// googleDriveOf finds the Google Drive of a label, or the only one.
func googleDriveOf(drives []models.Drive, label string) (models.Drive, error) {
	var labels []string
	var found []models.Drive
	for _, d := range drives {
		if d.Provider != googleProvider {
			continue
		}
		labels = append(labels, fmt.Sprintf("%q", d.Label))
		if label == "" || d.Label == label {
			found = append(found, d)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(labels) == 0:
		return models.Drive{}, models.NotFoundf("the configuration has no drive of the provider google_drive: add one below drives, see docs/google-drive.md")
	case label == "":
		return models.Drive{}, models.Invalidf("there are several Google Drives: name one of %s", strings.Join(labels, ", "))
	default:
		return models.Drive{}, models.NotFoundf("there is no Google Drive %q: there are %s", label, strings.Join(labels, ", "))
	}
}

// signIn sends a person to Google and finishes with what comes back.
func (g *googleLogin) signIn(ctx context.Context, s drive.SignIn) error {
	ctx, cancel := context.WithTimeoutCause(ctx, googleWait, models.Invalidf("nobody signed in within %s: try again", googleWait))
	defer cancel()
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	redirect, answer, done, err := g.wait(ctx)
	if err != nil {
		return err
	}
	defer done()
	fmt.Fprintf(g.out, "Open this address in a browser, and allow access to Google Drive:\n\n  %s\n\n", s.URL(redirect, state, verifier))
	if g.paste {
		fmt.Fprintf(g.out, "The browser then ends at a page of %s that may not open.\nPaste its whole address here: ", googlePasteRedirect)
	}
	select {
	case said := <-answer:
		code, err := said.code(state)
		if err != nil {
			return err
		}
		return s.Finish(ctx, redirect, code, verifier)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// wait prepares for what Google sends back, and tells where it is to send it.
func (g *googleLogin) wait(ctx context.Context) (redirect string, answer <-chan googleAnswer, done func(), err error) {
	if g.paste {
		return googlePasteRedirect, g.pasted(), func() {}, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", g.listen)
	if err != nil {
		return "", nil, nil, models.Invalidf("can't wait for the browser on %s: %v", g.listen, err)
	}
	answers := make(chan googleAnswer, 1)
	server := &http.Server{Handler: googleLanding(answers), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // it ends by done
	stop := func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(late) // the page may still be on its way
	}
	return "http://" + l.Addr().String(), answers, stop, nil
}

// pasted reads a line with the address that the browser ended at.
func (g *googleLogin) pasted() <-chan googleAnswer {
	answers := make(chan googleAnswer, 1)
	go func() {
		line, err := bufio.NewReader(g.in).ReadString('\n')
		line = strings.TrimSpace(line)
		if line == "" {
			answers <- googleAnswer{err: cmp.Or(err, error(models.Invalidf("nothing was pasted: try again")))}
			return
		}
		at, err := url.Parse(line)
		if err != nil {
			answers <- googleAnswer{err: models.Invalidf("what was pasted is not an address: paste all of it, from http:// on")}
			return
		}
		answers <- googleAnswer{query: at.Query()}
	}()
	return answers
}

// googleLanding is the page that the browser ends at.
func googleLanding(answers chan<- googleAnswer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/" || (q.Get("code") == "" && q.Get("error") == "") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "Back to the terminal: it says how the sign-in went. This page may be closed.")
		select {
		case answers <- googleAnswer{query: q}:
		default: // the first answer counts
		}
	})
}

// googleAnswer is what Google sends back through the browser.
type googleAnswer struct {
	query url.Values
	err   error
}

// code returns the code, when the answer belongs to this sign-in.
func (a googleAnswer) code(state string) (string, error) {
	switch {
	case errors.Is(a.err, io.EOF):
		return "", models.Invalidf("nothing was pasted: try again")
	case a.err != nil:
		return "", a.err
	case a.query.Get("state") != state:
		return "", &models.Fault{Kind: models.ErrUnauthorized, Sentence: "the answer belongs to another sign-in, or not all of the address was pasted: try again with the address printed last"}
	case a.query.Get("error") != "":
		return "", &models.Fault{Kind: models.ErrUnauthorized, Sentence: "Google did not let you in: " + a.query.Get("error")}
	case a.query.Get("code") == "":
		return "", models.Invalidf("the address holds no code: paste all of it")
	}
	return a.query.Get("code"), nil
}

// check tries the drive with the new token.
func (g *googleLogin) check(ctx context.Context, kind drive.Kind, place drive.Place) error {
	d, err := kind.Open(place)
	if err != nil {
		return err
	}
	if _, err := d.Check(ctx); err != nil {
		return fmt.Errorf("you are signed in and the token is kept, but the drive does not work yet: %w", err)
	}
	_, err = fmt.Fprintf(g.out, "Signed in: drive %q writes, reads back and deletes.\n", place.Label)
	return err
}
