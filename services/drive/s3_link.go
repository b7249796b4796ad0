package drive

import (
	"context"
	"mime"
	"net/url"
	"time"

	"github.com/backupman/backupman/models"
)

// s3LongestLink is how long a signed link may work, in seconds, by the signature's
// own rules.
const s3LongestLink = 7 * 24 * 3600

// Link returns a signed link to a copy. Whoever has it can download until it ends.
func (d *S3) Link(ctx context.Context, key, fileName string, seconds int) (string, error) {
	if err := checkKey(key); err != nil {
		return "", err
	}
	if !d.links {
		return "", models.Conflictf("drive %q makes no direct links: its setting presigned_links is off", d.label)
	}
	if seconds < 1 || seconds > s3LongestLink {
		return "", models.Invalidf("a direct link works from 1 second to 7 days, not %d seconds", seconds)
	}
	saveAs := url.Values{"response-content-disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": fileName})}}
	var link *url.URL
	err := d.call(ctx, "make a link", func(ctx context.Context) (err error) {
		link, err = d.client.PresignedGetObject(ctx, d.bucket, d.name(key), time.Duration(seconds)*time.Second, saveAs)
		return err
	})
	if err != nil {
		return "", err
	}
	return link.String(), nil
}
