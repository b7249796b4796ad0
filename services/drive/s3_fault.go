package drive

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/models"
)

// Codes of errors, as the S3 API's reference and the services' own list them.
var (
	s3Missing = []string{"NoSuchKey", "NoSuchVersion", "NotFound"}
	s3Refused = []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "TokenRefreshRequired", "Unauthorized",
		"InvalidSecurity", "NotSignedUp", "AccountProblem", "InvalidClientTokenId", "XAdminUserNotFound", "UnrecognizedClientException"}
	s3Full    = []string{"QuotaExceeded", "InsufficientCapacity", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "StorageCapExceeded", "InsufficientStorage"}
	s3Region  = []string{"AuthorizationHeaderMalformed", "PermanentRedirect", "InvalidRegion", "IllegalLocationConstraintException", "TemporaryRedirect"}
	s3Passing = []string{"SlowDown", "SlowDownRead", "SlowDownWrite", "ServiceUnavailable", "Busy", "RequestTimeout", "Throttling", "ThrottlingException",
		"RequestLimitExceeded", "RequestThrottled", "TooManyRequests", "InternalError", "OperationAborted", "ConditionalRequestConflict", "BadDigest", "IncompleteBody",
		"XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest"}
)

// fault puts an error into words that name the drive. After is how long the service
// asks to wait.
func (d *S3) fault(doing string, after time.Duration, err error) error {
	var known *models.Fault
	var content *SourceError
	var answer minio.ErrorResponse
	var syntax *xml.SyntaxError
	switch {
	case notReached(err) != nil:
		return unreachable(d.label, doing, err)
	case errors.As(err, &content), errors.As(err, &known), errors.Is(err, context.Canceled):
		return s3Bare(err)
	case errors.As(err, &answer):
		return d.answered(doing, after, answer)
	case errors.As(err, &syntax):
		return d.passing(doing, after, "the answer of the service cannot be read: see whether its endpoint is right and what stands in between, and try again")
	}
	if told := unreachable(d.label, doing, err); told != err { //nolint:errorlint // the very same is meant
		return told
	}
	return fmt.Errorf("drive %q could not %s: %w", d.label, doing, s3Bare(err))
}

// s3Bare is an error without the address of its request, which says nothing to people.
func s3Bare(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}

// passing is a fault that may pass by itself, and asks to wait for a while.
func (d *S3) passing(doing string, after time.Duration, why string) error {
	return &PassingError{After: after, Cause: models.Conflictf("drive %q could not %s: %s", d.label, doing, why)}
}

func (d *S3) answered(doing string, after time.Duration, e minio.ErrorResponse) error {
	is := func(codes []string) bool { return slices.Contains(codes, e.Code) }
	switch {
	case is(s3Missing):
		return models.NotFoundf("drive %q could not %s: it is not there in %s", d.label, doing, d.place())
	case is(s3Full), e.StatusCode == http.StatusInsufficientStorage, s3SaysFull(e):
		return models.NoSpacef("drive %q is full (%s): delete old copies from %s, or raise its quota", d.label, s3Said(e), d.place())
	case is(s3Passing), s3PassingStatus(e.StatusCode), e.Code == "ExpiredToken" && d.renews:
		return d.passing(doing, after, s3Said(e)+": it is busy or has a fault of its own, which mostly passes; look at its status page when this lasts")
	}
	return d.refused(doing, e)
}

// refused tells of what only a person can mend.
func (d *S3) refused(doing string, e minio.ErrorResponse) error {
	is := func(codes []string) bool { return slices.Contains(codes, e.Code) }
	switch {
	case is(s3Refused), e.StatusCode == http.StatusUnauthorized:
		return d.unauthorized("its access key is refused (%s): correct access_key and secret_key", s3Said(e))
	case e.Code == "ExpiredToken":
		return d.unauthorized("its session_token has expired: set a new one, or an access key that lasts")
	case e.Code == "RequestTimeTooSkewed", e.Code == "RequestExpired":
		return models.Invalidf("drive %q could not %s: the clock of this machine is wrong: set it by NTP", d.label, doing)
	case e.Code == "NoSuchBucket", e.Code == "InvalidBucketName":
		return models.Invalidf("drive %q: there is no bucket %q at its endpoint: make it, or correct the setting bucket", d.label, d.bucket)
	case is(s3Region), e.StatusCode == http.StatusMovedPermanently:
		return models.Invalidf("drive %q: its bucket is in another region%s: correct the setting region", d.label, s3Named(e.Region))
	case s3CannotLock(e):
		return models.Invalidf("drive %q: the bucket %q was made without Object Lock: make one with it, or remove object_lock_days", d.label, d.bucket)
	case e.Code == "ObjectLocked":
		return models.Conflictf("drive %q could not %s: the copy is locked by Object Lock: wait until the lock ends", d.label, doing)
	case e.Code == "InvalidObjectState":
		return models.Conflictf("drive %q could not %s: the copy is archived: restore it on the service first, or set a storage_class that is read at once", d.label, doing)
	case e.Code == "NoSuchUpload":
		return models.Conflictf("drive %q could not %s: the upload was ended by somebody else, perhaps a lifecycle rule of the bucket: try again", d.label, doing)
	case e.StatusCode == http.StatusForbidden:
		return d.unauthorized("its access key may not %s (%s): give it s3:%s, for %s", doing, s3Said(e), d.needs(), d.place())
	case e.StatusCode == http.StatusNotImplemented, e.StatusCode == http.StatusBadRequest:
		return models.Invalidf("drive %q could not %s: the service refuses that (%s): correct its settings; some services know no checksums, storage_class, sse or object_lock_days",
			d.label, doing, s3Said(e))
	}
	return models.Conflictf("drive %q could not %s: %s: ask who runs the service", d.label, doing, s3Said(e))
}

// needs names what an access key must be allowed.
func (d *S3) needs() string {
	needs := "PutObject, GetObject, DeleteObject, ListBucket, AbortMultipartUpload, ListMultipartUploadParts and ListBucketMultipartUploads, on a bucket with versions also DeleteObjectVersion"
	if d.lock.days > 0 {
		needs += ", and for object_lock_days PutObjectRetention and GetObjectRetention"
	}
	return needs
}

func (d *S3) unauthorized(format string, args ...any) error {
	return &models.Fault{Kind: models.ErrUnauthorized, Sentence: fmt.Sprintf("drive %q: "+format, append([]any{d.label}, args...)...)}
}

// s3PassingStatus reports whether a status says that a service is busy or broken. A
// success beside an error is an answer that went wrong on its way.
func s3PassingStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, 499:
		return true
	}
	return status/100 == 2 || (status >= 500 && status != http.StatusNotImplemented)
}

// s3SaysFull looks for services that have no code of their own for a quota.
func s3SaysFull(e minio.ErrorResponse) bool {
	said := strings.ToLower(e.Message)
	return e.StatusCode == http.StatusForbidden && (strings.Contains(said, "cap exceeded") || strings.Contains(said, "quota"))
}

// s3Said is a service's own code for a fault. Its sentence is left out: what answers at an
// address that somebody typed need not be a service, and is not shown to them.
func s3Said(e minio.ErrorResponse) string {
	if code := plainWord(e.Code); code != "" {
		return fmt.Sprintf("the service answered %s (%d)", code, e.StatusCode)
	}
	return fmt.Sprintf("the service answered %d", e.StatusCode)
}

func s3Named(region string) string {
	if region = plainWord(region); region == "" {
		return ""
	}
	return ", " + region
}
