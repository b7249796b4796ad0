package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/backupman/backupman/models"
)

// The reasons Google gives, from "Resolve errors" of the Drive API's guides.
var (
	googleBusy = []string{"rateLimitExceeded", "userRateLimitExceeded", "sharingRateLimitExceeded", "dailyLimitExceeded", "downloadQuotaExceeded",
		"backendError", "internalError", "transientError"}
	googleFull = []string{"storageQuotaExceeded", "quotaExceeded", "teamDriveFileLimitExceeded", "activeItemCreationLimitExceeded",
		"numChildrenInNonRootLimitExceeded"}
	googleForbidden = []string{"insufficientFilePermissions", "forbidden", "appNotAuthorizedToFile", "teamDriveMembershipRequired", "cannotAddParent"}
)

// fault puts an error of Google into words that name the drive, and marks what may
// pass by itself.
func (d *GoogleDrive) fault(ctx context.Context, doing string, err error) error {
	var known *models.Fault
	var content *SourceError
	var marked *PassingError
	var answer *googleapi.Error
	switch {
	case err == nil:
		return nil
	case notReached(err) != nil:
		return unreachable(d.label, doing, err)
	case errors.As(err, &known), errors.As(err, &content):
		return googleBare(err)
	case ctx.Err() != nil:
		return fmt.Errorf("drive %q could not %s: %w", d.label, doing, context.Cause(ctx))
	case errors.As(err, &marked):
		return &PassingError{Cause: models.Conflictf("drive %q could not %s: %v", d.label, doing, googleBare(marked.Cause)), After: marked.After, Tried: marked.Tried}
	case errors.As(err, &answer):
		return d.refusal(doing, answer)
	default:
		return d.broken(doing, err)
	}
}

// broken tells of a connection that failed, or of an answer that makes no sense.
func (d *GoogleDrive) broken(doing string, err error) error {
	if told := unreachable(d.label, doing, err); told != err { //nolint:errorlint // the very same is meant
		return told
	}
	return &PassingError{Cause: fmt.Errorf("drive %q could not %s: %w", d.label, doing, googleBare(err))}
}

// refusal puts an answer of Google that says no into words.
func (d *GoogleDrive) refusal(doing string, e *googleapi.Error) error {
	reason := googleReason(e)
	switch {
	case e.Code == http.StatusUnauthorized:
		// The token was fresh, so the sign-in itself is good.
		return &PassingError{Cause: d.account.from.ended(googleMessage(e))}
	case e.Code == http.StatusTooManyRequests, e.Code == http.StatusRequestTimeout, e.Code >= 500, e.Code < 400, slices.Contains(googleBusy, reason):
		return &PassingError{After: googleAfter(e.Header),
			Cause: models.Conflictf("drive %q could not %s: Google is busy (%s): it mostly passes; where it lasts, see the limits of the project in the Google Cloud console", d.label, doing, googleWord(e))}
	case slices.Contains(googleFull, reason):
		return d.full(reason, e)
	case e.Code == http.StatusNotFound:
		return models.NotFoundf("drive %q could not %s: it is not there, or the account may not see it", d.label, doing)
	case reason == "accessNotConfigured":
		return models.Invalidf("drive %q: the Google Drive API is switched off in the project of this client: switch it on in the Google Cloud console, under APIs & Services", d.label)
	case reason == "insufficientPermissions":
		return models.Invalidf("drive %q could not %s: the sign-in does not cover it: sign in again and grant access to Google Drive, or set scope to drive", d.label, doing)
	case slices.Contains(googleForbidden, reason), e.Code == http.StatusForbidden:
		return models.Invalidf("drive %q could not %s: the account may not do that (%s): give it the right in Google Drive; on a shared drive it must be a manager, because only managers delete for good", d.label, doing, googleMessage(e))
	default:
		return models.Conflictf("drive %q could not %s: Google refuses that (%d, %s): try again, and look at its folder in Google Drive if it happens again", d.label, doing, e.Code, googleMessage(e))
	}
}

func (d *GoogleDrive) full(reason string, e *googleapi.Error) error {
	switch {
	case reason == "storageQuotaExceeded" && d.robot && d.shared == "":
		return models.NoSpacef("drive %q: a service account has no storage of its own: set shared_drive to a shared drive that it is a manager of, set subject, or sign in as a person instead", d.label)
	case reason == "storageQuotaExceeded", reason == "quotaExceeded":
		return models.NoSpacef("drive %q: the storage of the Google account is full: free some, empty its trash, or get more", d.label)
	default:
		return models.NoSpacef("drive %q takes no more files (%s): remove some, or use another folder or shared drive", d.label, googleMessage(e))
	}
}

// googleReason is Google's own word for what is wrong.
func googleReason(e *googleapi.Error) string {
	for _, item := range e.Errors {
		if reason := plainWord(item.Reason); reason != "" {
			return reason
		}
	}
	return ""
}

// googleWord is what an answer says in one or two words.
func googleWord(e *googleapi.Error) string {
	if reason := googleReason(e); reason != "" {
		return fmt.Sprintf("%d %s", e.Code, reason)
	}
	return strconv.Itoa(e.Code)
}

// googleMessage is Google's word for what is wrong, or that of the status. Its sentence is
// left out: what answers at an address of the settings need not be Google.
func googleMessage(e *googleapi.Error) string {
	if reason := googleReason(e); reason != "" {
		return reason
	}
	return http.StatusText(e.Code)
}

// googleBare is an error without the address of the request: that of an upload is
// as good as a key.
func googleBare(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if err == io.EOF { //nolint:errorlint // net/http says it bare
		return io.ErrUnexpectedEOF
	}
	return err
}

// googleAfter is how long an answer asks to wait (RFC 9110, section 10.2.3).
func googleAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// isGoogleStatus reports whether an error is an answer with one of some statuses.
func isGoogleStatus(err error, statuses ...int) bool {
	var answer *googleapi.Error
	return errors.As(err, &answer) && slices.Contains(statuses, answer.Code)
}
