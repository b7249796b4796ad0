package pages

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/views/drives"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/origin"
)

// ErrSignIn says that a sign-in to a drive's provider was not completed.
var ErrSignIn = errors.New("sign-in not completed")

const (
	// SignInCallback is where a provider sends people back to.
	SignInCallback = "/drives/sign-in/callback"
	// signInCookie binds a sign-in to the browser that began it.
	signInCookie = "backupman_sign_in"
	// signedInParameter names the drive whose sign-in has just succeeded.
	signedInParameter = "signed-in"
)

// SignInDrive answers POST /drives/:id/sign-in by sending the person to the
// provider's own page.
func (h *Handlers) SignInDrive(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	signIn, row, err := h.Catalog.SignIn(c.Request.Context(), id)
	if err != nil {
		return err
	}
	identity.Note(c, "drive "+row.Label, id, "begun")
	redirect := origin.Of(c.Request, h.AppURL, h.Proxies) + SignInCallback
	begun := h.SignIns.begin(id, redirect, nextPage(c.Query(drives.NextField)))
	setSignInCookie(c, redirect, begun.browser, int(signInLife/time.Second))
	return seeOther(c, signIn.URL(redirect, begun.state, begun.verifier))
}

// SignedIn answers GET /drives/sign-in/callback, where the provider sends the person
// back to. It changes something although it is a GET: that is how providers answer,
// and its state, which only this server and this browser know, stands for the form.
func (h *Handlers) SignedIn(c *gin.Context) error {
	begun, err := h.resume(c)
	if err != nil {
		return err
	}
	setSignInCookie(c, begun.redirect, "", -1)
	if refused := c.Query("error"); refused != "" {
		return signInRefused(refused)
	}
	code := c.Query("code")
	if code == "" {
		return signInFault("the provider sent no code")
	}
	signIn, row, err := h.Catalog.SignIn(c.Request.Context(), begun.driveID)
	if err != nil {
		return err
	}
	identity.Note(c, "drive "+row.Label, begun.driveID, "completed")
	if err := signIn.Finish(c.Request.Context(), begun.redirect, code, begun.verifier); err != nil {
		return unfinished(row, err)
	}
	h.Catalog.Reopen(begun.driveID)
	return h.checkAndShow(c, begun.driveID, begun.next, "?"+signedInParameter+"="+begun.driveID)
}

// resume returns the sign-in that a request carries on, which can be done once.
func (h *Handlers) resume(c *gin.Context) (signInBegun, error) {
	browser, _ := c.Cookie(signInCookie) // none fits nothing
	begun, err := h.SignIns.take(c.Query("state"), browser)
	switch {
	case errors.Is(err, errOtherBrowser):
		return begun, signInFault("it was begun in another browser, or at another address of this server: begin at " + origin.Of(c.Request, h.AppURL, h.Proxies))
	case err != nil:
		return begun, signInFault("it took longer than ten minutes, or it was completed before")
	}
	return begun, nil
}

// setSignInCookie keeps or, with a negative age, removes the mark of a browser. Lax
// lets it come along when the provider sends the person back.
func setSignInCookie(c *gin.Context, redirect, value string, age int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: signInCookie, Value: value, Path: SignInCallback, MaxAge: age, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(redirect, "https://"),
	})
}

// signInRefused tells why a provider let nobody in (RFC 6749, section 4.1.2.1). What
// it says is shown only in words of ours.
func signInRefused(word string) error {
	switch word {
	case "access_denied":
		return signInFault("access was denied on the provider's page: allow it there")
	case "temporarily_unavailable", "server_error":
		return signInFault("the provider cannot answer right now")
	}
	return signInFault("the provider refused it: see in its console whether the client of the drive may use this address")
}

func signInFault(why string) error {
	return &models.Fault{Kind: ErrSignIn, Sentence: why + "; nothing was changed"}
}

// unfinished tells why a code could not be traded for a token.
func unfinished(row models.Drive, err error) error {
	var fault *models.Fault
	switch {
	case errors.As(err, &fault):
		return fmt.Errorf("%w: %w", ErrSignIn, err)
	case drive.Passing(err):
		return &models.Fault{Kind: ErrSignIn, Sentence: err.Error()}
	}
	return fmt.Errorf("finish the sign-in to drive %q: %w", row.Label, err)
}
