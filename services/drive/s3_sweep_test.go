package drive_test

import (
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// A service that was still taking in a part may keep an upload that was given up, and
// list it no more.
func TestS3SweepGivesUpOnceMoreWhatTheLastOneGaveUp(t *testing.T) {
	server := servers.S3(t)
	proxy := servers.HTTPProxy(t, server.URL)
	kind, err := drive.Lookup("s3")
	if err != nil {
		t.Fatal(err)
	}
	d, err := kind.Open(drive.Place{Label: "offsite", Settings: models.Settings{"bucket": server.Bucket, "region": server.Region,
		"endpoint": proxy.URL, "access_key": server.AccessKey, "secret_key": server.SecretKey, "force_path_style": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	core := minio.Core{Client: server.Client(t)}
	id, err := core.NewMultipartUpload(t.Context(), server.Bucket, "job/file", minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for sweep := 1; sweep <= 2; sweep++ {
		if err := d.Sweep(t.Context(), "job/file"); err != nil {
			t.Fatal(err)
		}
		given := 0
		for _, request := range proxy.Requests() {
			if strings.HasPrefix(request, "DELETE ") && strings.Contains(request, id) {
				given++
			}
		}
		if given != sweep {
			t.Errorf("after sweep %d the upload was given up %d times", sweep, given)
		}
	}
}
