package drive_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

func TestRcloneTellsFaultsApart(t *testing.T) {
	passing := errors.New("passing")
	const stamp = "2026/01/02 03:04:05 "
	for name, c := range map[string]struct {
		status int
		told   string
		kind   error
		says   string
	}{
		"no folder":         {3, stamp + "Failed to lsjson: directory not found\n", models.ErrNotFound, "not there"},
		"no file":           {1, stamp + "Failed to deletefile: far:x is a directory or doesn't exist\n", models.ErrNotFound, "not there"},
		"no such remote":    {1, stamp + `Failed to create file system for "far:x": didn't find section in config file` + "\n", models.ErrInvalid, "config_file"},
		"refused":           {1, stamp + `Failed to rcat: Put "http://h/x": dial tcp 10.0.0.1:80: connect: connection refused` + "\n", passing, `"connection refused" of far:x`},
		"a name":            {1, stamp + `Failed to rcat: Put "http://h/x?token=hunter3": dial tcp: lookup h on 10.0.0.1:53: no such host` + "\n", passing, `"no such host h"`},
		"JSON":              {1, stamp + `Failed to rcat: error 418: teapot {"error":"hunter3"}` + "\n", models.ErrConflict, `"error 418: teapot"`},
		"a query":           {1, stamp + `Failed to rcat: no luck with https://h/x?sig=hunter3 today` + "\n", models.ErrConflict, `https://h/x today`},
		"too old":           {1, "Error: unknown flag: --stat\nUsage:\n  rclone lsjson\n" + stamp + "Fatal error: unknown flag: --stat\n", models.ErrInvalid, "update it"},
		"busy":              {1, stamp + "Failed to rcat: 503 Service Unavailable\n", passing, "503"},
		"too many requests": {1, stamp + "Failed to copy: googleapi: Error 403: User Rate Limit Exceeded, rateLimitExceeded\n", passing, "Rate Limit"},
		"passing by status": {5, stamp + "Failed to rcat with 2 errors: last error was: something\n", passing, `"something"`},
		"killed":            {-1, "", passing, "signal"},
		"a full disk":       {1, stamp + "ERROR : x: Post request rcat error: write /x: no space left on device\n" + stamp + "Failed to rcat: write /x: no space left on device\n", models.ErrNoSpace, "free space"},
		"a full account":    {1, stamp + "Failed to rcat: googleapi: Error 403: The user's Drive storage quota has been exceeded., storageQuotaExceeded\n", models.ErrNoSpace, "full"},
		"not let in":        {1, stamp + "Failed to rcat: read metadata failed: 401 Unauthorized\n", models.ErrUnauthorized, "sign in again"},
		"a dead token":      {1, stamp + `Failed to rcat: couldn't fetch token - maybe it has expired? - oauth2: cannot fetch token: 400 Bad Request "error": "invalid_grant"` + "\n", models.ErrUnauthorized, "sign in again"},
		"several lines":     {1, stamp + "Failed to rcat: first\ncaused by: second\n", models.ErrConflict, `"first"`},
		"no word":           {7, "", models.ErrConflict, "status 7"},
		"a secret":          {1, stamp + "Failed to rcat: hunter2 at http://me:secret@h/x is wrong\n", models.ErrConflict, "… at http://h/x is wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			p := drive.Place{Label: "cloud", Settings: models.Settings{"remote": "far:x", "config_password": "hunter2"}}
			err := drive.RcloneFault(p, c.status, c.told)
			if !strings.Contains(err.Error(), "cloud") || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), stamp) ||
				strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "tcp") {
				t.Errorf("%q does not say %q", err, c.says)
			}
			if drive.Passing(err) != errors.Is(c.kind, passing) {
				t.Errorf("%q: passing is %v", err, drive.Passing(err))
			}
			var fault *models.Fault
			if !errors.As(err, &fault) || !errors.Is(c.kind, passing) && !errors.Is(err, c.kind) {
				t.Errorf("%q is not of kind %v", err, c.kind)
			}
		})
	}
}
