package drives

import (
	"testing"

	"github.com/backupman/backupman/models"
)

func TestWhereIsShortAndHoldsNoSecret(t *testing.T) {
	for want, d := range map[string]models.Drive{
		"/mnt/nas":                        {Provider: "local", Settings: models.Settings{"folder": "/mnt/nas"}},
		"bucket b":                        {Provider: "s3", Settings: models.Settings{"bucket": "b"}},
		"bucket b/x/y in eu-west-1":       {Provider: "s3", Settings: models.Settings{"bucket": "b", "prefix": "/x/y/", "region": "eu-west-1"}},
		"bucket b at https://s3.example":  {Provider: "s3", Settings: models.Settings{"bucket": "b", "endpoint": "https://s3.example", "region": "x"}},
		"backups in My Drive":             {Provider: "google_drive", Settings: models.Settings{"folder": "backups"}},
		"backups in shared drive 0A1":     {Provider: "google_drive", Settings: models.Settings{"folder": "backups", "shared_drive": "0A1"}},
		"me@host:/srv":                    {Provider: "sftp", Settings: models.Settings{"host": "host", "port": "22", "user": "me", "folder": "/srv"}},
		"me@host:2222:in":                 {Provider: "sftp", Settings: models.Settings{"host": "host", "port": "2222", "user": "me", "folder": "in"}},
		"https://dav.example/files/dumps": {Provider: "webdav", Settings: models.Settings{"url": "https://me:secret@dav.example/files/", "folder": "dumps"}},
		"box:dumps/db":                    {Provider: "rclone", Settings: models.Settings{"remote": "box:dumps", "folder": "db"}},
		"box:db":                          {Provider: "rclone", Settings: models.Settings{"remote": "box:", "folder": "db"}},
		"":                                {Provider: "unheard", Settings: models.Settings{"token": "secret"}},
	} {
		if got := Where(d); got != want {
			t.Errorf("%s: %q, want %q", d.Provider, got, want)
		}
	}
}
