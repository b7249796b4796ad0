package drive

import (
	"context"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
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
		"RequestLimitExceeded", "RequestThrottled", "TooManyRequests", "InternalError", "OperationAborted", "BadDigest", "IncompleteBody",
		"XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest"}
)

// fault puts an error into words that name the drive. After is how long the service
// asks to wait.
func (d *S3) fault(doing string, after time.Duration, err error) error {
	var known *models.Fault
	var content *SourceError
	var answer minio.ErrorResponse
	switch {
	case errors.As(err, &content), errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &answer):
		return d.answered(doing, after, answer)
	}
	if sentence := s3Unverified(err); sentence != "" {
		return models.Invalidf("drive %q could not %s: %s", d.label, doing, sentence)
	}
	err = fmt.Errorf("drive %q could not %s: %w", d.label, doing, err)
	if Passing(err) || s3CutShort(err) {
		return &PassingError{Cause: err, After: after}
	}
	return err
}

// s3CutShort reports whether an answer could not be read to its end.
func s3CutShort(err error) bool {
	var syntax *xml.SyntaxError
	return errors.As(err, &syntax) || errors.Is(err, io.EOF)
}

// s3Unverified tells of connections that trying again does not mend.
func s3Unverified(err error) string {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "nobody known vouches for the certificate of its endpoint: set tls_ca to the file of the authority"
	case errors.As(err, &host), errors.As(err, &invalid):
		return "the certificate of its endpoint is not valid for that name or time: correct the endpoint, or the certificate"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "its endpoint does not speak TLS: write http:// before it"
	}
	return ""
}

func (d *S3) answered(doing string, after time.Duration, e minio.ErrorResponse) error {
	is := func(codes []string) bool { return slices.Contains(codes, e.Code) }
	switch {
	case is(s3Missing):
		return models.NotFoundf("drive %q could not %s: it is not there in %s", d.label, doing, d.place())
	case is(s3Full), e.StatusCode == http.StatusInsufficientStorage, s3SaysFull(e):
		return models.NoSpacef("drive %q is full (%s): delete old copies from %s, or raise its quota", d.label, e.Code, d.place())
	case is(s3Passing), s3PassingStatus(e.StatusCode), e.Code == "ExpiredToken" && d.renews:
		return &PassingError{After: after, Cause: fmt.Errorf("drive %q could not %s: %w", d.label, doing, s3Said(e))}
	}
	return d.refused(doing, e)
}

// refused tells of what only a person can mend.
func (d *S3) refused(doing string, e minio.ErrorResponse) error {
	is := func(codes []string) bool { return slices.Contains(codes, e.Code) }
	switch {
	case is(s3Refused), e.StatusCode == http.StatusUnauthorized:
		return d.unauthorized("its access key is refused (%s): correct access_key and secret_key", e.Code)
	case e.Code == "ExpiredToken":
		return d.unauthorized("its session_token has expired: set a new one, or an access key that lasts")
	case e.Code == "RequestTimeTooSkewed", e.Code == "RequestExpired":
		return models.Invalidf("drive %q could not %s: the clock of this machine is wrong: set it by NTP", d.label, doing)
	case e.Code == "NoSuchBucket", e.Code == "InvalidBucketName":
		return models.Invalidf("drive %q: there is no bucket %q at its endpoint: make it, or correct the setting bucket", d.label, d.bucket)
	case is(s3Region), e.StatusCode == http.StatusMovedPermanently:
		return models.Invalidf("drive %q: its bucket is in another region%s: correct the setting region", d.label, s3Named(e.Region))
	case e.Code == "ObjectLocked":
		return models.Conflictf("drive %q could not %s: the copy is locked by Object Lock: wait until the lock ends", d.label, doing)
	case e.Code == "InvalidObjectState":
		return models.Conflictf("drive %q could not %s: the copy is archived: restore it on the service first, or set a storage_class that is read at once", d.label, doing)
	case e.Code == "NoSuchUpload":
		return models.Conflictf("drive %q could not %s: the upload was ended by somebody else, perhaps a lifecycle rule of the bucket: try again", d.label, doing)
	case e.StatusCode == http.StatusForbidden:
		return d.unauthorized("its access key may not %s (%s): give it s3:PutObject, GetObject, DeleteObject, ListBucket, AbortMultipartUpload and ListBucketMultipartUploads, on a bucket with versions also DeleteObjectVersion, for %s",
			doing, e.Code, d.place())
	case e.StatusCode == http.StatusNotImplemented, e.StatusCode == http.StatusBadRequest:
		return models.Invalidf("drive %q could not %s: the service refuses that (%s): correct its settings; some services know no checksums, storage_class, sse or object_lock_days",
			d.label, doing, s3Said(e))
	}
	return fmt.Errorf("drive %q could not %s: %w", d.label, doing, s3Said(e))
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

// s3Said is a service's own word for a fault, without the addresses that minio-go
// may add.
func s3Said(e minio.ErrorResponse) error {
	if e.Message == "" || e.Message == e.Code {
		return fmt.Errorf("the service answered %s (%d)", e.Code, e.StatusCode)
	}
	return fmt.Errorf("the service answered %s (%d), %s", e.Code, e.StatusCode, e.Message)
}

func s3Named(region string) string {
	if region == "" {
		return ""
	}
	return ", " + region
}
