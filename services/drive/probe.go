package drive

import (
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	probeName = ".backupman-probe"
	// probeAge is how old a probe must be before it is taken for one that a check
	// left behind when its process died.
	probeAge = time.Hour
)

// newProbe returns the name of a file that a check writes, reads back and deletes,
// at the root of a place. It tells whose it is: .backupman-probe-INSTALLATION-ID.
func newProbe(installation string) string {
	return probePrefix(installation) + models.NewID()
}

// probePrefix begins the names of an installation's probes.
func probePrefix(installation string) string {
	if installation == "" {
		return probeName + "-"
	}
	return probeName + "-" + installation + "-"
}

// isStaleProbe reports whether a file at the root of a place is a probe of this
// installation whose check has died. Without an installation none is.
func isStaleProbe(name, installation string, modified time.Time) bool {
	id, own := strings.CutPrefix(name, probePrefix(installation))
	return own && installation != "" && models.CheckID(id) == nil && time.Since(modified) > probeAge
}
