package drives

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/drive/drivetest/googlestub"
)

func TestGoogleDriveWithstandsFaults(t *testing.T) {
	t.Parallel()
	stub := googlestub.New(t)
	l := newLab(t, place{
		provider: "google_drive",
		settings: models.Settings{"folder": "backups", "api_endpoint": stub.URL, "client_secret_file": stub.ClientSecretFile(t),
			"token_file": stub.TokenFile(t), drive.SettingVerify: drive.VerifyReadBack},
		names: func(testing.TB) []string { return stub.Files() },
		open:  func(_ testing.TB, key string) (io.ReadCloser, error) { return stub.Content("backups/" + key) },
	})
	n := l.withstands(t, googleFaults(stub))
	t.Logf("%d faults struck", n)
}

// googleFaults are what the service, and the network before it, do wrong with every
// operation that a copy needs.
func googleFaults(stub *googlestub.Stub) []fault {
	says := func(status int, reason string) googlestub.Fault {
		return googlestub.Fault{Status: status, Reason: reason, Message: reason}
	}
	kinds := map[string]googlestub.Fault{
		"503":                               says(http.StatusServiceUnavailable, "backendError"),
		"500":                               says(http.StatusInternalServerError, "internalError"),
		"429":                               says(http.StatusTooManyRequests, "rateLimitExceeded"),
		"rate limit":                        says(http.StatusForbidden, "userRateLimitExceeded"),
		"quota":                             says(http.StatusForbidden, "storageQuotaExceeded"),
		"expired token":                     {ExpireToken: true},
		"reset before":                      {Reset: true},
		"reset in the middle":               {Reset: true, After: 70_000},
		"answer lost":                       {Lost: true},
		"success with an error in the body": {ErrorBody: true},
		"stall":                             {Stall: true},
		"answer truncated":                  {Truncate: true, After: 1000},
		"stored another byte":               {Corrupt: true},
	}
	only := map[string][]googlestub.Op{
		"reset in the middle": {googlestub.OpChunk, googlestub.OpDownload},
		"answer truncated":    {googlestub.OpDownload},
		"stored another byte": {googlestub.OpStored},
	}
	every := []googlestub.Op{googlestub.OpIDs, googlestub.OpList, googlestub.OpBegin, googlestub.OpChunk, googlestub.OpUpdate, googlestub.OpDownload}
	var faults []fault
	for name, kind := range kinds {
		ops, some := only[name]
		if !some {
			ops = every
		}
		for _, op := range ops {
			for again, times := range map[string]int{"": 1, ", always": 1000} {
				if times > 1 && (kind.Stall || kind.ExpireToken || kind.Corrupt) {
					continue
				}
				faults = append(faults, googleFault(stub, fmt.Sprintf("%s/%s%s", op, name, again), op, times, kind))
			}
		}
	}
	return faults
}

func googleFault(stub *googlestub.Stub, name string, op googlestub.Op, times int, kind googlestub.Fault) fault {
	return fault{
		name: name, size: small, lasting: times > 1, stalls: kind.Stall,
		arm: func(*testing.T) func() int {
			stub.Inject(op, times, kind)
			return func() int { return times - stub.Pending() }
		},
		disarm: func(*testing.T) { stub.Clear() },
	}
}
