package drive

import (
	"crypto/x509"
	"net/url"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/models"
)

var s3Kind = Kind{
	Kind: models.Kind{Provider: "s3", Name: "S3", Settings: []models.Setting{
		{Name: "bucket", Decides: models.DecidesPlace, Label: "Bucket", Type: models.SettingText, Required: true,
			Help: "Name of the bucket. It must exist."},
		{Name: "region", Decides: models.DecidesReceiver, Label: "Region", Type: models.SettingText,
			Help: "Region of the bucket, such as eu-west-1; empty to ask the service."},
		{Name: "endpoint", Decides: models.DecidesReceiver | models.DecidesPlace, Label: "Endpoint", Type: models.SettingText,
			Help: "Address of the service, such as s3.eu-central-003.backblazeb2.com or http://minio:9000; empty for AWS."},
		{Name: "access_key", Decides: models.DecidesHow, Label: "Access key", Type: models.SettingText,
			Help: "Id of the access key; empty to take the key of the environment, of the shared credentials file or of the machine's role."},
		{Name: "secret_key", Decides: models.DecidesHow, Label: "Secret key", Type: models.SettingText, Secret: true,
			Help: "Secret of the access key."},
		{Name: "prefix", Decides: models.DecidesPlace, Label: "Prefix", Type: models.SettingText,
			Help: "Folder inside the bucket that keeps the copies."},
		{Name: "session_token", Decides: models.DecidesHow, Label: "Session token", Type: models.SettingText, Secret: true, Advanced: true,
			Help: "Token that belongs to a temporary access key."},
		{Name: "force_path_style", Decides: models.DecidesHow, Label: "Path style", Type: models.SettingBool, Default: "false", Advanced: true,
			Help: "Put the bucket into the path instead of the host name, whatever the address style is."},
		{Name: "address_style", Decides: models.DecidesHow, Label: "Address style", Type: models.SettingChoice, Choices: []string{"auto", "virtual", "path"}, Default: "auto", Advanced: true,
			Words: map[string]string{"auto": "As the service wants it", "virtual": "In the host name", "path": "In the path"},
			Help:  "Where addresses name the bucket. AWS and a few others want it in the host name, the rest in the path."},
		{Name: "storage_class", Decides: models.DecidesHow, Label: "Storage class", Type: models.SettingText, Advanced: true,
			Help: "Storage class of new copies, such as STANDARD_IA; empty for the service's own choice. Classes that must be thawed first cannot be read back."},
		{Name: "sse", Decides: models.DecidesHow, Label: "Encryption at rest", Type: models.SettingChoice, Choices: []string{"", "AES256", "aws:kms"}, Advanced: true,
			Words: map[string]string{"": "What the bucket says", "AES256": "AES-256, with keys of the service", "aws:kms": "A key of AWS KMS"},
			Help:  "What the service encrypts new copies with."},
		{Name: "sse_kms_key", Decides: models.DecidesHow, Label: "KMS key", Type: models.SettingText, Advanced: true,
			Help: "Id of the key for aws:kms; empty for the account's own."},
		{Name: "checksums", Decides: models.DecidesHow, Label: "Checksums", Type: models.SettingChoice, Choices: []string{"auto", "on", "off"}, Default: "auto", Advanced: true,
			Words: map[string]string{"auto": "To AWS only", "on": "Always", "off": "Never"},
			Help:  "Send CRC64NVME checksums that the service compares and keeps. Some services refuse them."},
		{Name: "part_size_mib", Decides: models.DecidesHow, Label: "Part size", Type: models.SettingInt, Advanced: true,
			Help: "MiB of one part of a large upload, 16 to 64; empty to choose by the expected size. Parts get larger when the service's number of parts would not suffice."},
		{Name: "max_parts", Decides: models.DecidesHow, Label: "Most parts", Type: models.SettingInt, Default: "10000", Advanced: true,
			Help: "How many parts the service allows in one upload; Scaleway allows 1000."},
		{Name: "object_lock_days", Decides: models.DecidesHow, Label: "Lock for days", Type: models.SettingInt, Default: "0", Advanced: true,
			Help: "Days during which nobody can delete a new copy; 0 for none. The bucket must have been made with Object Lock."},
		{Name: "object_lock_mode", Decides: models.DecidesHow, Label: "Who can unlock", Type: models.SettingChoice, Choices: []string{"GOVERNANCE", "COMPLIANCE"}, Default: "GOVERNANCE", Advanced: true,
			Words: map[string]string{"GOVERNANCE": "Those with a special permission (governance)", "COMPLIANCE": "Nobody (compliance)"},
			Help:  "Who can unlock a copy before its days are over."},
		{Name: "presigned_links", Decides: models.DecidesHow, Label: "Direct downloads", Type: models.SettingBool, Default: "true", Advanced: true,
			Help: "Let downloads come from the service directly, by links that end after minutes."},
		{Name: "tls_ca", Decides: models.DecidesReceiver, Label: "Certificate authority", Type: models.SettingPath, Advanced: true,
			Help: "File of the certificates that may vouch for the service; empty for the system's."},
	}},
	Open: func(p Place) (Drive, error) { return openS3(p) },
}

// s3Lock is how long nobody can delete a new copy.
type s3Lock struct {
	days int
	mode minio.RetentionMode
}

// s3Reader reads settings and keeps the first mistake.
type s3Reader struct {
	place Place
	err   error
}

func (r *s3Reader) wrong(format string, args ...any) {
	if r.err == nil {
		r.err = models.Invalidf("drive %q: "+format, append([]any{r.place.Label}, args...)...)
	}
}

func (r *s3Reader) text(name string) string { return strings.TrimSpace(r.place.Settings[name]) }

func (r *s3Reader) number(name string, fallback, least, most int) int {
	value := r.text(name)
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || (n != fallback && (n < least || n > most)) {
		r.wrong("%s is %q: use a number from %d to %d", name, value, least, most)
	}
	return n
}

// endpoint returns host[:port] of the service, and whether it speaks TLS.
func (r *s3Reader) endpoint() (host string, secure bool) {
	value := r.text("endpoint")
	if value == "" {
		return s3Amazon, true
	}
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || (u.Scheme != "https" && u.Scheme != "http") {
		r.wrong("its endpoint is not an address of a service: use host, host:port, https://host or http://host, without a path")
		return "", false
	}
	return u.Host, u.Scheme == "https"
}

func (r *s3Reader) lookup() minio.BucketLookupType {
	style := r.text("address_style")
	switch {
	case r.place.Settings.Bool("force_path_style"), style == "path":
		return minio.BucketLookupPath
	case style == "virtual":
		return minio.BucketLookupDNS
	}
	return minio.BucketLookupAuto
}

func (r *s3Reader) prefix() string {
	prefix := strings.Trim(r.text("prefix"), "/")
	if prefix == "" {
		return ""
	}
	if checkKey(prefix+"/x") != nil {
		r.wrong("its prefix %q is not a folder: use a path such as backups/shop, without . and ..", prefix)
	}
	return prefix + "/"
}

func (r *s3Reader) lock() s3Lock {
	lock := s3Lock{days: r.number("object_lock_days", 0, 1, 36500), mode: minio.RetentionMode(r.text("object_lock_mode"))}
	if lock.mode == "" {
		lock.mode = minio.Governance
	}
	return lock
}

// headers returns what every new copy is stored with.
func (r *s3Reader) headers() map[string]string {
	sse, key := r.text("sse"), r.text("sse_kms_key")
	headers := map[string]string{}
	if sse != "" {
		headers["X-Amz-Server-Side-Encryption"] = sse
	}
	if key != "" && sse != "aws:kms" {
		r.wrong("it has an sse_kms_key, which only goes with sse aws:kms: set sse, or leave the key out")
	}
	if key != "" {
		headers["X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"] = key
	}
	return headers
}

func (r *s3Reader) authorities() *x509.CertPool {
	pool, err := certificates(r.text("tls_ca"))
	if err != nil {
		r.wrong("%v", err)
	}
	return pool
}
