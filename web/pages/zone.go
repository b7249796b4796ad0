package pages

import (
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/web/cookies"
)

// viewerZone is the clock that whoever asks lives by: the browser's where it was told, and
// else that of the server.
func viewerZone(c *gin.Context) *time.Location {
	if zone := cookies.Zone(c.Request); zone != nil {
		return zone
	}
	return serverZone()
}

// serverZone is the zone of this machine by its IANA name, which a job can keep; UTC where
// the machine does not tell it.
var serverZone = sync.OnceValue(func() *time.Location {
	name := os.Getenv("TZ")
	if name == "" {
		if target, err := os.Readlink("/etc/localtime"); err == nil {
			_, name, _ = strings.Cut(target, "zoneinfo/")
		}
	}
	zone, err := time.LoadLocation(strings.TrimPrefix(name, ":"))
	if err != nil || slices.Contains([]string{"Local", "Etc/UTC", "Etc/UCT", "UCT", "Zulu"}, zone.String()) {
		return time.UTC
	}
	return zone
})
