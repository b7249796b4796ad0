package drive_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

func TestLookupNamesWhatThereIs(t *testing.T) {
	_, err := drive.Lookup("dropbox")
	if !errors.Is(err, models.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	for _, k := range drive.Kinds() {
		if found, err := drive.Lookup(k.Provider); err != nil || found.Name != k.Name {
			t.Errorf("%s is %s, %v", k.Provider, found.Name, err)
		}
	}
	for _, provider := range []string{"dropbox", "local", "s3", "google_drive", "sftp", "webdav", "rclone"} {
		if !strings.Contains(err.Error(), provider) {
			t.Errorf("%q does not name %s", err, provider)
		}
	}
}
